# SPDX-License-Identifier: Apache-2.0
"""Writes changes to a map file in the background, so that who makes them never waits for a disk."""

from __future__ import annotations

import atexit
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from waymark.errors import MapError
from waymark.maps.database import disconnect, transaction

log = logging.getLogger(__name__)
Change = Callable[[sqlite3.Connection], None]
Written = Callable[[], None]

_GATHER_S = 0.5  # changes that come within this time are written together
_RETRY_S = 2.0  # after the disk refused


class BackgroundWriter:
    """One thread that turns changes into transactions; a change is on the disk at most a second later.

    Attributes:
        error: Why the last attempt failed, None when it did not. What failed waits in memory and is tried again.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, finish: Change) -> None:
        """Start the thread.

        Args:
            path: The map.
            connection: For writing, used by the thread alone from now on.
            finish: Called at the end of each transaction.
        """
        self._path, self._connection, self._finish = path, connection, finish
        self.error: MapError | None = None
        self._waiting: list[tuple[Change, Written]] = []
        self._changed = threading.Condition()
        self._is_closing = False
        self._begun = self._ended = self._wanted = 0  # attempts; up to `_wanted` they are made without delay
        self._thread = threading.Thread(target=self._run, name=f'map {path.name}', daemon=True)
        self._thread.start()
        atexit.register(self.close)  # a program that ends without closing loses nothing

    @property
    def waiting(self) -> int:
        """Changes that are not on the disk yet."""
        with self._changed:
            return len(self._waiting)

    def put(self, change: Change, written: Written = lambda: None) -> None:
        """Have a change made; `written` is called when it is on the disk. Returns at once."""
        with self._changed:
            self._waiting.append((change, written))
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything put so far is on the disk.

        Raises:
            MapError: The disk refuses it; it waits in memory.
        """
        with self._changed:
            attempt = self._begun + 1  # one that is being made now may lack the last changes
            self._wanted = attempt if self._waiting else self._wanted
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting or self._ended >= attempt or self._is_closing)
            if self._waiting and self.error is not None:
                raise self.error

    def close(self) -> None:
        """Write what waits, and end the thread; safe to call twice.

        Raises:
            MapError: The disk refuses it, and it is lost with this process.
        """
        atexit.unregister(self.close)
        if not self._thread.is_alive():
            return
        try:
            self.flush()
        finally:
            with self._changed:
                self._is_closing = True
                self._changed.notify_all()
            self._thread.join()
            disconnect(self._connection)

    def _run(self) -> None:
        while batch := self._gathered():
            error = self._write(batch)
            with self._changed:
                self._note(error)
                if error is None:
                    del self._waiting[: len(batch)]
                self._ended = self._begun
                self._changed.notify_all()

    def _gathered(self) -> list[tuple[Change, Written]]:
        """Wait for changes, then a little for more; none when the thread should end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closing)
            self._changed.wait_for(
                lambda: self._is_closing or self._begun < self._wanted,
                timeout=_GATHER_S if self.error is None else _RETRY_S,
            )
            self._begun += 1
            return [] if self._is_closing else list(self._waiting)

    def _write(self, batch: list[tuple[Change, Written]]) -> MapError | None:
        try:
            with transaction(self._connection, self._path):
                for change, _ in batch:
                    change(self._connection)
                self._finish(self._connection)
        except MapError as error:
            return error
        except Exception as error:  # the thread must not end: whoever waits for it would wait for ever
            log.exception('map %s', self._path)
            return MapError(f'map {str(self._path)!r} can not be written: {error!r}. Please report this.')
        for _, written in batch:
            written()
        return None

    def _note(self, error: MapError | None) -> None:
        if error is not None and self.error is None:
            log.error('%s What was added waits in memory and is tried again.', error)
        if error is None and self.error is not None:
            log.info('map %s: what waited is written now.', self._path)
        self.error = error
