# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval` shows: progress, a table, and the figures as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from waymark.errors import ConfigError
from waymark.evaluation.places import evaluate_places
from waymark.evaluation.places_run import PlacesRequest

Tell = Callable[[str, int, int], None]  # stage, done, of


def show_places(request: PlacesRequest, out: Path) -> None:
    """Judge place recognition, print a table, write the figures.

    Raises:
        SourceError: A folder is missing or without images, or an image can't be read.
        ConfigError: The truth file or the folders do not fit, or `out` can't be written.
        ModelError: The encoder is not what it should be.
        BackendUnavailable: The encoder's library or device is missing.
    """
    require_writable(out)
    with progress_bar() as tell:
        figures = evaluate_places(request, tell)
    write_figures(out, figures)
    show_figures(f'{request.queries} in {request.database}', figures)


@contextmanager
def progress_bar() -> Iterator[Tell]:
    """A bar per stage on stderr, on a terminal only."""
    console = Console(stderr=True)
    columns = TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=of)
            bar.update(tasks[stage], completed=done)

        yield tell


def require_writable(out: Path, option: str = '--json') -> None:
    """Refuse a file that can't be written before minutes of work, not after.

    Raises:
        ConfigError: Its folder is missing, or it is a folder.
    """
    if out.is_dir() or not out.resolve().parent.is_dir():
        raise ConfigError(f'{option} {out}: not a file that can be written. Give a file name in a folder that exists.')


def write_figures(out: Path, figures: Mapping[str, float]) -> None:
    """Write {name: value} as JSON; what is not a number as null, as JSON knows no NaN.

    Raises:
        ConfigError: The file can't be written.
    """
    try:
        values = {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in figures.items()}
        out.write_text(json.dumps(values, indent=2) + '\n', encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'--json {out}: can not be written ({error.strerror}). Give another file.') from None


def show_figures(title: str, figures: Mapping[str, float]) -> None:
    """Print a table of two columns."""
    table = Table('figure', 'value', title=title)
    for name, value in figures.items():
        table.add_row(name, str(value) if isinstance(value, int) else f'{value:.4f}')
    Console().print(table)
