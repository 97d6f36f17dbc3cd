# SPDX-License-Identifier: Apache-2.0
"""Saving a whole map: all of it or nothing, whenever the process ends or the disk fills up."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from waymark.errors import MapError
from waymark.maps import rows
from waymark.maps.database import connect, damaged, disconnect, transaction, translated, wal_of
from waymark.maps.lock import WriterLock
from waymark.maps.place_map import PlaceMap
from waymark.maps.schema import PAGE_BYTES, create_tables
from waymark.maps.stored import StoredKeyframe


def save_map(path: Path, place_map: PlaceMap, replace: bool = False) -> None:
    """Write a map to a file.

    A new file appears complete or not at all. A file that is there is changed by one transaction, which writes only
    what differs and leaves those who read it in peace: a file renamed over an open SQLite file would not.

    Args:
        path: The file.
        place_map: What it will hold.
        replace: Whether a file that holds another map may lose it.

    Raises:
        MapError: It can't be written (the file is as it was), or holds another map and `replace` is False.
    """
    lock = WriterLock(path)
    try:
        if path.exists():
            _update_file(path, place_map, replace)
        else:
            create_file(path, place_map)
    finally:
        lock.release()


def create_file(path: Path, place_map: PlaceMap) -> None:
    """Write a new map file; the caller holds the WriterLock.

    Raises:
        MapError: Something of that name is there, or it can't be written.
    """
    if path.exists():
        raise MapError(f'map {str(path)!r} can not be made: there is a file already. Give another path, or remove it.')
    if wal_of(path).exists():
        raise MapError(
            f'map {str(path)!r} can not be made: {wal_of(path).name!r} beside it belongs to a map that is gone. '
            'Bring that map back, or remove this file.'
        )
    temporary = path.with_name(f'.{path.name}.saving')
    temporary.unlink(missing_ok=True)  # of a process that was killed: the lock says that none is at it
    try:
        _write_new(temporary, path, place_map)
        os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        raise MapError(f'map {str(path)!r} can not be written: {error.strerror}. Give another path.') from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def compact(path: Path) -> None:
    """Give back to the disk what a map that became smaller no longer needs.

    Raises:
        MapError: Somebody else writes the map, or the disk has no room for a copy; the map is whole as it is.
    """
    lock = WriterLock(path)
    try:
        connection = connect(path, writing=True)
        try:
            with translated(path, 'written'):
                connection.execute('VACUUM')
        finally:
            disconnect(connection)
    finally:
        lock.release()


def put_map(connection: sqlite3.Connection, place_map: PlaceMap) -> None:
    """Make an opened file hold this map, inside the caller's transaction; only what differs is written."""
    connection.execute('DELETE FROM links')
    connection.execute('DELETE FROM routes')
    there = dict(connection.execute('SELECT keyframe_id, digest FROM keyframes').fetchall())
    for gone in there.keys() - place_map.keyframes.keys():
        rows.delete_keyframe(connection, gone)
    for keyframe in place_map.keyframes.values():
        row, blobs = rows.keyframe_row(keyframe)
        if there.get(keyframe.keyframe_id) != row['digest']:
            rows.put_row(connection, row, keyframe.blobs() if isinstance(keyframe, StoredKeyframe) else blobs)
    for link in place_map.links:
        rows.add_link(connection, link)
    for route in place_map.routes.values():
        rows.put_route(connection, route)
    rows.put_facts(connection, rows.info_facts(place_map.info) | rows.contents_of(place_map))


def _update_file(path: Path, place_map: PlaceMap, replace: bool) -> None:
    connection = connect(path, writing=True)
    try:
        if not replace:
            _require_same(path, connection, place_map)
        with transaction(connection, path):
            put_map(connection, place_map)
    finally:
        disconnect(connection)


def _require_same(path: Path, connection: sqlite3.Connection, place_map: PlaceMap) -> None:
    try:
        with translated(path, 'written'):
            there = rows.info_of(rows.facts(connection))
    except rows.Damage as damage:
        raise damaged(path, str(damage)) from None
    if there.map_id != place_map.info.map_id:
        raise MapError(
            f'{str(path)!r} holds another map (made by encoder {there.model_id!r}), which would be lost. '
            'Give another path, or remove that file.'
        )


def _write_new(temporary: Path, path: Path, place_map: PlaceMap) -> None:
    with translated(path, 'written'):
        connection = sqlite3.connect(temporary, isolation_level=None)
        try:
            # Nobody sees this file before it is complete, so a journal would only cost time.
            for pragma in ('journal_mode = OFF', 'synchronous = OFF', f'page_size = {PAGE_BYTES}'):
                connection.execute(f'PRAGMA {pragma}')
            with transaction(connection, path):
                create_tables(connection)
                put_map(connection, place_map)
        finally:
            connection.close()
    _sync(temporary)


def _sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
