# SPDX-License-Identifier: Apache-2.0
"""Opening the SQLite file of a map, and what its errors mean to a user."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from waymark.errors import MapError
from waymark.maps.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, migrate, version_of

log = logging.getLogger(__name__)
_BUSY_S = 5.0


def connect(path: Path, writing: bool = False) -> sqlite3.Connection:
    """Open an existing map, of this version afterwards.

    Args:
        path: The map.
        writing: Whether it will be changed; the caller holds the WriterLock. A reader leaves the file as it is: an
            older version is then brought up to date in a temporary copy.

    Raises:
        MapError: There is no such file, it is no map, cut off, damaged, or made by a later Waymark.
    """
    _require_map_file(path)
    with translated(path, 'written' if writing else 'read'):
        connection = _open(path, writing)
        try:
            _require_version(path, connection)
            if version_of(connection) < SCHEMA_VERSION:
                connection = _migrated(path, connection, writing)
            connection.execute(f'PRAGMA query_only = {"OFF" if writing else "ON"}')
            if writing:
                connection.execute('PRAGMA journal_mode = WAL')  # until `disconnect`
                connection.execute('PRAGMA synchronous = FULL')  # survives a power cut, not only a kill
        except BaseException:
            connection.close()
            raise
    return connection


def disconnect(connection: sqlite3.Connection) -> None:
    """Close what was opened for writing; where nobody reads, the map is one plain file again.

    Files in WAL mode make even readers leave `-wal` and `-shm` beside them, and open on no read-only disk.
    """
    with contextlib.suppress(sqlite3.Error):  # somebody reads: then it stays as it is, as whole as before
        connection.execute('PRAGMA busy_timeout = 0')
        connection.execute('PRAGMA journal_mode = DELETE')
    connection.close()


@contextmanager
def translated(path: Path, doing: str = 'read') -> Iterator[None]:
    """Turn SQLite's errors into sentences about the map.

    Args:
        path: The map.
        doing: 'read' or 'written'.

    Raises:
        MapError: In place of sqlite3.Error.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise MapError(_sentence(path, doing, error)) from error


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing.

    Raises:
        MapError: Nothing was changed, and why.
    """
    with translated(path, 'written'):
        connection.execute('BEGIN IMMEDIATE')
        try:
            yield
            connection.execute('COMMIT')
        except BaseException:
            if connection.in_transaction:  # SQLite rolls back by itself when the disk is full
                connection.execute('ROLLBACK')
            raise


def damaged(path: Path, what: str) -> MapError:
    """The error for a map that is not whole, with what to do."""
    return MapError(
        f'map {str(path)!r} is damaged: {what}. Copy it again from where it came, or let '
        f'waymark map check {path} --salvage NEW write what is whole to a new map.'
    )


def wal_of(path: Path) -> Path:
    """The file with what was written last; it is part of the map until the map is closed."""
    real = path.resolve()
    return real.with_name(real.name + '-wal')


def _open(path: Path, writing: bool) -> sqlite3.Connection:
    uri = f'file:{quote(str(path.absolute()))}'
    # Readers too may have to finish what a killed writer began; of a write-protected file SQLite makes 'ro' itself.
    connection = _connection(f'{uri}?mode=rw')
    try:
        connection.execute('SELECT count(*) FROM sqlite_master').fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if writing or os.access(path.parent, os.W_OK) or _size(wal_of(path)):
            raise
        # Nobody can write here: then SQLite needs no shared memory, which it could not create.
        connection = _connection(f'{uri}?mode=ro&immutable=1')
    return connection


def _connection(uri: str) -> sqlite3.Connection:
    """Transactions are begun and ended by hand; threads take turns by themselves."""
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_S)


def _require_map_file(path: Path) -> None:
    # Not opened here: closing any handle drops the locks that SQLite holds on the file for this whole process.
    if not path.exists():
        raise MapError(f'there is no map {str(path)!r}. Give the path of a map file.')
    if not path.is_file():
        raise MapError(f'map {str(path)!r} is a folder. Give the map file in it.')


def _require_version(path: Path, connection: sqlite3.Connection) -> None:
    found = int(connection.execute('PRAGMA application_id').fetchone()[0])
    version = version_of(connection)
    if found != APPLICATION_ID:
        raise MapError(
            f'{str(path)!r} is no Waymark map, or its beginning is damaged. Give a map file, or copy it again.'
        )
    if version > SCHEMA_VERSION:
        raise MapError(
            f'map {str(path)!r} was written by a later Waymark (map version {version}, this one reads up to '
            f'{SCHEMA_VERSION}). Update Waymark; the file is left as it is.'
        )
    if any(v not in MIGRATIONS for v in range(version, SCHEMA_VERSION)):
        raise damaged(path, f'it says that it has version {version}, which never was')


def _migrated(path: Path, connection: sqlite3.Connection, writing: bool) -> sqlite3.Connection:
    old = version_of(connection)
    if not writing:
        copy = sqlite3.connect('', isolation_level=None, check_same_thread=False)  # SQLite's own temporary file
        connection.backup(copy)
        connection.close()
        connection = copy
    migrate(connection)
    log.info('map %s: brought from version %d to %d%s', path, old, SCHEMA_VERSION, '' if writing else ' in a copy')
    return connection


def _sentence(path: Path, doing: str, error: sqlite3.Error) -> str:
    text = str(error)
    called = f'map {str(path)!r} can not be {doing}'
    # Limits of file size and quotas come as an I/O error.
    if 'full' in text or ('I/O' in text and doing == 'written'):
        free = shutil.disk_usage(path.absolute().parent).free // 2**20
        return (
            f'{called}: the disk is full or refuses more ({text}; {free} MiB free). Free some space or give another '
            'path; what was in the file before is still there.'
        )
    if 'not a database' in text:
        return f'{str(path)!r} is no Waymark map, or its beginning is damaged. Give a map file, or copy it again.'
    if 'locked' in text:
        return f'{called}: a program other than Waymark holds it. Close that program.'
    if 'I/O' in text:
        return f'{called}: the disk gives an error, or the file is cut off ({text}). Check the disk, or copy it again.'
    if 'readonly' in text or 'unable to open' in text:
        return f'{called}: file or folder are not accessible ({text}). Allow it, or copy the map somewhere else.'
    return str(damaged(path, text))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
