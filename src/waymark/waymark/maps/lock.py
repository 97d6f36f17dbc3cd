# SPDX-License-Identifier: Apache-2.0
"""Only one process writes a map. The lock ends with its process, whatever ends that."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from waymark.errors import MapError

_ATTEMPTS = 3


class WriterLock:
    """Held from construction to `release`; `MAP.lock` beside the map names who holds it."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Args:
            path: The map.

        Raises:
            MapError: Another writer has it (named), or the folder can't be written to.
        """
        self._path = _lock_of(path)
        self._file: int | None = None
        while self._file is None:
            self._file = self._try(path)

    def release(self) -> None:
        """Let others write; safe to call twice."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._file = None

    def _try(self, path: Path) -> int | None:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise MapError(
                f'map {str(path)!r} can not be written: its folder refuses {self._path.name!r} ({error.strerror}). '
                'Allow writing there, or give another path.'
            ) from None
        if not _taken(file):
            holder = os.read(file, 400).decode(errors='replace').strip() or 'another process'
            os.close(file)
            raise MapError(
                f'map {str(path)!r} is being written by {holder}. Stop that writer, or give another path.'
            ) from None
        if not self._is_current(file):  # its last holder removed it between open and lock
            os.close(file)
            return None
        with contextlib.suppress(OSError):  # on a full disk the lock holds without its holder's name
            os.ftruncate(file, 0)
            os.write(file, f'process {os.getpid()} ({_program()})\n'.encode())
        return file

    def _is_current(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except OSError:
            return False


def holder_of(path: Path) -> str | None:
    """Who writes a map at the moment, None if nobody."""
    import fcntl

    try:
        with _lock_of(path).open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _lock_of(path).read_text(errors='replace').strip() or 'another process'
    except OSError:
        return None
    return None


def _lock_of(path: Path) -> Path:
    """The same for all names that a file has by symbolic links."""
    real = path.resolve()
    return real.with_name(real.name + '.lock')


def _taken(file: int) -> bool:
    import fcntl

    for _ in range(_ATTEMPTS):
        try:
            # Not a POSIX lock: those would be lost with any other handle of this process on the file.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.02)  # holder_of looks at a lock by taking it for a moment
    return False


def _program() -> str:
    path = Path(sys.argv[0] or 'python')
    name = path.parent.name if path.name == '__main__.py' else path.name
    return ' '.join([name, *sys.argv[1:]])[:200]
