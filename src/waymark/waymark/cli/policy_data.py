# SPDX-License-Identifier: Apache-2.0
"""`waymark policy record` and `waymark policy replay`: what policies learn from, and how they answer to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def record(
    bags: Annotated[list[Path], typer.Argument(help='rosbag2 folders or files; at least one episode each.')],
    plan: Annotated[Path, typer.Option(help='YAML: which topics become which features (docs/policy_data.md).')],
    out: Annotated[Path, typer.Option(help='Folder of the dataset; must not exist yet.')],
    images: Annotated[
        Literal['video', 'png'], typer.Option(help='Videos are small; png keeps every pixel as it was.')
    ] = 'video',
) -> None:
    """Write a LeRobotDataset (v3.0) from bags, for lerobot's own training."""
    from waymark.datasets.plan import read_plan
    from waymark.datasets.recording import messages_in, record_bags
    from waymark.datasets.writing import DatasetWriter
    from waymark.labelling.progress import Bar

    wanted = read_plan(plan)
    total = messages_in(bags, wanted)
    features = wanted.features('video' if images == 'video' else 'image')
    with DatasetWriter(out, wanted.fps, features, wanted.robot_type) as writer, Bar('recording', total) as bar:
        done = record_bags(bags, wanted, writer, bar.advance)
    typer.echo(f'{out}: {done.frames} steps in {done.episodes} episodes at {wanted.fps} Hz')
    if done.gaps:
        typer.echo(f'{done.gaps} gaps, where an observation was older than {wanted.max_age_s:g} s', err=True)
    if done.too_short:
        typer.echo(f'{done.too_short} episodes of a single step left out', err=True)
    if done.skipped:
        typer.echo(f'{done.skipped} messages skipped, the first because {done.why}', err=True)
