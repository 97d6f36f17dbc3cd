# SPDX-License-Identifier: Apache-2.0
"""What a picture's own file says of its scale and place."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from waymark.mapping.georeference import read_georeference
from waymark.mosaic.utm import UtmZone, utm_of


def write_geotiff(path, scale, tie, keys):
    """Tags alone: pixels are read by others."""
    values = [(33550, 'd', scale), (33922, 'd', tie), (34735, 'H', keys)]
    entries, data, at = b'', b'', 8 + 2 + 12 * len(values) + 4
    for tag, letter, numbers in values:
        packed = struct.pack(f'<{len(numbers)}{letter}', *numbers)
        entries += struct.pack('<HHII', tag, {'d': 12, 'H': 3}[letter], len(numbers), at + len(data))
        data += packed
    path.write_bytes(b'II*\0' + struct.pack('<IH', 8, len(values)) + entries + b'\0\0\0\0' + data)


def keys(epsg, raster=1):
    return (1, 1, 0, 2, 1025, 0, 1, raster, 3072, 0, 1, epsg)


@pytest.mark.parametrize(('raster', 'shift'), [(1, 0.5), (2, 0.0)])
def test_a_geotiff_in_utm_says_scale_and_place(tmp_path, raster, shift):
    zone = UtmZone(14, True)
    [[east, north]] = utm_of(np.array([30.171]), np.array([-98.0894]), zone)
    tie = (0, 0, 0, east - 0.25 * (49.5 + shift), north + 0.25 * (24.5 + shift), 0)
    write_geotiff(tmp_path / 'a.tif', (0.25, 0.25, 0), tie, keys(32614, raster))

    found = read_georeference(tmp_path / 'a.tif', (100, 50))

    assert found.metres_per_pixel == pytest.approx(0.25)
    assert (found.latitude_deg, found.longitude_deg) == pytest.approx((30.171, -98.0894), abs=1e-8)
    # East of the zone's middle (99 W) and north of the equator the grid's north lies clockwise of true north.
    assert found.up_bearing_deg == pytest.approx(0.4577, abs=1e-3)


def test_a_southern_zone_counts_from_ten_thousand_kilometres(tmp_path):
    zone = UtmZone(56, False)
    [[east, north]] = utm_of(np.array([-33.86]), np.array([151.21]), zone)
    write_geotiff(tmp_path / 'a.tif', (1.0, 1.0, 0), (0, 0, 0, east - 5, north + 5, 0), keys(32756))

    found = read_georeference(tmp_path / 'a.tif', (10, 10))

    assert (found.latitude_deg, found.longitude_deg) == pytest.approx((-33.86, 151.21), abs=1e-8)


@pytest.mark.parametrize(('scale', 'epsg'), [((0.25, 0.5, 0), 32614), ((1e-5, 1e-5, 0), 4326), ((0.25, 0.25, 0), 2277)])
def test_grids_that_are_not_understood_say_nothing(tmp_path, scale, epsg):
    write_geotiff(tmp_path / 'a.tif', scale, (0, 0, 0, 0, 0, 0), keys(epsg))

    assert read_georeference(tmp_path / 'a.tif', (10, 10)) is None


@pytest.mark.parametrize('data', [b'', b'II*\0', b'II*\0\xff\xff\xff\xff', b'II*\0\x08\0\0\0\x09\0' + 20 * b'\xff'])
def test_a_broken_tiff_says_nothing(tmp_path, data):
    (tmp_path / 'a.tif').write_bytes(data)

    assert read_georeference(tmp_path / 'a.tif', (10, 10)) is None


@pytest.mark.parametrize(
    ('name', 'world'), [('a.png', 'a.pgw'), ('a.jpg', 'a.jgw'), ('a.png', 'a.wld'), ('a.tif', 'a.tifw')]
)
def test_a_world_file_says_the_scale(tmp_path, name, world):
    (tmp_path / world).write_text('0.3\n0\n0\n-0.3\n612345.6\n3338000.1\n')

    found = read_georeference(tmp_path / name, (10, 10))

    assert found.metres_per_pixel == pytest.approx(0.3)
    assert found.latitude_deg is None


@pytest.mark.parametrize(
    'text', ['', '0.3 0 0 -0.3', '0.3 0 0 -0.9 1 2', '1e-5 0 0 -1e-5 -98 30', '0.2 0.2 0.2 -0.2 1 2', 'a b c d e f']
)
def test_other_world_files_say_nothing(tmp_path, text):
    (tmp_path / 'a.pgw').write_text(text)

    assert read_georeference(tmp_path / 'a.png', (10, 10)) is None
