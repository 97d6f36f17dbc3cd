# SPDX-License-Identifier: Apache-2.0
"""Where the pixels of a picture of the ground lie: metres, and degrees on Earth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.maps import MapInfo, OrthoFrame, PlaceMap, open_map, save_map


def test_up_is_north_and_right_is_east():
    frame = OrthoFrame((101, 51), 2.0)

    assert frame.east_north(50, 25) == (0, 0)
    assert frame.east_north(60, 25) == (20, 0)
    assert frame.east_north(50, 15) == (0, 20)


def test_a_turned_picture_turns_its_metres():
    frame = OrthoFrame((101, 51), 2.0, up_bearing_deg=90.0)

    assert frame.east_north(50, 15) == pytest.approx((20, 0))  # its up points east
    assert frame.east_north(60, 25) == pytest.approx((0, -20))
    assert frame.pixel(*frame.east_north(13.5, 7.25)) == pytest.approx((13.5, 7.25))


def test_degrees_agree_with_the_universal_transverse_mercator_grid():
    from waymark.mosaic.utm import UtmZone, utm_of

    frame, zone = OrthoFrame((101, 101), 1.0, 30.17, -98.09), UtmZone(14, True)
    latitude, longitude = frame.latitude_longitude(700.0, -1200.0)
    moved, origin = utm_of(np.array([latitude, 30.17]), np.array([longitude, -98.09]), zone)
    turn = math.radians((-98.09 + 99) * math.sin(math.radians(30.17)))  # of the grid against north, at the middle
    east, north = (moved - origin) / 0.9997  # of its scale there
    true = east * math.cos(turn) + north * math.sin(turn), north * math.cos(turn) - east * math.sin(turn)

    assert true == pytest.approx((700.0, -1200.0), abs=1.0)


def test_without_an_anchor_there_are_no_degrees():
    assert OrthoFrame((10, 10), 1.0).latitude_longitude(1, 2) is None


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        (((10, 10), 0.0), 'metres_per_pixel'),
        (((10, 10), math.nan), 'metres_per_pixel'),
        (((0, 10), 1.0), 'size_wh'),
        (((10, 10), 1.0, 30.0), 'both or none'),
        (((10, 10), 1.0, 89.0, 0.0), 'latitude'),
        (((10, 10), 1.0, 30.0, 200.0), 'longitude'),
    ],
)
def test_what_is_no_picture_on_earth_is_refused(values, said):
    with pytest.raises(ValueError, match=said):
        OrthoFrame(*values)


def test_a_map_file_keeps_it(tmp_path):
    frame = OrthoFrame((10, 20), 0.3, 30.0, -98.0, 1.5)
    save_map(tmp_path / 'a.wmap', PlaceMap(MapInfo('f' * 64, 'test', ortho=frame)))
    save_map(tmp_path / 'b.wmap', PlaceMap(MapInfo('f' * 64, 'test')))

    with open_map(tmp_path / 'a.wmap') as file:
        assert file.info.ortho == file.load().info.ortho == frame
    with open_map(tmp_path / 'b.wmap') as file:
        assert file.info.ortho is None
