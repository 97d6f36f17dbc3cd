# SPDX-License-Identifier: Apache-2.0
"""`waymark export ...`: each command writes one kind of model for a backend."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def export() -> None:
    """Write a model for a backend, with what proves that it still computes the same."""
