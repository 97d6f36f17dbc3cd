# SPDX-License-Identifier: Apache-2.0
"""Keyframes, links, routes and facts as rows: written with checksums, read back only when these hold."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from waymark import __version__
from waymark.maps import packing
from waymark.maps.keyframe import Keyframe
from waymark.maps.ortho import pack_ortho, unpack_ortho
from waymark.maps.place_map import MapInfo, PlaceMap
from waymark.maps.route import Link, Route
from waymark.maps.stored import DIGESTS, StoredKeyframe

COLUMNS = (
    'keyframe_id',
    'digest',
    'features_digest',
    'thumbnail_digest',
    'stamp_ns',
    'frame_id',
    'place_id',
    'vector',
    'pose',
    'labels',
    'text_vector',
    'summary_digest',
)
_PUT = f'INSERT OR REPLACE INTO keyframes ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})'
_INFO = ('fingerprint', 'model_id', 'text_fingerprint', 'text_model_id', 'map_id')
SELECT = f'SELECT {", ".join(COLUMNS)} FROM keyframes'


class Damage(Exception):  # noqa: N818 - not an error for users: the file's name is added above
    """A piece of the map that is not what was written; its text names the piece."""


def keyframe_row(keyframe: Keyframe) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The row of a keyframe, and its blobs as far as they are at hand (those of another file are not read)."""
    blobs: dict[str, bytes] = {}
    if not isinstance(keyframe, StoredKeyframe):
        found = {'thumbnails': keyframe.thumbnail_jpeg, 'summaries': keyframe.summary}
        blobs = {table: data for table, data in found.items() if data is not None}
        blobs['features'] = packing.pack_features(keyframe.features)
    row: dict[str, Any] = {
        'keyframe_id': keyframe.keyframe_id,
        **_digests(keyframe, blobs),
        'stamp_ns': keyframe.header.stamp_ns,
        'frame_id': keyframe.header.frame_id,
        'place_id': keyframe.place_id,
        'vector': packing.pack_vector(keyframe.vector),
        'pose': None if keyframe.pose is None else packing.pack_pose(keyframe.pose),
        'labels': json.dumps(keyframe.labels) if keyframe.labels else None,
        'text_vector': None if keyframe.text_vector is None else packing.pack_vector(keyframe.text_vector),
    }
    return row | {'digest': packing.row_digest('keyframes', row)}, blobs


