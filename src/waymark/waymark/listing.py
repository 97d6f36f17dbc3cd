# SPDX-License-Identifier: Apache-2.0
"""Lists that commands hand out: CSV, JSON, times for people, and files with a sentence where they can't be written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from waymark.errors import ConfigError


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A line of names, then the rows; None is empty."""
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows([columns, *rows])
    return text.getvalue()


def json_text(content: object) -> str:
    """JSON for programs and eyes; letters stay what they are."""
    return json.dumps(content, indent=2, ensure_ascii=False) + '\n'


def clock(seconds: float) -> str:
    """Minutes and seconds, hours where there are any: 0:07.40, 1:02:03.00."""
    minutes, rest = divmod(round(seconds * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    second = f'{rest // 100:02d}.{rest % 100:02d}'
    return f'{hours}:{minutes:02d}:{second}' if hours else f'{minutes}:{second}'


def write_file(path: Path, content: str | bytes) -> Path:
    """Write a file, folders as well, text as UTF-8; returns its path.

    Raises:
        ConfigError: It can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode('utf-8') if isinstance(content, str) else content)
    except OSError as error:
        raise ConfigError(f'{str(path)!r} can not be written: {error.strerror or error}. Give another path.') from error
    return path
