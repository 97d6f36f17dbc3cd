# SPDX-License-Identifier: Apache-2.0
"""What a picture of the ground says of itself: scale and place, from GeoTIFF tags or a world file beside it.

GeoTIFF 1.1 (OGC 19-008r4): ModelPixelScale 33550, ModelTiepoint 33922, GeoKeyDirectory 34735 with keys 1025 (raster
type), 2048 (geographic) and 3072 (projected). World files: six lines A D B E C F, of the middle of the first pixel.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from waymark.mosaic.utm import UtmZone, utm_of

_SCALE, _TIEPOINT, _KEYS = 33550, 33922, 34735
_FORMATS = {2: ('c', 1), 3: ('H', 2), 4: ('I', 4), 12: ('d', 8)}
_SUFFIXES = {'.png': '.pgw', '.jpg': '.jgw', '.jpeg': '.jgw', '.tif': '.tfw', '.tiff': '.tfw', '.bmp': '.bpw'}
_SQUARE = 0.02  # sides of a pixel may differ by this share
_MOST_VALUES = 100_000


@dataclass(frozen=True)
class Georeference:
    """Scale and place of a picture's middle; None where the file does not say.

    Attributes:
        metres_per_pixel: Side of a pixel.
        latitude_deg: WGS 84.
        longitude_deg: WGS 84.
        up_bearing_deg: Where the picture's up points, clockwise from true north.
    """

    metres_per_pixel: float | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    up_bearing_deg: float = 0.0


def read_georeference(path: Path, size_wh: tuple[int, int]) -> Georeference | None:
    """Read what a file says: GeoTIFF in WGS 84 UTM, or a world file in metres (scale alone: it names no grid).

    Returns:
        None where it says nothing that is understood: degrees, feet, pixels that are not square, turned grids.
    """
    tags = _tiff_tags(path) if path.suffix.lower() in ('.tif', '.tiff') else {}
    found = _from_tags(tags, size_wh)
    return found if found is not None else _from_world_file(path)


def _from_tags(tags: dict[int, tuple[Any, ...]], size_wh: tuple[int, int]) -> Georeference | None:
    scale, tie, keys = tags.get(_SCALE, ()), tags.get(_TIEPOINT, ()), tags.get(_KEYS, ())
    if len(scale) < 2 or len(tie) < 6 or len(keys) < 4 or not _is_square(scale[0], scale[1]):
        return None
    values = {keys[k]: keys[k + 3] for k in range(4, len(keys) - 3, 4) if keys[k + 1] == 0}
    epsg = int(values.get(3072, 0))
    if not (32601 <= epsg <= 32660 or 32701 <= epsg <= 32760):
        return None
    half = 0.5 if values.get(1025, 1) == 1 else 0.0  # tie points are of pixel corners, or of centres
    column, row = ((n - 1) / 2 + half for n in size_wh)
    east, north = tie[3] + (column - tie[0]) * scale[0], tie[4] - (row - tie[1]) * scale[1]
    zone = UtmZone(epsg % 100, epsg < 32700)
    latitude, longitude = _unprojected(east, north, zone)
    off_meridian = math.radians(longitude - (6 * zone.number - 183))
    convergence = math.atan(math.tan(off_meridian) * math.sin(math.radians(latitude)))
    return Georeference(math.sqrt(scale[0] * scale[1]), latitude, longitude, math.degrees(convergence))


def _unprojected(east: float, north: float, zone: UtmZone) -> tuple[float, float]:
    """Latitude and longitude of a place of the grid: Newton's method on utm_of."""
    place = np.array([(north - (0 if zone.is_north else 10_000_000)) / 111_000, 6.0 * zone.number - 183])
    for _ in range(8):
        around = place + np.array([[0, 0], [1e-5, 0], [0, 1e-5]])
        at = utm_of(around[:, 0], around[:, 1], zone)
        J = ((at[1:] - at[0]) / 1e-5).T
        place = place + np.linalg.solve(J, np.array([east, north]) - at[0])
    return float(place[0]), float(place[1])


def _from_world_file(path: Path) -> Georeference | None:
    names = {_SUFFIXES.get(path.suffix.lower(), '.wld'), '.wld', path.suffix + 'w'}
    for name in sorted(names):
        try:
            numbers = [float(line) for line in path.with_suffix(name).read_text(encoding='ascii').split()]
        except (OSError, ValueError):
            continue
        if len(numbers) == 6:
            a, d, b, e = numbers[:4]
            across, down = math.hypot(a, d), math.hypot(b, e)
            # Less than a millimetre: degrees, whose metres differ by direction.
            if _is_square(across, down) and across >= 1e-3 and a * e < 0 and abs(d) < 1e-3 * abs(a):
                return Georeference(math.sqrt(across * down))
    return None


def _is_square(across: float, down: float) -> bool:
    return across > 0 and down > 0 and abs(across / down - 1) < _SQUARE


def _tiff_tags(path: Path) -> dict[int, tuple[Any, ...]]:
    """Geo tags of the first picture of a TIFF; files come from strangers: whatever is not as it should be has none."""
    try:
        with path.open('rb') as file:
            head = file.read(8)
            order = {b'II': '<', b'MM': '>'}.get(head[:2])
            if order is None or struct.unpack(order + 'H', head[2:4])[0] != 42:
                return {}
            file.seek(struct.unpack(order + 'I', head[4:])[0])
            count = struct.unpack(order + 'H', file.read(2))[0]
            entries = file.read(12 * count)
            found = {}
            for at in range(0, len(entries), 12):
                tag, kind, number = struct.unpack_from(order + 'HHI', entries, at)
                if tag in (_SCALE, _TIEPOINT, _KEYS) and kind in _FORMATS and number <= _MOST_VALUES:
                    letter, size = _FORMATS[kind]
                    data = entries[at + 8 : at + 12]
                    if size * number > 4:
                        file.seek(struct.unpack(order + 'I', data)[0])
                        data = file.read(size * number)
                    found[tag] = struct.unpack_from(f'{order}{number}{letter}', data)
            return found
    except (OSError, struct.error, OverflowError):
        return {}
