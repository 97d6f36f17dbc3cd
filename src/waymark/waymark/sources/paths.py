# SPDX-License-Identifier: Apache-2.0
"""Paths as people type and number them."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from waymark.errors import SourceError


def existing_path(text: str) -> Path:
    """Turn a typed path into one that exists and, for files, may be read.

    Raises:
        SourceError: It does not exist (a close name is suggested), is empty or not readable.
    """
    path = Path(text).expanduser()
    try:
        if not path.exists():
            raise SourceError(f'{path}: no such file or folder.{_similar(path)}')
        if path.is_file():
            with path.open('rb') as file:
                is_empty = not file.read(1)
            if is_empty:
                raise SourceError(f'{path}: the file has 0 bytes. Copy or record it again.')
    except PermissionError:
        raise SourceError(f'{path}: no permission to read it. Allow it with chmod +r.') from None
    except (OSError, ValueError) as error:  # a name too long, a null byte
        raise SourceError(f'{text!r}: not a usable path: {error}.') from None
    return path


def _similar(path: Path) -> str:
    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    return f' Did you mean {path.parent / close[0]}?' if close else ' Check the path.'


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that puts img2 before img10."""
    parts = re.split(r'(\d+)', path.name.lower())
    return [(0, int(p), p) if p.isdecimal() else (1, 0, p) for p in parts]
