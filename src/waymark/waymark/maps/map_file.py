# SPDX-License-Identifier: Apache-2.0
"""A place map as one file: opened, read, and added to while the robot drives."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from waymark.errors import MapError
from waymark.maps import packing, rows
from waymark.maps.contents import Contents
from waymark.maps.database import connect, damaged, disconnect, translated
from waymark.maps.keyframe import Keyframe
from waymark.maps.loading import read_map, stored_keyframe
from waymark.maps.lock import WriterLock
from waymark.maps.place_map import MapInfo, PlaceMap
from waymark.maps.route import Link, Route
from waymark.maps.saving import create_file, put_map
from waymark.maps.store import FileStore
from waymark.maps.stored import DIGESTS, StoredKeyframe
from waymark.maps.writer import BackgroundWriter


def open_map(path: Path, fingerprint: str | None = None, writing: bool = False) -> MapFile:
    """Open a map file.

    Args:
        path: The file.
        fingerprint: Of the encoder at hand; None where no vectors will be compared.
        writing: Whether it will be added to; one process at a time can.

    Raises:
        MapError: The file is missing, no map, damaged or of a later version; another encoder made it; another
            process writes it.
    """
    return MapFile(path, fingerprint, writing)


def create_map(path: Path, info: MapInfo) -> MapFile:
    """Make an empty map file and open it for writing.

    Raises:
        MapError: Something is there already, or the file can't be made.
    """
    lock = WriterLock(path)
    try:
        create_file(path, PlaceMap(info))
    finally:
        lock.release()
    return MapFile(path, info.fingerprint, writing=True)


class MapFile:
    """An open map file; a context manager.

    What is appended is on the disk within a second. Close it after the maps that were loaded from it: their features
    and thumbnails stay in the file.

    Attributes:
        path: The file.
        info: What holds for the whole map.
    """

    def __init__(self, path: Path, fingerprint: str | None = None, writing: bool = False) -> None:
        """Open (see open_map)."""
        self.path = path
        self._open: list[Callable[[], None]] = []  # what `close` undoes, last first
        self._writer: BackgroundWriter | None = None
        try:
            changing = self._open_for_writing() if writing else None  # first: it may bring the file up to date
            self._connection = connect(path)
            self._open.append(self._connection.close)
            self._store = FileStore(path, self._connection)
            facts, self._dim = self._facts()
            self.info = rows.info_of(facts)
            if fingerprint is not None:
                self.info.require_encoder(fingerprint, f'map {str(path)!r}')
            self._contents = Contents(facts)
            self._next_id = self._contents.next_id
            if changing is not None:
                self._writer = BackgroundWriter(path, changing, self._contents.write)
                self._open.append(self._writer.close)
            self._open.append(self._store.close)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> MapFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    @property
    def error(self) -> MapError | None:
        """Why what was given last is not on the disk; it waits in memory and is tried again. None: all is well."""
        return None if self._writer is None else self._writer.error

    def load(self) -> PlaceMap:
        """Read the map.

        Raises:
            MapError: It is damaged (the error names each piece), or what waits can't be written.
        """
        self.flush()
        return read_map(self._connection, self.path, self._store)

    def append(self, keyframe: Keyframe) -> Keyframe:
        """Add a keyframe; returns at once.

        Args:
            keyframe: Its id must not have been used before.

        Returns:
            The same keyframe with features and thumbnail in the file instead of in memory: keep this one.

        Raises:
            ValueError: The id was used before, or its vector has another length than the map's.
            MapError: The map is open for reading only.
        """
        if self._dim not in (None, len(keyframe.vector)):
            raise ValueError(f'vector: expected shape ({self._dim},), got {keyframe.vector.shape}')
        if keyframe.keyframe_id < self._next_id:
            raise ValueError(f'keyframe_id: expected at least {self._next_id}, got {keyframe.keyframe_id}')
        stored = self.replace(keyframe)
        self._next_id, self._dim = keyframe.keyframe_id + 1, len(keyframe.vector)
        return stored

    def replace(self, keyframe: Keyframe) -> Keyframe:
        """Write a keyframe in place of the one with its id (see append).

        Raises:
            MapError: The map is open for reading only.
        """
        writer, store = self._writing(), self._store
        row, blobs = rows.keyframe_row(keyframe)
        if isinstance(keyframe, StoredKeyframe):
            blobs = keyframe.blobs()
        stored = stored_keyframe(row, store, keyframe.vector)
        digests = {row[DIGESTS[table]]: data for table, data in blobs.items()}
        store.hold(keyframe.keyframe_id, digests)

        def write(connection: sqlite3.Connection) -> None:
            rows.put_row(connection, row, blobs)
            self._contents.add(keyframe.keyframe_id)

        writer.put(write, lambda: store.let_go(keyframe.keyframe_id, digests))
        return stored

    def summarise(self, keyframe: StoredKeyframe, summary: bytes) -> StoredKeyframe:
        """Add a summary to a keyframe of this file; returns at once.

        Returns:
            The same keyframe with its summary.

        Raises:
            MapError: The map is open for reading only.
        """
        writer, checksum = self._writing(), packing.digest(summary)
        stored = keyframe.changed(summary_digest=checksum)
        row, _ = rows.keyframe_row(stored)
        self._store.hold(keyframe.keyframe_id, {checksum: summary})

        def write(connection: sqlite3.Connection) -> None:
            rows.put_columns(connection, row)
            rows.put_blob(connection, 'summaries', keyframe.keyframe_id, summary)

        writer.put(write, lambda: self._store.let_go(keyframe.keyframe_id, [checksum]))
        return stored

    def remove(self, keyframe_id: int) -> None:
        """Take a keyframe and its links out of the file; PlaceMap.remove says whether it may go.

        Raises:
            MapError: The map is open for reading only.
        """

        def write(connection: sqlite3.Connection) -> None:
            rows.delete_keyframe(connection, keyframe_id)
            self._contents.remove(keyframe_id)

        self._writing().put(write)

    def link(self, link: Link) -> None:
        """Note that two keyframes of the file show one place.

        Raises:
            MapError: The map is open for reading only.
        """
        self._writing().put(lambda connection: rows.put_link(connection, link))

    def add_route(self, route: Route) -> None:
        """Keep a route, in place of one with its id.

        Raises:
            MapError: The map is open for reading only.
        """
        self._writing().put(lambda connection: rows.put_route(connection, route))

    def describe(self, info: MapInfo) -> None:
        """Say something else of the whole map (its camera, an encoder of text vectors).

        Raises:
            MapError: The map is open for reading only.
            ValueError: It is the description of another map.
        """
        if info.map_id != self.info.map_id:
            raise ValueError(f'map_id: expected {self.info.map_id}, got {info.map_id}')
        self._writing().put(lambda connection: rows.put_facts(connection, rows.info_facts(info)))
        self.info = info

    def save(self, place_map: PlaceMap) -> None:
        """Make the file hold exactly this map, and wait until it does; only what differs is written.

        Raises:
            MapError: It can't be written (the file is as it was), or the map is open for reading only.
        """

        def write(connection: sqlite3.Connection) -> None:
            put_map(connection, place_map)
            self._contents.become(place_map)

        self._writing().put(write)
        self.flush()
        self.info, self._dim = place_map.info, place_map.dim
        self._next_id = max(self._next_id, place_map.next_id)

    def flush(self) -> None:
        """Wait until everything given so far is on the disk.

        Raises:
            MapError: The disk refuses it; it waits in memory and is tried again.
        """
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Write what waits and close the file; safe to call twice.

        Raises:
            MapError: What waited could not be written.
        """
        with ExitStack() as closing:  # backwards: SQLite tidies up when the one who writes leaves last
            for undo in self._open:
                closing.callback(undo)
            self._open = []
            self.flush()

    def _open_for_writing(self) -> sqlite3.Connection:
        if self.path.is_file():
            lock = WriterLock(self.path)
            self._open.append(lock.release)
        connection = connect(self.path, writing=True)
        self._open.append(partial(disconnect, connection))
        return connection

    def _writing(self) -> BackgroundWriter:
        if self._writer is None:
            raise MapError(f'map {str(self.path)!r} is open for reading only. Open it with writing=True.')
        return self._writer

    def _facts(self) -> tuple[dict[str, Any], int | None]:
        """What the file says of itself, and the length of its vectors."""
        try:
            with translated(self.path):
                return rows.facts(self._connection), rows.vector_length(self._connection)
        except rows.Damage as damage:
            raise damaged(self.path, str(damage)) from None
