# SPDX-License-Identifier: Apache-2.0
"""Features and thumbnails of a map file, read when asked for; features asked for lately stay in memory."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path

from waymark.errors import MapError
from waymark.image.features import Features
from waymark.maps.database import damaged, translated
from waymark.maps.packing import digest, unpack_features

FEATURES_KEPT = 2000  # of about 20 kB each


class FileStore:
    """Reads blobs through a connection of its own, from any thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Read from an opened map."""
        self._path, self._connection = path, connection
        self._lock = threading.Lock()
        self._recent: OrderedDict[bytes, Features] = OrderedDict()
        self._pending: dict[tuple[int, bytes], bytes] = {}

    def features(self, keyframe_id: int, digest: bytes) -> Features:
        """Features of a keyframe (see BlobStore).

        Raises:
            MapError: They are damaged, or the map is closed.
        """
        with self._lock:
            if digest in self._recent:
                self._recent.move_to_end(digest)
                return self._recent[digest]
        try:
            found = unpack_features(self.blob('features', keyframe_id, digest))
        except ValueError as error:
            raise damaged(self._path, f'keyframe {keyframe_id}: {error}') from None
        self.remember(digest, found)
        return found

    def remember(self, digest: bytes, features: Features) -> None:
        """Keep features in memory for a while."""
        with self._lock:
            self._recent[digest] = features
            if len(self._recent) > FEATURES_KEPT:
                self._recent.popitem(last=False)

    def blob(self, table: str, keyframe_id: int, expected: bytes) -> bytes:
        """Bytes of a keyframe (see BlobStore).

        Raises:
            MapError: They are not what was written, or the map is closed.
        """
        with self._lock:
            if (keyframe_id, expected) in self._pending:
                return self._pending[keyframe_id, expected]
            data = self._read(table, keyframe_id)
        if data is None or digest(data) != expected:
            what = 'is missing' if data is None else 'does not match its checksum'
            raise damaged(self._path, f'the {table.removesuffix("s")} data of keyframe {keyframe_id} {what}')
        return data

    def hold(self, keyframe_id: int, blobs: Mapping[bytes, bytes]) -> None:
        """Keep bytes, by checksum, that are not in the file yet."""
        with self._lock:
            self._pending.update({(keyframe_id, checksum): data for checksum, data in blobs.items()})

    def let_go(self, keyframe_id: int, checksums: Iterable[bytes]) -> None:
        """Forget bytes that are in the file now."""
        with self._lock:
            for checksum in checksums:
                self._pending.pop((keyframe_id, checksum), None)

    def close(self) -> None:
        """Close the file; what was not read can't be read any more."""
        with self._lock:
            self._connection.close()

    def _read(self, table: str, keyframe_id: int) -> bytes | None:
        try:
            with translated(self._path):
                row = self._connection.execute(
                    f'SELECT data FROM {table} WHERE keyframe_id = ?', (keyframe_id,)
                ).fetchone()
        except MapError as error:
            if 'closed database' in str(error):
                raise MapError(
                    f'map {str(self._path)!r} was closed. Keep it open while its keyframes are used.'
                ) from None
            raise
        return row[0] if row is not None and isinstance(row[0], bytes) else None
