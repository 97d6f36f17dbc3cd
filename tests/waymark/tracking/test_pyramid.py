# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.geometry import transform_points
from waymark.tracking.pyramid import FramePyramid


def test_each_level_is_the_mean_of_four_pixels():
    gray = np.arange(64, dtype=np.uint8).reshape(8, 8)
    image = FramePyramid(gray)
    assert image.size_wh == (8, 8)
    np.testing.assert_array_equal(image.level(1)[0, :2], [5, 7])  # (0 + 1 + 8 + 9) / 4 = 4.5, rounded
    assert image.level(2).shape == (2, 2)


def test_an_odd_row_or_column_is_left_out_so_that_the_factor_is_two():
    image = FramePyramid(np.zeros((7, 11), np.uint8))
    assert image.level(1).shape == (3, 5)
    # The middle of the first two pixels is the first pixel of the half.
    np.testing.assert_allclose(transform_points(image.scaling(1), np.array([[0.5, 0.5], [2.5, 4.5]])), [[0, 0], [1, 2]])


@pytest.mark.parametrize(('longest', 'number'), [(640, 0), (639, 1), (320, 1), (200, 2)])
def test_the_first_level_small_enough_is_chosen(longest, number):
    assert FramePyramid(np.zeros((480, 640), np.uint8)).level_for(longest) == number


def test_an_image_of_one_pixel_has_no_half():
    image = FramePyramid(np.zeros((1, 1), np.uint8))
    assert image.level(3).shape == (1, 1)
    np.testing.assert_array_equal(image.scaling(3), np.eye(3))
