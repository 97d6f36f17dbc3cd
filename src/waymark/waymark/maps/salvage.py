# SPDX-License-Identifier: Apache-2.0
"""Checking a map file, and writing what is whole of a damaged one to a new map."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from waymark.errors import MapError
from waymark.maps import packing, rows
from waymark.maps.check import Finding, check_connection, check_keyframe, keyframe_ids, read_row
from waymark.maps.database import connect
from waymark.maps.keyframe import Keyframe
from waymark.maps.loading import stored_keyframe
from waymark.maps.place_map import PlaceMap
from waymark.maps.saving import save_map
from waymark.maps.store import FileStore

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Salvage:
    """What was written to the new map, and what was not.

    Attributes:
        keyframes: Written.
        lost: Ids of keyframes that are not in it.
        without_thumbnail: Ids of keyframes whose thumbnail is not in it.
        links: Links that are not in it.
        routes: Names of routes that are not in it, because a keyframe of theirs is not, or they are damaged.
    """

    keyframes: int
    lost: tuple[int, ...]
    without_thumbnail: tuple[int, ...]
    links: int
    routes: tuple[str, ...]


def check_file(path: Path, progress: Progress | None = None) -> list[Finding]:
    """Read every piece of a map file.

    Args:
        path: The map.
        progress: Told keyframes done and their number.

    Returns:
        What is damaged, each keyframe by its id; nothing for a map that is whole.

    Raises:
        MapError: It is no map, of a later version, or can't be opened at all.
    """
    with closing(connect(path)) as connection:
        return check_connection(connection, progress)


def salvage(path: Path, out: Path, progress: Progress | None = None) -> Salvage:
    """Write the keyframes, links and routes that are whole to a new map, under their old ids.

    Raises:
        MapError: Not even the encoder's name can be read, or `out` can't be written.
    """
    with closing(connect(path)) as connection:
        try:
            facts = rows.facts(connection)
        except (rows.Damage, sqlite3.Error) as error:
            raise MapError(
                f'map {str(path)!r} can not be salvaged: {error}. Copy it again from where it came.'
            ) from None
        ids = keyframe_ids(connection, facts)
        views, bare = _whole(connection, ids, FileStore(path, connection), progress)
        # Another map: it must not pass for the whole one.
        place_map = PlaceMap(rows.info_of(facts).renewed(), views, next_id=facts['contents']['next_id'])
        links = _add_links(connection, place_map, facts['contents']['links'])
        routes = _add_routes(connection, place_map, packing.unpack_ids(facts['contents']['routes']))
        save_map(out, place_map)
    lost = tuple(sorted(set(ids) - set(place_map.keyframes)))
    return Salvage(len(place_map), lost, tuple(bare), links, routes)


def _whole(
    connection: sqlite3.Connection, ids: list[int], store: FileStore, progress: Progress | None
) -> tuple[list[Keyframe], list[int]]:
    views: list[Keyframe] = []
    bare: list[int] = []
    for done, keyframe_id in enumerate(ids):
        pieces = {finding.piece for finding in check_keyframe(connection, keyframe_id)}
        if pieces <= {'thumbnail', 'summary'}:  # a summary is made anew when the map is used
            row = read_row(connection, keyframe_id)
            views.append(stored_keyframe(row | {f'{piece}_digest': None for piece in pieces}, store))
            bare += [keyframe_id] if 'thumbnail' in pieces else []
        if progress is not None:
            progress(done + 1, len(ids))
    return views, bare


def _add_links(connection: sqlite3.Connection, place_map: PlaceMap, expected: int) -> int:
    """Add links one by one; how many of the expected ones could not be."""
    added = 0
    try:
        for link in rows.links(connection, tolerant=True):
            if {link.first, link.second} <= place_map.keyframes.keys():
                place_map.link(link.first, link.second, link.inliers)
                added += 1
    except sqlite3.Error:  # what is left of the table can't be read
        pass
    return expected - added


def _add_routes(connection: sqlite3.Connection, place_map: PlaceMap, expected: list[int]) -> tuple[str, ...]:
    """Add routes whose keyframes are all there; the names (or numbers) of the others."""
    lost = {route_id: f'number {route_id}' for route_id in expected}
    try:
        for route in rows.routes(connection, tolerant=True):
            lost[route.route_id] = route.name
            if set(route.keyframe_ids) <= place_map.keyframes.keys():
                place_map.put_route(route)
                del lost[route.route_id]
    except sqlite3.Error:
        pass
    return tuple(lost.values())
