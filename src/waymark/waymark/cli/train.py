# SPDX-License-Identifier: Apache-2.0
"""`waymark train ...`: each command learns one thing from a user's own data."""

from __future__ import annotations

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
    encoder: Annotated[str, typer.Option(help='For scores that name none: hog, a manifest or a model folder.')] = 'hog',
    out: Annotated[Path, typer.Option(help='Where the gate goes (JSON).')] = Path('mix.json'),
    held_out: Annotated[float, typer.Option(help='Share of the pairs kept to judge by.')] = 0.3,
    seed: Annotated[int, typer.Option(min=0, help='Decides which pairs are kept.')] = 0,
) -> None:
    """Learn how to mix two similarity scores from pairs you have labelled."""
    from rich.console import Console
    from rich.progress import track

    from waymark.training.mix import train_mix
    from waymark.training.pairs import ScoreName

    names = ScoreName.parse(first, encoder), ScoreName.parse(second, encoder)
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
