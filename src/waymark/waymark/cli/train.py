# SPDX-License-Identifier: Apache-2.0
"""`waymark train ...`: each command learns one thing from a user's own data."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def train() -> None:
    """Learn from your own images."""
