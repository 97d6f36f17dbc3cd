# SPDX-License-Identifier: Apache-2.0
"""`waymark train ...`: each command learns one thing from a user's own data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def train() -> None:
    """Learn from your own images."""


@app.command()
def mix(
    pairs: Annotated[
        Path, typer.Argument(help='CSV or JSON: image_a, image_b (relative to it), same (1 or 0); or score_a, score_b.')
    ],
    first: Annotated[str, typer.Option(help='cosine, vit_score, aligned_cosine, or ENCODER:SCORE.')] = 'cosine',
    second: Annotated[str, typer.Option(help='What it is mixed with.')] = 'vit_score',
    encoder: Annotated[
        str | None,
        typer.Option(help="For scores that name none: 'hog', a manifest or a model folder; default: as configured."),
    ] = None,
    out: Annotated[Path, typer.Option(help='Where the gate goes (JSON).')] = Path('mix.json'),
    held_out: Annotated[float, typer.Option(help='Share of the pairs kept to judge by.')] = 0.3,
    seed: Annotated[int, typer.Option(min=0, help='Decides which pairs are kept.')] = 0,
) -> None:
    """Learn how to mix two similarity scores from pairs you have labelled."""
    from rich.console import Console
    from rich.progress import track

    from waymark.training.mix import train_mix
    from waymark.training.pairs import ScoreName

    chosen = {} if encoder is None else {'encoder': encoder}
    names = ScoreName.parse(first, **chosen), ScoreName.parse(second, **chosen)
    shown = Console(stderr=True)
    gate, report = train_mix(
        pairs,
        names,
        held_out,
        seed,
        lambda files: track(files, 'encoding', console=shown, disable=not shown.is_terminal),
    )
    gate.save(out)
    typer.echo(f'{report.fitted} pairs fitted, {report.held_out} held out; AUC on those:')
    rows = [*zip(map(str, names), (report.auc_a, report.auc_b), strict=True), ('before: even mix', report.auc_even)]
    for name, value in [*rows, ('after: learned mix', report.auc_gate)]:
        typer.echo(f'  {name:<32} {value:.4f}')
    if not report.helps:
        typer.echo('The learned mix is no better than the best of the others: use that one.')
    typer.echo(out)


_Objective = Annotated[str, typer.Option(help='infonce, moco, simsiam, byol, dino or distill; several joined by +.')]
_From = Annotated[str, typer.Option('--from', help='Embedded encoder by name, or model folder of one of its kind.')]
_NAMES = 'batch, learning_rate, neighbours, strength, most, held_out, radius_m, threads'
_Set = Annotated[list[str] | None, typer.Option('--set', help=f'NAME=VALUE, repeatable: {_NAMES}.')]


@app.command()
def encoder(
    images: Annotated[str, typer.Option(help='Recording without labels: folder, video, rosbag2 or sim:...')],
    out: Annotated[Path, typer.Option(help='Model folder to write; not there yet, or empty.')],
    objective: _Objective = 'infonce',
    teacher: Annotated[str, typer.Option(help='Model folder of a bigger encoder, for distill.')] = '',
    from_: _From = 'waymark-place-1',
    epochs: Annotated[int, typer.Option(help='Times that all images are seen.')] = 40,
    minutes: Annotated[float, typer.Option(help='Stop after this time, to be resumed; 0: never.')] = 0.0,
    truth: Annotated[str, typer.Option(help='CSV with frame,x,y in m, to judge by positions.')] = '',
    seed: Annotated[int, typer.Option(help='The same seed on the same machine gives the same weights.')] = 0,
    resume: Annotated[bool, typer.Option(help='Go on from the checkpoint beside the folder.')] = False,
    set_: _Set = None,
) -> None:
    """Adapt the embedded encoder to a recording of yours, without labels; prints recall before and after."""
    from waymark.environments import run_in
    from waymark.exporting.folder import require_free
    from waymark.training.request import TrainRequest

    require_free(out)
    named = {'images': images, 'objective': objective, 'teacher': teacher, 'start': from_, 'epochs': epochs}
    named |= {'minutes': minutes, 'truth': truth, 'seed': seed, 'resume': resume, 'out': str(out)}
    request = TrainRequest.from_words(named, set_ or [])
    sys.exit(run_in('models', 'waymark.training', [request.to_json()]))


_DETECTOR_NAMES = 'scenes, batch, input_px, own_scale, crop_px, learning_rate, strength, held_out, mixed, threads'
_DetectorSet = Annotated[list[str] | None, typer.Option('--set', help=f'NAME=VALUE, repeatable: {_DETECTOR_NAMES}.')]


@app.command()
def detector(
    out: Annotated[Path, typer.Option(help='Model folder to write; not there yet, or empty.')],
    images: Annotated[str, typer.Option(help='Folder of your own pictures.')] = '',
    labels: Annotated[str, typer.Option(help='Folder of YOLO-OBB labels: class x1 y1 .. x4 y4, and classes.txt.')] = '',
    synthetic: Annotated[bool, typer.Option('--synthetic', help='Learn from scenes painted here.')] = False,
    from_: Annotated[
        str, typer.Option('--from', help="Waymark detector to begin from, by name or folder; '': from nothing.")
    ] = '',
    steps: Annotated[int, typer.Option(help='Steps of the whole training.')] = 5000,
    minutes: Annotated[float, typer.Option(help='Stop after this time, to be resumed; 0: never.')] = 0.0,
    box_loss: Annotated[str, typer.Option(help='probiou or gwd.')] = 'probiou',
    seed: Annotated[int, typer.Option(help='The same seed on the same machine gives the same weights.')] = 0,
    resume: Annotated[bool, typer.Option(help='Go on from the checkpoint beside the folder.')] = False,
    set_: _DetectorSet = None,
) -> None:
    """Teach a detector of oriented boxes: your own labels, or generated scenes; prints precision, draws losses."""
    from waymark.environments import run_in
    from waymark.errors import ConfigError
    from waymark.exporting.folder import require_free
    from waymark.training.detector.request import DetectorRequest

    if synthetic == bool(images):
        raise ConfigError('give either --images and --labels, or --synthetic.')
    require_free(out)
    named = {'images': images, 'labels': labels, 'out': str(out), 'start': from_, 'steps': steps, 'minutes': minutes}
    request = DetectorRequest.from_words(named | {'box_loss': box_loss, 'seed': seed, 'resume': resume}, set_ or [])
    sys.exit(run_in('models', 'waymark.training.detector', [request.to_json()]))
