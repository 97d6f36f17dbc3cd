# SPDX-License-Identifier: Apache-2.0
"""`waymark safety ...`: what stands between commands and the vehicle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def safety() -> None:
    """What stands between commands and the vehicle."""


@app.command()
def check(
    config: Annotated[Path, typer.Argument(help='Pipeline YAML with a safety_filter.')],
    json: Annotated[bool, typer.Option('--json', help='Print the numbers as JSON.')] = False,
) -> None:
    """Print what the limits mean: time and distance of a stop at every rate, ways driven blind, what a fence leaves.

    Limits that contradict each other are refused with a sentence and exit code 1.
    """
    from waymark.pipeline.safety import show_check

    show_check(config, as_json=json)
