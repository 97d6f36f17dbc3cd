# SPDX-License-Identifier: Apache-2.0
"""Reading a whole map from its file, with every checksum looked at."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from waymark.errors import MapError
from waymark.maps import packing, rows
from waymark.maps.check import check_connection, said
from waymark.maps.database import damaged, translated
from waymark.maps.place_map import PlaceMap
from waymark.maps.store import FileStore
from waymark.maps.stored import StoredKeyframe
from waymark.types import Header


def read_map(connection: sqlite3.Connection, path: Path, store: FileStore) -> PlaceMap:
    """Read a map; features are looked at and left in the file, thumbnails are only left there.

    Raises:
        MapError: Naming what is damaged.
    """
    try:
        with translated(path):
            return _read(connection, store)
    except (rows.Damage, MapError, ValueError) as error:
        found = check_connection(connection)
        raise damaged(path, said(found) if found else str(error)) from None


def _read(connection: sqlite3.Connection, store: FileStore) -> PlaceMap:
    facts = rows.facts(connection)
    contents = facts['contents']
    ids = packing.unpack_ids(contents['keyframes'])
    found = [rows.checked_row(values) for values in connection.execute(f'{rows.SELECT} ORDER BY keyframe_id')]
    if [row['keyframe_id'] for row in found] != ids:
        raise rows.Damage('keyframes are missing')
    _require_features(connection, found)
    links, routes = list(rows.links(connection)), list(rows.routes(connection))
    if len(links) != contents['links'] or [r.route_id for r in routes] != packing.unpack_ids(contents['routes']):
        raise rows.Damage('links or routes are missing')
    return PlaceMap(rows.info_of(facts), _keyframes(found, store), links, routes, contents['next_id'])


def _require_features(connection: sqlite3.Connection, found: list[dict[str, Any]]) -> None:
    blobs = connection.execute('SELECT keyframe_id, data FROM features ORDER BY keyframe_id')
    for row in found:
        keyframe_id, data = blobs.fetchone() or (None, b'')
        is_whole = isinstance(data, bytes) and packing.digest(data) == row['features_digest']
        if keyframe_id != row['keyframe_id'] or not is_whole:
            raise rows.Damage(f'the features of keyframe {row["keyframe_id"]} do not match their checksum')


def _keyframes(found: list[dict[str, Any]], store: FileStore) -> list[StoredKeyframe]:
    """Keyframes whose vectors are rows of one matrix: a third of the memory of as many arrays."""
    if not found:
        return []
    if len({len(row['vector']) for row in found}) > 1:
        raise rows.Damage('vectors differ in length')
    matrix = np.frombuffer(b''.join(row['vector'] for row in found), '<f4').astype(np.float32, copy=False)
    matrix = matrix.reshape(len(found), -1)
    return [stored_keyframe(row, store, vector) for row, vector in zip(found, matrix, strict=True)]


def stored_keyframe(row: Mapping[str, Any], store: FileStore, vector: Any = None) -> StoredKeyframe:
    """A keyframe from a row that matched its checksum.

    Args:
        row: By column.
        store: Where its features and its thumbnail are.
        vector: (D,) its vector, None to take the row's.
    """
    text = row['text_vector']
    facts = {
        'keyframe_id': row['keyframe_id'],
        'header': Header(row['stamp_ns'], row['frame_id']),
        'vector': packing.unpack_vector(row['vector']) if vector is None else vector,
        'place_id': row['place_id'],
        'pose': None if row['pose'] is None else packing.unpack_pose(row['pose']),
        'text_vector': None if text is None else packing.unpack_vector(text),
        'labels': tuple(json.loads(row['labels'])) if row['labels'] else (),
    }
    return StoredKeyframe.make(facts, row, store)
