# SPDX-License-Identifier: Apache-2.0
"""How far a training is, on a terminal's last line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def training_bar() -> Iterator[Callable[[str, float], None]]:
    """Give what is told a stage and how far the whole is, 0 to 1."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    times = TimeElapsedColumn(), TimeRemainingColumn()
    columns = (TextColumn('{task.description}'), BarColumn(), TextColumn('{task.percentage:.0f} %'), *times)
    terminal = Console(stderr=True)
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task('starting', total=1.0)
        yield lambda stage, part: bar.update(task, description=stage, completed=part)
