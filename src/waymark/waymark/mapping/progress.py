# SPDX-License-Identifier: Apache-2.0
"""A progress bar on stderr, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from waymark.mapping.reencoding import Progress as Tell


@contextmanager
def shown(label: str) -> Iterator[Tell]:
    """Give a function that is told how many of how many are done (0: unknown)."""
    console = Console(stderr=True)
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


@contextmanager
def counted(label: str, things: str) -> Iterator[Callable[[int, int | None, int], None]]:
    """Give a function that is told how many frames of how many (None: unknown) are done, and how many things came."""
    console = Console(stderr=True)
    counts = (MofNCompleteColumn(), TextColumn('frames'), TextColumn('{task.fields[found]} ' + things))
    columns = (TextColumn('{task.description}'), BarColumn(), *counts, TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(label, total=None, found=0)
        yield lambda done, total, found: bar.update(task, completed=done, total=total, found=found)
