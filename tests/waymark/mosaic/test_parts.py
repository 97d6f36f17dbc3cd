# SPDX-License-Identifier: Apache-2.0
"""The pieces: grid, Exif, PNG, layout, selection."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.mosaic.exif import read_geotag
from waymark.mosaic.georeference import fit_to_places
from waymark.mosaic.geotags import from_csv
from waymark.mosaic.layout import lay_out, parts_of
from waymark.mosaic.linking import Link
from waymark.mosaic.png import write_png
from waymark.mosaic.utm import utm_of, zone_of


def test_utm_is_exact_on_the_central_meridian_and_where_others_measured():
    # 0.9996 of the meridian's arc from the equator to 45 degrees, 4,984,944.378 m on WGS 84.
    zone = zone_of(45.0, 9.0)
    np.testing.assert_allclose(
        utm_of(np.array([45.0]), np.array([9.0]), zone), [[500_000.0, 0.9996 * 4_984_944.378]], atol=1e-3
    )
    assert zone.epsg == 32632 and zone_of(-33.9, 151.2).epsg == 32756
    south = utm_of(np.array([-45.0]), np.array([9.0]), zone_of(-45.0, 9.0))
    np.testing.assert_allclose(south[0, 1], 10_000_000 - 0.9996 * 4_984_944.378, atol=1e-3)


def exif(order: str, latitude: bytes = b'S', count: int = 3) -> bytes:
    """A JPEG's head with a GPS block: 33 deg 51 min 30 s, 151 deg 12 min 0 s E, 40 m."""
    head = {'<': b'II', '>': b'MM'}[order] + struct.pack(order + 'HI', 42, 8)
    first = struct.pack(order + 'HHHII', 1, 0x8825, 4, 1, 26) + struct.pack(order + 'I', 0)
    values = 26 + 2 + 5 * 12 + 4
    entries = (
        struct.pack(order + 'HHI4s', 1, 2, 2, latitude + b'\0\0\0'),
        struct.pack(order + 'HHII', 2, 5, count, values),
        struct.pack(order + 'HHI4s', 3, 2, 2, b'E\0\0\0'),
        struct.pack(order + 'HHII', 4, 5, 3, values + 24),
        struct.pack(order + 'HHII', 6, 5, 1, values + 48),
    )
    gps = struct.pack(order + 'H', 5) + b''.join(entries) + struct.pack(order + 'I', 0)
    numbers = struct.pack(order + '14I', 33, 1, 51, 1, 30, 1, 151, 1, 12, 1, 0, 1, 80, 2)
    block = b'Exif\0\0' + head + first + gps + numbers
    return b'\xff\xd8\xff\xe1' + struct.pack('>H', len(block) + 2) + block + b'\xff\xda'


@pytest.mark.parametrize('order', '<>')
def test_a_photo_says_where_it_was_taken(tmp_path, order):
    path = tmp_path / 'a.jpg'
    path.write_bytes(exif(order))
    tag = read_geotag(path)
    assert tag is not None
    np.testing.assert_allclose([tag.latitude_deg, tag.longitude_deg], [-(33 + 51 / 60 + 30 / 3600), 151.2])
    assert tag.altitude_m == 40.0


def test_damaged_exif_is_no_geotag_and_no_error(tmp_path):
    path, whole = tmp_path / 'a.jpg', exif('<')
    rng = np.random.default_rng(0)
    for cut in range(0, len(whole), 3):
        path.write_bytes(whole[:cut])
        assert read_geotag(path) is None or cut > 170
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[int(rng.integers(len(whole)))] = int(rng.integers(256))
        path.write_bytes(bytes(damaged))
        read_geotag(path)  # raises nothing
    path.write_bytes(exif('<', count=1))
    assert read_geotag(path) is None


@pytest.mark.parametrize(
    ('text', 'message'),
    [('file,lat\na.jpg,1\n', 'no column lon'), ('', 'no column'), ('file,lat,lon\na.jpg,95,8\n', 'line 2 is no place')],
)
def test_a_table_that_names_no_places_is_refused(tmp_path, text, message):
    (tmp_path / 'tags.csv').write_text(text)
    with pytest.raises(ConfigError, match=message):
        from_csv(tmp_path / 'tags.csv')


def test_a_png_written_in_strips_is_the_picture(tmp_path):
    picture = np.random.default_rng(1).integers(0, 256, (37, 29, 4)).astype(np.uint8)
    write_png(tmp_path / 'a.png', (29, 37), [picture[:16], picture[16:32], picture[32:]])
    read = cv2.imread(str(tmp_path / 'a.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA), picture)
    with pytest.raises(ValueError, match='expected 37 rows, got 16'):
        write_png(tmp_path / 'b.png', (29, 37), [picture[:16]])
    assert not (tmp_path / 'b.png').exists() and not (tmp_path / 'b.png.part').exists()


SIZE_WH = (400, 300)
PLACES = [complex(*p) for p in ((0, 0), (100, 0), (200, 20), (210, 150), (90, 140))]
TURNS = [1.0, 1.1 * np.exp(0.3j), np.exp(-1.2j), 0.9 * np.exp(2.8j), np.exp(-3.0j)]


def link(a: int, b: int, shift_px: float = 0.0, inliers: int = 50) -> Link:
    """What two frames at PLACES, turned and enlarged by TURNS, see of the same points."""
    ground = np.random.default_rng(a * 10 + b).uniform(-50, 250, (20, 2)) @ (1, 1j)
    middle = (np.array(SIZE_WH) - 1) / 2
    seen = [(ground - PLACES[i]) / TURNS[i] for i in (a, b)]
    points = [np.column_stack([s.real, s.imag]) + middle for s in seen]
    return Link(a, b, points[0], points[1] + shift_px, inliers)


def test_a_loop_is_laid_out_exactly_however_frames_are_turned():
    layout = lay_out([link(0, 1), link(1, 2), link(2, 3), link(3, 4), link(0, 4)], [SIZE_WH] * 5)
    np.testing.assert_allclose(layout.position, PLACES, atol=1e-6)
    np.testing.assert_allclose(layout.scale_turn, TURNS, atol=1e-9)


def test_a_link_that_contradicts_two_ways_around_is_refused():
    wrong = link(1, 3, shift_px=250.0, inliers=40)
    true = [link(0, 1), link(1, 2), link(2, 3), link(3, 4), link(0, 4), link(0, 2), link(2, 4)]
    layout = lay_out([*true, wrong], [SIZE_WH] * 5)
    assert layout.refused == [wrong]
    np.testing.assert_allclose(layout.position, PLACES, atol=1e-3)


def test_parts_are_counted_largest_first():
    assert parts_of([link(3, 4), link(1, 2), link(1, 3)], 5) == [[1, 2, 3, 4], [0]]


def test_geotags_of_which_a_third_is_wrong_still_give_the_map():
    rng = np.random.default_rng(2)
    cameras = rng.uniform(0, 1000, (30, 2))
    A, t = 0.05 * np.exp(0.7j), 300 - 200j
    w = A * (cameras @ (1, 1j)) + t
    w[:10] += rng.uniform(20, 60, 10)
    fit = fit_to_places(np.column_stack([w.real, w.imag]), cameras)
    assert abs(fit.A - A) < 0.01 * abs(A) and abs(fit.t - t) < 0.5
    assert fit_to_places(np.full((30, 2), np.nan), cameras) is None
    assert fit_to_places(np.zeros((30, 2)), cameras) is None
