# SPDX-License-Identifier: Apache-2.0
"""Is a map whole? Every piece is read and compared with its checksum; what is not whole is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from waymark.maps import packing, rows
from waymark.maps.stored import DIGESTS


@dataclass(frozen=True)
class Finding:
    """One piece of a map that is not what was written.

    Attributes:
        keyframe_id: Where it belongs to one keyframe.
        piece: 'keyframe', 'features', 'thumbnail', 'summary', 'links', 'routes', 'facts' or 'file'.
        text: What is wrong with it.
    """

    keyframe_id: int | None
    piece: str
    text: str

    def __str__(self) -> str:
        where = self.piece if self.keyframe_id is None else f'keyframe {self.keyframe_id}: {self.piece}'
        return f'{where} {self.text}'


def said(findings: list[Finding], most: int = 5) -> str:
    """Findings in one phrase."""
    rest = f', and {len(findings) - most} more' if len(findings) > most else ''
    return ', '.join(str(f) for f in findings[:most]) + rest


def check_connection(
    connection: sqlite3.Connection, progress: Callable[[int, int], None] | None = None
) -> list[Finding]:
    """Read everything in an opened map.

    Args:
        connection: To it.
        progress: Told keyframes done and their number.

    Returns:
        What is damaged; nothing for a map that is whole.
    """
    facts, found = _attempt('facts', None, lambda: rows.facts(connection))
    ids = keyframe_ids(connection, facts)
    for done, keyframe_id in enumerate(ids):
        found += check_keyframe(connection, keyframe_id)
        if progress is not None:
            progress(done + 1, len(ids))
    found += _check_ties(connection, facts, set(ids))
    if not found:  # pages that SQLite finds wrong are named by what they hold, where they hold something
        pages, found = _attempt('file', None, lambda: connection.execute('PRAGMA integrity_check(5)').fetchall())
        found += [Finding(None, 'file', text) for (text,) in pages or () if text != 'ok']
    return found


def keyframe_ids(connection: sqlite3.Connection, facts: dict[str, Any] | None) -> list[int]:
    """Ids that must be there by the map's own list, or where that is lost, that can be found."""
    if facts is not None:
        return packing.unpack_ids(facts['contents']['keyframes'])
    found: set[int] = set()
    for table in ('keyframes', 'features'):
        ids, _ = _attempt(table, None, partial(_ids_of, connection, table))
        found |= set(ids or ())
    return sorted(found)


def check_keyframe(connection: sqlite3.Connection, keyframe_id: int) -> list[Finding]:
    """Compare one keyframe, its features and its thumbnail with their checksums."""
    row, found = _attempt('keyframe', keyframe_id, lambda: read_row(connection, keyframe_id))
    if row is None:
        return found
    for table, name in DIGESTS.items():
        piece, expected = name.removesuffix('_digest'), row[name]
        if expected is None:
            continue
        data, problems = _attempt(piece, keyframe_id, partial(read_blob, connection, table, keyframe_id))
        found += problems
        if not problems and (data is None or packing.digest(data) != expected):
            verb = 'do' if piece == 'features' else 'does'
            text = 'missing' if data is None else f'{verb} not match the checksum'
            found.append(Finding(keyframe_id, piece, text))
    return found


def read_row(connection: sqlite3.Connection, keyframe_id: int) -> dict[str, Any]:
    """The row of one keyframe.

    Raises:
        Damage: It is missing or not what was written.
        sqlite3.Error: It can't be read.
    """
    values = connection.execute(f'{rows.SELECT} WHERE keyframe_id = ?', (keyframe_id,)).fetchone()
    if values is None:
        raise rows.Damage('missing')
    return rows.checked_row(values)


def read_blob(connection: sqlite3.Connection, table: str, keyframe_id: int) -> bytes | None:
    """The bytes of one keyframe in table `features`, `thumbnails` or `summaries`, unchecked."""
    row = connection.execute(f'SELECT data FROM {table} WHERE keyframe_id = ?', (keyframe_id,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else None


def _check_ties(connection: sqlite3.Connection, facts: dict[str, Any] | None, ids: set[int]) -> list[Finding]:
    links, found = _attempt('links', None, lambda: list(rows.links(connection)))
    routes, problems = _attempt('routes', None, lambda: list(rows.routes(connection)))
    found += problems
    if facts is None:
        return found
    contents = facts['contents']
    if links is not None and len(links) != contents['links']:
        found.append(Finding(None, 'links', f'missing: {len(links)} of {contents["links"]} are there'))
    lost = set(packing.unpack_ids(contents['routes'])) - {r.route_id for r in routes or ()}
    if routes is not None and lost:
        found.append(Finding(None, 'routes', f'missing: numbers {sorted(lost)}'))
    there, _ = _attempt('keyframes', None, lambda: _ids_of(connection, 'keyframes'))
    return found + [Finding(i, 'keyframe', "not on the map's own list") for i in sorted(set(there or ()) - ids)]


def _ids_of(connection: sqlite3.Connection, table: str) -> list[int]:
    return [keyframe_id for (keyframe_id,) in connection.execute(f'SELECT keyframe_id FROM {table}')]


def _attempt(piece: str, keyframe_id: int | None, read: Callable[[], Any]) -> tuple[Any, list[Finding]]:
    """What `read` gives, or None with the finding why it can't."""
    try:
        return read(), []
    except rows.Damage as damage:
        text = str(damage) if keyframe_id is None or 'missing' in str(damage) else 'does not match its checksum'
        return None, [Finding(keyframe_id, piece, text)]
    except (sqlite3.Error, ValueError) as error:
        return None, [Finding(keyframe_id, piece, f'can not be read ({error})')]
