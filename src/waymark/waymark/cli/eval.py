# SPDX-License-Identifier: Apache-2.0
"""`waymark eval`: accuracy on recordings and truth of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help='Measure accuracy on your own recordings.')


@app.command()
def shots(
    video: Annotated[str, typer.Option(help='Video, folder of images or rosbag2.')],
    truth: Annotated[
        Path,
        typer.Option(help='JSON: {"cuts": [first frame of each new shot, ...]}, and "gradual": [[first, end], ...].'),
    ],
    json: Annotated[Path | None, typer.Option(help='Write the numbers.')] = None,
) -> None:
    """Count boundaries found and made up: precision, recall and f1 at tolerance 0 and 1, ms per frame."""
    from waymark.evaluation.shots_report import show_evaluation

    show_evaluation(video, truth, json)
