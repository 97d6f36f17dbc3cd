# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.uniqueness import rivalry

H_TRUE = np.array([[0.9, -0.1, 30], [0.12, 0.95, -5], [1e-4, -5e-5, 1]])


def test_a_picture_without_repetition_has_no_rival(texture):
    reference = texture(3)
    current = cv2.warpPerspective(reference, H_TRUE, (360, 280))
    assert rivalry(reference, reference, np.eye(3)) < 0.5
    assert rivalry(reference, current, H_TRUE) < 0.5


def test_a_wall_of_equal_tiles_has_one_as_good(texture):
    wall = np.tile(texture(4, (64, 48)), (6, 6))
    assert rivalry(wall, wall, np.eye(3)) > 0.95
    one_further = np.array([[1, 0, 64], [0, 1, 0], [0, 0, 1.0]])
    assert rivalry(wall, wall, one_further) > 0.95


def test_stripes_have_one_along_themselves():
    stripes = np.tile(np.where(np.arange(400) // 20 % 2, 200, 50).astype(np.uint8), (300, 1))
    assert rivalry(stripes, stripes, np.eye(3)) > 0.95


def test_a_homography_beside_the_right_one_has_a_better_rival(texture):
    reference = texture(3)
    beside = np.array([[1, 0, 60], [0, 1, 0], [0, 0, 1.0]])
    assert rivalry(reference, reference, beside) > 2


@pytest.mark.parametrize('value', [0, 255])
def test_where_nothing_correlates_everything_rivals(texture, value):
    blank = np.full((240, 320), value, np.uint8)
    assert rivalry(blank, blank, np.eye(3)) > 0.88
    assert rivalry(texture(3), blank, np.eye(3)) > 0.88
    assert rivalry(texture(3), texture(3), np.array([[1, 0, 5000], [0, 1, 0], [0, 0, 1.0]])) == np.inf
