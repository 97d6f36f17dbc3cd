# SPDX-License-Identifier: Apache-2.0
"""Where a photo was taken, from the GPS part of its Exif block.

CIPA DC-008 (Exif 2.32): the block is a small TIFF file in the JPEG's APP1 segment, or the TIFF file itself; 4.6.6 lists
the GPS tags. Files come from strangers: every offset is checked, and whatever is not as it should be counts as no tag.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

from waymark.mosaic.view import Geotag

_HEAD_BYTES = 1 << 20  # Exif stands at the front
_GPS_IFD = 0x8825
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = range(1, 7)
_BYTE, _ASCII, _RATIONAL = 1, 2, 5
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_MOST_ENTRIES = 512


def read_geotag(path: Path) -> Geotag | None:
    """Read a photo's place.

    Returns:
        None where it has none: no Exif, no GPS, or values that are no place on Earth (0, 0 included: cameras without a
        fix write it).
    """
    try:
        with path.open('rb') as file:
            data = file.read(_HEAD_BYTES)
        block = _exif_block(data)
        return None if block is None else _geotag(_Tiff(block))
    except (OSError, struct.error, KeyError, IndexError, ZeroDivisionError, _BadTiffError):
        return None


class _BadTiffError(Exception):
    """The block is not what it says."""


class _Tiff:
    """Entries of a TIFF block, by number."""

    def __init__(self, data: bytes) -> None:
        order = {b'II': '<', b'MM': '>'}.get(data[:2])
        if order is None or struct.unpack_from(order + 'H', data, 2)[0] != 42:
            raise _BadTiffError
        self._data, self._order = data, order
        self.first = struct.unpack_from(order + 'I', data, 4)[0]

    def entries(self, at: int) -> dict[int, tuple[int, int, int]]:
        """Type, count and place of the value of each tag."""
        count = min(struct.unpack_from(self._order + 'H', self._data, at)[0], _MOST_ENTRIES)
        found = {}
        for k in range(count):
            place = at + 2 + 12 * k
            tag, kind, number = struct.unpack_from(self._order + 'HHI', self._data, place)
            size = _SIZES.get(kind, 0) * number
            start = place + 8 if size <= 4 else struct.unpack_from(self._order + 'I', self._data, place + 8)[0]
            found[tag] = (kind, number, start)
        return found

    def integer(self, entry: tuple[int, int, int]) -> int:
        """A long."""
        return int(struct.unpack_from(self._order + 'I', self._data, entry[2])[0])

    def letter(self, entry: tuple[int, int, int]) -> str:
        """The first letter of a text."""
        return self._data[entry[2] : entry[2] + 1].decode('ascii', 'replace')

    def byte(self, entry: tuple[int, int, int]) -> int:
        """One byte."""
        return self._data[entry[2]]

    def rationals(self, entry: tuple[int, int, int], count: int) -> list[float]:
        """Fractions."""
        if entry[0] != _RATIONAL or entry[1] < count:
            raise _BadTiffError
        numbers = struct.unpack_from(f'{self._order}{2 * count}I', self._data, entry[2])
        return [a / b for a, b in zip(numbers[::2], numbers[1::2], strict=True)]


def _exif_block(data: bytes) -> bytes | None:
    if data[:2] in (b'II', b'MM'):
        return data
    if data[:2] != b'\xff\xd8':
        return None
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        length = struct.unpack_from('>H', data, at + 2)[0]
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b'Exif\0\0':
            return data[at + 10 : at + 2 + length]
        at += 2 + max(length, 2)
    return None


def _geotag(tiff: _Tiff) -> Geotag | None:
    gps = tiff.entries(tiff.integer(tiff.entries(tiff.first)[_GPS_IFD]))
    latitude = _degrees(tiff, gps, _LATITUDE, _LATITUDE_REF, 'S')
    longitude = _degrees(tiff, gps, _LONGITUDE, _LONGITUDE_REF, 'W')
    altitude = None
    if _ALTITUDE in gps:
        below = _ALTITUDE_REF in gps and tiff.byte(gps[_ALTITUDE_REF]) == 1
        altitude = tiff.rationals(gps[_ALTITUDE], 1)[0] * (-1 if below else 1)
    return checked_geotag(latitude, longitude, altitude)


def _degrees(tiff: _Tiff, gps: dict[int, tuple[int, int, int]], value: int, reference: int, negative: str) -> float:
    degrees, minutes, seconds = tiff.rationals(gps[value], 3)
    sign = -1 if tiff.letter(gps[reference]) == negative else 1
    return sign * (degrees + minutes / 60 + seconds / 3600)


def checked_geotag(latitude_deg: float, longitude_deg: float, altitude_m: float | None) -> Geotag | None:
    """A geotag, or None where the numbers are no place on Earth or the 0, 0 of a receiver without a fix."""
    sound = math.isfinite(latitude_deg) and math.isfinite(longitude_deg)
    if not sound or abs(latitude_deg) > 84 or abs(longitude_deg) > 180 or latitude_deg == longitude_deg == 0:
        return None
    return Geotag(latitude_deg, longitude_deg, altitude_m)
