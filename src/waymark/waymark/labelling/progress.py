# SPDX-License-Identifier: Apache-2.0
"""A progress bar on stderr, where that is a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """One line that tells what is being done and how far it is; goes when it is done or interrupted."""

    def __init__(self, text: str, total: float | None) -> None:
        """Prepare.

        Args:
            text: What is being done.
            total: Steps; None where unknown.
        """
        console = Console(stderr=True)
        times = TimeElapsedColumn(), TimeRemainingColumn()
        columns = (TextColumn('{task.description}', markup=False), BarColumn(), TaskProgressColumn(), *times)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(text, total=total)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Tell what is being done now."""
        self._progress.update(self._task, description=text)

    def advance(self, steps: float = 1) -> None:
        """Count steps as done."""
        self._progress.advance(self._task, steps)

    def stage(self, text: str, done: float) -> None:
        """Tell a stage and how much of the total is done, as loaders report it."""
        self._progress.update(self._task, description=text, completed=done)
