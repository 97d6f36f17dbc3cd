# SPDX-License-Identifier: Apache-2.0
"""What must be in a map file: its own list, so that what is lost is missed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from waymark.maps import packing, rows
from waymark.maps.place_map import PlaceMap


class Contents:
    """The list, kept by the thread that writes; writing the same change twice (after a full disk) is harmless.

    Attributes:
        next_id: Smallest id that was never used.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Start with what the file says of itself."""
        self._ids = set(packing.unpack_ids(facts['contents']['keyframes']))
        self.next_id = int(facts['contents']['next_id'])

    def add(self, keyframe_id: int) -> None:
        """Note a keyframe that is written."""
        self._ids.add(keyframe_id)
        self.next_id = max(self.next_id, keyframe_id + 1)

    def remove(self, keyframe_id: int) -> None:
        """Note one that is gone."""
        self._ids.discard(keyframe_id)

    def become(self, place_map: PlaceMap) -> None:
        """Note that the file holds this map."""
        self._ids = set(place_map.keyframes)
        self.next_id = max(self.next_id, place_map.next_id)

    def write(self, connection: sqlite3.Connection) -> None:
        """Put the list into the file, at the end of each transaction."""
        links = connection.execute('SELECT count(*) FROM links').fetchone()[0]
        routes = [route_id for (route_id,) in connection.execute('SELECT route_id FROM routes')]
        rows.put_facts(connection, rows.contents(sorted(self._ids), self.next_id, links, routes))
