# SPDX-License-Identifier: Apache-2.0
"""Grounds: generated ones repeat by seed, pictures keep their scale and their unknown borders."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.errors import SourceError
from waymark_sim.ground import Ground, H_ground_from_pad, PadPlace, generate_ground, load_ground, paint_pad
from waymark_sim.pad import SIZE_PX, landing_pad


def plain(size=400, metres_per_pixel=0.05) -> Ground:
    return Ground(np.full((size, size, 3), 90, np.uint8), metres_per_pixel, np.ones((size, size), bool))


def test_the_same_seed_paints_the_same_ground_and_another_another():
    first, again, other = (generate_ground(seed, 512).rgb for seed in (7, 7, 8))

    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_no_part_of_the_generated_ground_is_plain():
    gray = cv2.cvtColor(generate_ground(7, 2048).rgb, cv2.COLOR_RGB2GRAY)

    blocks = gray.reshape(16, 128, 16, 128).swapaxes(1, 2).reshape(256, -1)

    assert blocks.std(axis=1).min() > 4


def test_its_scale_is_its_size_over_its_pixels():
    ground = generate_ground(7, 512, size_m=100.0)

    corner = ground.H_texture_from_ground @ (50.0, 50.0, 1.0)

    assert ground.metres_per_pixel == pytest.approx(100 / 512)
    np.testing.assert_allclose(corner, (511.5, -0.5, 1.0))  # the outer edge of the last pixel


def test_the_pad_lies_where_it_was_put_and_as_it_was_turned():
    place = PadPlace((2.0, -3.0), 0.7, 8.0)

    painted = paint_pad(plain(), place)

    to_texture = painted.H_texture_from_ground @ H_ground_from_pad(place, SIZE_PX)
    seen = cv2.warpPerspective(painted.rgb, np.linalg.inv(to_texture), (SIZE_PX, SIZE_PX))
    inner = np.s_[20:-20, 20:-20]
    pad, seen = (cv2.GaussianBlur(i, (0, 0), 4.0).astype(int)[inner] for i in (landing_pad(), seen))
    assert np.abs(seen - pad).mean() < 4
    assert np.abs(np.roll(seen, 6, axis=0) - pad).mean() > 10  # not even 0.1 m beside
    assert (painted.rgb[:40] == 90).all()


def test_the_pads_upper_edge_points_along_its_heading():
    H = H_ground_from_pad(PadPlace((1.0, 2.0), 0.0, 10.0), SIZE_PX)
    middle = (SIZE_PX - 1) / 2

    np.testing.assert_allclose(H @ (middle, middle, 1.0), (1.0, 2.0, 1.0), atol=1e-12)
    np.testing.assert_allclose(H @ (middle, -0.5, 1.0), (6.0, 2.0, 1.0), atol=1e-12)  # top: heading 0 is east
    np.testing.assert_allclose(H @ (SIZE_PX - 0.5, middle, 1.0), (1.0, -3.0, 1.0), atol=1e-12)  # right: south


def test_painting_leaves_the_first_ground_as_it_was():
    ground = plain()

    paint_pad(ground, PadPlace((0.0, 0.0), 0.0, 8.0))

    assert (ground.rgb == 90).all()


@pytest.mark.parametrize('border', ['transparent', 'black', 'white'])
def test_borders_of_an_orthophoto_count_as_unknown(tmp_path, border):
    image = np.full((100, 100, 4), 255, np.uint8)
    image[..., :3] = 120
    image[:, :30, :3] = {'transparent': 120, 'black': 0, 'white': 255}[border]
    image[:, :30, 3] = 0 if border == 'transparent' else 255
    image[50, 60, :3] = 0  # a shadow of one pixel is no border
    cv2.imwrite(str(tmp_path / 'ortho.png'), image)

    ground = load_ground(tmp_path / 'ortho.png', 0.05)

    assert not ground.known[:, :30].any()
    assert ground.known[:, 32:].all()
    assert np.abs(ground.rgb[:, :30].astype(int) - 120).max() <= 1


def test_a_coarse_picture_gets_more_pixels_and_moves_nowhere(tmp_path):
    image = np.full((100, 100, 3), 100, np.uint8)
    image[40:60, 70:90] = 200
    cv2.imwrite(str(tmp_path / 'coarse.png'), image)

    ground = load_ground(tmp_path / 'coarse.png', 0.2)

    assert ground.rgb.shape == (400, 400, 3)
    assert ground.metres_per_pixel == pytest.approx(0.05)
    v, u = np.nonzero(ground.rgb[:, :, 0] > 150)
    x, y = (np.linalg.inv(ground.H_texture_from_ground) @ (u.mean(), v.mean(), 1.0))[:2]
    np.testing.assert_allclose((x, y), ((79.5 - 49.5) * 0.2, 0.0), atol=0.01)


def test_gray_pictures_are_taken(tmp_path):
    cv2.imwrite(str(tmp_path / 'gray.png'), np.full((50, 50), 80, np.uint8))

    assert (load_ground(tmp_path / 'gray.png', 0.05).rgb == 80).all()


def test_a_picture_that_shows_nothing_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / 'black.png'), np.zeros((50, 50, 3), np.uint8))
    (tmp_path / 'text.png').write_text('hello')

    with pytest.raises(SourceError, match='all transparent, black or white'):
        load_ground(tmp_path / 'black.png', 0.05)
    with pytest.raises(SourceError, match='not a ground picture'):
        load_ground(tmp_path / 'text.png', 0.05)


def test_a_picture_of_unknown_scale_is_200_m_wide(tmp_path):
    cv2.imwrite(str(tmp_path / 'field.png'), np.full((300, 400, 3), 90, np.uint8))

    ground = load_ground(tmp_path / 'field.png', 0.0)

    assert ground.metres_per_pixel * ground.rgb.shape[1] == pytest.approx(200.0)


@pytest.mark.parametrize('channels', [(), (3,), (4,)])
def test_16_bit_pictures_are_taken(tmp_path, channels):
    colours = np.random.default_rng(1).integers(1, 255, (80, 90, *channels), np.uint8)
    if channels == (4,):
        colours[..., 3] = 255
    cv2.imwrite(str(tmp_path / 'field8.png'), colours)
    cv2.imwrite(str(tmp_path / 'field16.tif'), colours.astype(np.uint16) * 257)

    fine, coarse = (load_ground(tmp_path / name, 0.05) for name in ('field16.tif', 'field8.png'))

    np.testing.assert_array_equal(fine.rgb, coarse.rgb)
    assert fine.known.all()


def test_a_picture_of_a_few_pixels_is_no_ground(tmp_path):
    cv2.imwrite(str(tmp_path / 'dot.png'), np.full((8, 400, 3), 90, np.uint8))

    with pytest.raises(SourceError, match='400x8 px are no ground. Give at least 16 px a side'):
        load_ground(tmp_path / 'dot.png', 0.0)
