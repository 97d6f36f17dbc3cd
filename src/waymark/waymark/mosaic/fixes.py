# SPDX-License-Identifier: Apache-2.0
"""Where a recording's frames were taken: the GNSS fixes (sensor_msgs/NavSatFix) that were recorded beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.errors import SourceError
from waymark.mosaic.exif import checked_geotag
from waymark.mosaic.view import Geotag
from waymark.sources.bag import parse_bag_uri
from waymark.sources.bag_files import BagFile, BagTopic, open_bag_file
from waymark.sources.bag_images import deserialize
from waymark.types import NANOSECONDS

FIX = 'sensor_msgs/msg/NavSatFix'
_GAP_S = 3.0  # between two fixes: nobody says what was flown in a longer one
_NEAR_S = 0.2  # before the first, after the last, and beside a gap


class FixTrack:
    """Fixes in order of time, asked for at the moments of frames."""

    def __init__(self, fixes: dict[int, Geotag]) -> None:
        """Take fixes by their stamps, ns."""
        ordered = [fixes[k] for k in sorted(fixes)]
        self._ns = np.array(sorted(fixes), np.int64)
        heights = [np.nan if f.altitude_m is None else f.altitude_m for f in ordered]
        latitudes = [f.latitude_deg for f in ordered]
        # Beyond 180 degrees east the numbers jump, the vehicle does not.
        longitudes = np.unwrap([f.longitude_deg for f in ordered], period=360.0)
        self._places: NDArray[np.float64] = np.array([latitudes, longitudes, heights], np.float64)

    def __len__(self) -> int:
        return len(self._ns)

    def at(self, stamp_ns: int) -> Geotag | None:
        """The place at a moment, straight between the two fixes around it; None where none is near."""
        after = int(np.searchsorted(self._ns, stamp_ns))
        if 0 < after < len(self) and self._ns[after] - self._ns[after - 1] <= _GAP_S * NANOSECONDS:
            share = float(stamp_ns - self._ns[after - 1]) / float(self._ns[after] - self._ns[after - 1])
            return self._geotag((1 - share) * self._places[:, after - 1] + share * self._places[:, after])
        beside = [i for i in (after - 1, after) if 0 <= i < len(self)]
        nearest = min(beside, key=lambda i: abs(int(self._ns[i]) - stamp_ns), default=None)
        if nearest is None or abs(int(self._ns[nearest]) - stamp_ns) > _NEAR_S * NANOSECONDS:
            return None
        return self._geotag(self._places[:, nearest])

    def _geotag(self, place: NDArray[np.float64]) -> Geotag:
        latitude, longitude, height = (float(v) for v in place)
        return Geotag(latitude, (longitude + 180.0) % 360.0 - 180.0, height if np.isfinite(height) else None)


def read_fixes(uri: str, topic: str = '') -> FixTrack | None:
    """Read the fixes of a bag; those without a fix (status -1), without a stamp or nowhere on Earth are left out.

    Args:
        uri: A bag, as the image source takes it.
        topic: With NavSatFix; '': the only one.

    Returns:
        The fixes; None where the bag has none.

    Raises:
        SourceError: The bag can't be read, has no such topic, or several of which none was chosen.
        MessageError: A message is broken.
    """
    path, _ = parse_bag_uri(uri)
    bag = open_bag_file(path)
    try:
        chosen = _topic_of(path, bag.topics, topic)
        fixes = {} if chosen is None else dict(_fixes(bag, chosen))
    finally:
        bag.close()
    return FixTrack(fixes) if fixes else None


def _topic_of(path: Path, topics: dict[str, BagTopic], wanted: str) -> str | None:
    known = sorted(name for name, topic in topics.items() if topic.type_name == FIX and topic.count)
    if wanted and wanted not in known:
        raise SourceError(f'{path}: no fixes on {wanted}. Topics with {FIX}: {", ".join(known) or "none"}.')
    if not wanted and len(known) > 1:
        raise SourceError(f'{path}: {len(known)} topics with {FIX}. Choose one: --fix-topic {" or ".join(known)}.')
    return wanted or next(iter(known), None)


def _fixes(bag: BagFile, topic: str) -> list[tuple[int, Geotag]]:
    found = []
    for message in bag.messages([topic]):
        fix = deserialize(message.cdr, FIX)
        stamp_ns = fix.header.stamp.sec * NANOSECONDS + fix.header.stamp.nanosec
        height = float(fix.altitude) if np.isfinite(fix.altitude) else None
        geotag = checked_geotag(float(fix.latitude), float(fix.longitude), height)
        if geotag is not None and stamp_ns > 0 and fix.status.status >= 0:
            found.append((stamp_ns, geotag))
    return found