def _digests(keyframe: Keyframe, blobs: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """Checksums of blobs, by column: of those at hand, or those that a stored keyframe knows."""
    if isinstance(keyframe, StoredKeyframe):
        return {name: getattr(keyframe, name) for name in DIGESTS.values()}
    return {name: packing.digest(blobs[table]) if table in blobs else None for table, name in DIGESTS.items()}


def put_row(connection: sqlite3.Connection, row: Mapping[str, Any], blobs: Mapping[str, bytes]) -> None:
    """Write what keyframe_row gave, with all blobs."""
    put_columns(connection, row)
    for table in DIGESTS:
        put_blob(connection, table, row['keyframe_id'], blobs.get(table))


def put_columns(connection: sqlite3.Connection, row: Mapping[str, Any]) -> None:
    """Write the row alone."""
    connection.execute(_PUT, tuple(row[name] for name in COLUMNS))


def vector_length(connection: sqlite3.Connection) -> int | None:
    """Length of the vectors, None without keyframes."""
    row = connection.execute('SELECT length(vector) FROM keyframes LIMIT 1').fetchone()
    return None if row is None or row[0] is None else int(row[0]) // 4


def put_blob(connection: sqlite3.Connection, table: str, keyframe_id: int, data: bytes | None) -> None:
    """Write one blob, or remove it."""
    if data is None:
        connection.execute(f'DELETE FROM {table} WHERE keyframe_id = ?', (keyframe_id,))
    else:
        connection.execute(f'INSERT OR REPLACE INTO {table} VALUES (?, ?)', (keyframe_id, data))


def delete_keyframe(connection: sqlite3.Connection, keyframe_id: int) -> None:
    """Remove a keyframe and its links."""
    for table in ('keyframes', *DIGESTS):
        connection.execute(f'DELETE FROM {table} WHERE keyframe_id = ?', (keyframe_id,))
    connection.execute('DELETE FROM links WHERE first = ? OR second = ?', (keyframe_id, keyframe_id))


def checked_row(values: tuple[Any, ...]) -> dict[str, Any]:
    """A keyframe's row by column, when it is what was written.

    Raises:
        Damage: It is not.
    """
    row = dict(zip(COLUMNS, values, strict=True))
    if row.pop('digest') != packing.row_digest('keyframes', row):
        raise Damage(f'keyframe {row["keyframe_id"]} does not match its checksum')
    return row


def put_link(connection: sqlite3.Connection, link: Link) -> None:
    """Write a link; one of the same pair is replaced."""
    pair = (link.first, link.second, link.second, link.first)
    connection.execute('DELETE FROM links WHERE (first = ? AND second = ?) OR (first = ? AND second = ?)', pair)
    add_link(connection, link)


def add_link(connection: sqlite3.Connection, link: Link) -> None:
    """Write a link of a pair that has none."""
    columns = {'first': link.first, 'second': link.second, 'inliers': link.inliers}
    values = (packing.row_digest('links', columns), *columns.values())
    connection.execute('INSERT INTO links (digest, first, second, inliers) VALUES (?, ?, ?, ?)', values)


def links(connection: sqlite3.Connection, tolerant: bool = False) -> Iterator[Link]:
    """All links, in the order they were found; a damaged one is left out where `tolerant`.

    Raises:
        Damage: One is not what was written.
    """
    for found, *values in connection.execute('SELECT digest, first, second, inliers FROM links ORDER BY link_id'):
        columns = dict(zip(('first', 'second', 'inliers'), values, strict=True))
        if found != packing.row_digest('links', columns):
            if tolerant:
                continue
            raise Damage(f'the link of keyframes {values[0]} and {values[1]} does not match its checksum')
        yield Link(**columns)


def put_route(connection: sqlite3.Connection, route: Route) -> None:
    """Write a route; one with the same id is replaced."""
    columns = {
        'route_id': route.route_id,
        'name': route.name,
        'keyframe_ids': json.dumps(route.keyframe_ids),
        'relative': packing.pack_relative(route.relative),
    }
    values = (packing.row_digest('routes', columns), *columns.values())
    connection.execute(
        'INSERT OR REPLACE INTO routes (digest, route_id, name, keyframe_ids, relative) VALUES (?, ?, ?, ?, ?)', values
    )


def routes(connection: sqlite3.Connection, tolerant: bool = False) -> Iterator[Route]:
    """All routes; a damaged one is left out where `tolerant`.

    Raises:
        Damage: One is not what was written.
    """
    names = ('route_id', 'name', 'keyframe_ids', 'relative')
    for found, *values in connection.execute(f'SELECT digest, {", ".join(names)} FROM routes ORDER BY route_id'):
        columns: dict[str, Any] = dict(zip(names, values, strict=True))
        if found != packing.row_digest('routes', columns):
            if tolerant:
                continue
            raise Damage(f'route {values[1]!r} (number {values[0]}) does not match its checksum')
        yield packing.unpack_route(**columns)


def put_facts(connection: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    """Replace the facts of these names."""
    for name, value in facts.items():
        columns = {'name': name, 'value': json.dumps(value)}
        connection.execute('DELETE FROM facts WHERE name = ?', (name,))
        values = (*columns.values(), packing.row_digest('facts', columns))
        connection.execute('INSERT INTO facts (name, value, digest) VALUES (?, ?, ?)', values)


def facts(connection: sqlite3.Connection) -> dict[str, Any]:
    """What holds for the whole map.

    Raises:
        Damage: One is not what was written, or is missing.
    """
    found: dict[str, Any] = {}
    for name, value, proof in connection.execute('SELECT name, value, digest FROM facts ORDER BY fact_id'):
        if proof != packing.row_digest('facts', {'name': name, 'value': value}):
            raise Damage('what it says of its encoder or its contents does not match its checksum')
        found[name] = json.loads(value)
    if not {'info', 'contents'} <= set(found):
        raise Damage('it does not say which encoder made it, or what it contains')
    return found


def info_facts(info: MapInfo) -> dict[str, Any]:
    """The fact `info`."""
    values = {name: getattr(info, name) for name in _INFO}
    values |= {'camera': packing.pack_camera(info.camera), 'written_by': f'waymark {__version__}'}
    return {'info': values if info.ortho is None else values | {'ortho': pack_ortho(info.ortho)}}


def info_of(values: Mapping[str, Any]) -> MapInfo:
    """The inverse of info_facts."""
    info = values['info']
    camera, ortho = packing.unpack_camera(info['camera']), unpack_ortho(info.get('ortho'))
    return MapInfo(camera=camera, ortho=ortho, **{name: info[name] for name in _INFO})


def contents(keyframe_ids: list[int], next_id: int, link_count: int, route_ids: list[int]) -> dict[str, Any]:
    """The fact `contents`: what must be there, so that what is lost is missed."""
    values = {'keyframes': packing.pack_ids(keyframe_ids), 'next_id': next_id}
    return {'contents': values | {'links': link_count, 'routes': packing.pack_ids(sorted(route_ids))}}


def contents_of(place_map: PlaceMap) -> dict[str, Any]:
    """The fact `contents` of a map in memory."""
    return contents(list(place_map.keyframes), place_map.next_id, len(place_map.links), list(place_map.routes))
