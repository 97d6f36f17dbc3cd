# SPDX-License-Identifier: Apache-2.0
"""A picture of the ground cut into tiles: nothing of it is lost, and what is unknown stays unknown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.errors import MapError
from waymark.geo import GroundMap, OrthoPicture, cut_tiles, plan_tiles, read_ortho
from waymark.geo.ground_map import Tile
from waymark.maps import MapInfo, OrthoFrame, PlaceMap, save_map


def test_tiles_of_every_size_cover_the_picture():
    tiles = plan_tiles((600, 300))

    assert sorted({t.side_px for t in tiles}) == [128, 256, 512, 1024]
    for side in (256, 512, 1024):
        covered = np.zeros((300, 600), int)
        for t in tiles:
            if t.side_px == side and t.is_aligned:
                covered[t.top_px : t.top_px + side, t.left_px : t.left_px + side] += 1
        assert (covered == 1).all()


@pytest.mark.parametrize('bearing_deg', [0.0, 33.0])
def test_a_tile_is_the_view_of_a_camera_above_it(bearing_deg):
    frame = OrthoFrame((600, 300), 0.37, up_bearing_deg=bearing_deg)
    for tile in plan_tiles((600, 300)):
        assert Tile.of(tile.pose(frame), frame) == tile


def test_a_window_shows_the_picture(ground, picture):
    window = ground.window(np.array([200.0, 130.0]), np.array([330.0, 300.0]), 1.0)

    gray = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)[130:301, 200:331]
    assert np.abs(window.gray.astype(int) - gray).mean() < 3  # JPEG
    np.testing.assert_allclose(window.H_window_map @ (200, 130, 1), (0, 0, 1))


def test_a_shrunk_window_has_pixel_centres_where_they_belong(ground, picture):
    window = ground.window(np.array([0.0, 0.0]), np.array([599.0, 599.0]), 2.9)

    small = cv2.resize(cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY), (300, 300), interpolation=cv2.INTER_AREA)
    assert window.gray.shape == (300, 300)
    assert np.abs(window.gray.astype(int) - small).mean() < 3
    np.testing.assert_allclose(window.H_window_map @ (0.5, 0.5, 1), (0, 0, 1))


def test_features_of_the_map_lie_on_it(ground):
    points = ground.features.points_px

    assert len(points) > 500
    assert points.min() > -1 and points.max() < 600
    inside = ground.features_in(np.array([100.0, 100.0]), np.array([200.0, 200.0])).points_px
    assert 0 < len(inside) < len(points) and inside.min() >= 100 and inside.max() <= 200


def test_what_is_not_known_has_no_features_and_no_tiles(picture, frame):
    known = picture.known.copy()
    known[:, 300:] = False
    tiles = [k for k in cut_tiles(OrthoPicture(picture.rgb, known), frame, lambda rgb: np.ones(4, np.float32)) if k]
    ground = GroundMap(PlaceMap(MapInfo('f' * 64, 'test', ortho=frame), tiles))

    assert ground.features.points_px[:, 0].max() < 300
    assert all(t.left_px < 300 for t in ground.tiles)


def test_a_map_keeps_all_of_it_in_its_file(place_map, ground, frame, tmp_path):
    save_map(tmp_path / 'ground.wmap', place_map)

    with GroundMap.open(tmp_path / 'ground.wmap', 'f' * 64) as again:
        assert again.frame == frame
        assert again.tiles == ground.tiles
        np.testing.assert_array_equal(again.vectors, ground.vectors)
        np.testing.assert_allclose(again.features.points_px, ground.features.points_px, atol=0.1)
        low, high = np.array([10.0, 20.0]), np.array([400.0, 300.0])
        np.testing.assert_array_equal(again.window(low, high, 1.0).gray, ground.window(low, high, 1.0).gray)


def test_a_map_of_a_drive_is_refused():
    with pytest.raises(MapError, match='from-ortho'):
        GroundMap(PlaceMap(MapInfo('f' * 64, 'test')))


def test_a_picture_file_says_what_it_shows(tmp_path):
    image = np.random.default_rng(0).integers(1, 255, (100, 120, 4), np.uint8)
    image[..., 3] = 255
    image[:30, :30, 3] = 0
    image[50, 50, :3] = 0  # one black pixel is a shadow
    cv2.imwrite(str(tmp_path / 'a.png'), image)

    picture = read_ortho(tmp_path / 'a.png')

    assert picture.size_wh == (120, 100)
    assert not picture.known[:31, :31].any() and picture.known[40:, 40:].all()
    np.testing.assert_array_equal(picture.rgb[60, 70], image[60, 70, 2::-1])


@pytest.mark.parametrize(
    ('content', 'said'),
    [(b'', 'not a picture'), (None, 'no such picture'), ((50, 50), 'too few'), ((100, 100), 'all of it is')],
)
def test_a_picture_that_can_not_be_used_is_refused_by_name(tmp_path, content, said):
    path = tmp_path / 'ground.png'
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        cv2.imwrite(str(path), np.zeros(content, np.uint8))

    with pytest.raises(MapError, match=said):
        read_ortho(path)
