# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import canonical, corners, rescaled


def test_equal_scales_scale_the_sides_and_keep_the_angle():
    np.testing.assert_allclose(rescaled((10, 20, 8, 4, 0.3), (2, 2), (1, -3)), (21, 37, 16, 8, 0.3))


def test_upright_boxes_are_exact_at_any_scales_and_stay_canonical():
    np.testing.assert_allclose(rescaled((10, 20, 8, 4, 0), (1, 4)), (10, 80, 16, 8, -np.pi / 2))
    np.testing.assert_allclose(rescaled((10, 20, 8, 4, -np.pi / 2), (4, 1)), (40, 20, 16, 8, 0), atol=1e-12)


def test_the_longer_side_becomes_what_its_ends_become_and_the_area_what_it_becomes():
    box, scale = canonical((0, 0, 30, 6, 0.5)), (1.2, 0.8)
    mapped = rescaled(box, scale)
    end = np.array([15 * np.cos(0.5), 15 * np.sin(0.5)]) * scale
    np.testing.assert_allclose(mapped[2:4], [2 * np.hypot(*end), 30 * 6 * 1.2 * 0.8 / (2 * np.hypot(*end))])
    assert mapped[4] == pytest.approx(np.arctan2(end[1], end[0]))


def test_the_way_there_and_back_gives_the_same_boxes():
    rng = np.random.default_rng(0)
    w = rng.uniform(20, 90, 300)
    boxes = canonical(np.column_stack([rng.uniform(0, 500, (300, 2)), w, w / 3, rng.uniform(-2, 2, 300)]))
    there = rescaled(boxes, (1.3, 1.1), (7, -2))
    back = rescaled(there, (1 / 1.3, 1 / 1.1), (-7 / 1.3, 2 / 1.1))
    np.testing.assert_allclose(corners(back), corners(boxes), atol=1e-9)


def test_no_boxes_pass_and_scales_of_zero_do_not():
    assert rescaled(np.empty((0, 5)), (2, 3)).shape == (0, 5)
    with pytest.raises(ValueError, match='scale_xy: must be above 0'):
        rescaled((0, 0, 1, 1, 0), (1, 0))
