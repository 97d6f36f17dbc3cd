# SPDX-License-Identifier: Apache-2.0
"""`waymark policy record` and `waymark policy replay`: what policies learn from, and how they answer to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from waymark.datasets.plan import RecordingPlan
    from waymark.datasets.recording import Recorded


def record(
    plan: Annotated[Path, typer.Argument(help='YAML: which topics become which features (docs/policy_data.md).')],
    out: Annotated[Path, typer.Argument(help='Folder of the dataset; must not exist yet.')],
    bag: Annotated[
        list[Path] | None, typer.Option(help='rosbag2 folder or file, repeatable: at least one episode each.')
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help='Of live topics; 0: until Ctrl-C.')] = 0.0,
    images: Annotated[
        Literal['video', 'png'], typer.Option(help='Videos are small; png keeps every pixel as it was.')
    ] = 'video',
) -> None:
    """Write a LeRobotDataset (v3.0) from live topics, or from bags, for lerobot's own training."""
    from waymark.datasets.plan import read_plan
    from waymark.datasets.recording import messages_in, record_bags
    from waymark.datasets.writing import DatasetWriter
    from waymark.labelling.progress import Bar

    wanted = read_plan(plan)
    dtype = 'video' if images == 'video' else 'image'
    if not bag:
        _record_live(plan, out, dtype, seconds)
    total = messages_in(bag or (), wanted)
    features = wanted.features(dtype)
    with DatasetWriter(out, wanted.fps, features, wanted.robot_type) as writer, Bar('recording', total) as shown:
        done = record_bags(bag or (), wanted, writer, shown.advance)
    show_recorded(out, done, wanted)


def _record_live(plan: Path, out: Path, dtype: str, seconds: float) -> None:
    """In a process of its own, which imports ROS; its exit code is ours."""
    import subprocess
    import sys

    from waymark.environment import require_one_ros

    require_one_ros()
    command = [sys.executable, '-m', 'waymark_ros.dataset_recorder', str(plan), str(out), dtype, str(seconds)]
    child = subprocess.Popen(command)
    while True:
        try:
            sys.exit(child.wait())
        except KeyboardInterrupt:  # the terminal told the child too: it finishes its episode
            continue


def show_recorded(out: Path, done: Recorded, plan: RecordingPlan) -> None:
    """Print what became of a recording."""
    typer.echo(f'{out}: {done.frames} steps in {done.episodes} episodes at {plan.fps} Hz')
    if done.gaps:
        typer.echo(f'{done.gaps} gaps, where an observation was older than {plan.max_age_s:g} s', err=True)
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
    show_figures(f'{policy} over {dataset}', {k: v for k, v in figures.items() if isinstance(v, int | float)})
    for file in files:
        typer.echo(file)
