# SPDX-License-Identifier: Apache-2.0
"""A model folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from waymark.errors import ConfigError


def require_free(folder: Path) -> None:
    """Refuse a folder that holds something already.

    Raises:
        ConfigError: It is a file, or a folder that is not empty.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise ConfigError(f'out: {str(folder)!r} is there already. Name another folder, or remove it.')


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write into that takes its name only when the block ends well; else nothing stays.

    Raises:
        ConfigError: The name is taken, or nothing can be written there.
    """
    require_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f'.{folder.name}.', dir=folder.parent))
    except OSError as error:
        raise ConfigError(f'out: {str(folder)!r} can not be written: {error.strerror}. Name another folder.') from error
    try:
        yield scratch
        scratch.chmod(0o755)
        if folder.is_dir():
            folder.rmdir()
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
