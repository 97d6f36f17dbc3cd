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


def replay(
    dataset: Annotated[Path, typer.Argument(help='Folder of a lerobot dataset, v2.1 or v3.0.')],
    policy: Annotated[str, typer.Option(help='Folder that lerobot saved a policy to, or owner/name on its hub.')],
    episode: Annotated[
        list[int] | None, typer.Option(help='Which, repeatable; default: the first that is whole.')
    ] = None,
    every: Annotated[int, typer.Option(min=0, help='Ask every N steps; 0: when an answer is used up.')] = 0,
    out: Annotated[Path | None, typer.Option(help='Folder for plots and figures; default: out/replay-DATASET.')] = None,
    device: Annotated[str, typer.Option(help="torch's device.")] = 'cpu',
    vlm: Annotated[str, typer.Option(help='Folder or hub id of the tokenizer; default: as the policy says.')] = '',
    python: Annotated[str, typer.Option(help='Interpreter that has lerobot; default: that of make models.')] = '',
) -> None:
    """Run a policy over recorded episodes: plots of predicted against recorded actions, and errors."""
    from waymark.datasets.reading import Dataset
    from waymark.datasets.replay_run import ReplayRequest, replay_dataset
    from waymark.evaluation.show import show_figures
    from waymark.policy.serving import ServeConfig

    folder = out or Path('out') / f'replay-{dataset.resolve().name}'
    request = ReplayRequest(ServeConfig(policy=policy, device=device, vlm=vlm), tuple(episode or ()), every, python)
    figures, files = replay_dataset(Dataset(dataset), request, folder)
    show_figures(f'{policy} over {dataset}', {k: v for k, v in figures.items() if k != 'per_action'})
    for file in files:
        typer.echo(file)
