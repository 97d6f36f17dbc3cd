# SPDX-License-Identifier: Apache-2.0
"""Homographies from image to image, chained to what lies between two images."""

import numpy as np
import pytest

from waymark.detection.tracks import CameraMotion
from waymark.detection.tracks.camera import KEPT


def shift(x, y):
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


ZOOM = np.diag([2.0, 2.0, 1.0])


def mapped(H, x, y):
    u, v, s = H @ [x, y, 1]
    return u / s, v / s


def test_steps_between_two_images_are_chained_in_their_order():
    camera = CameraMotion()
    camera.add(2, 3, ZOOM)  # in whichever order they come
    camera.add(1, 2, shift(10, 0))
    assert mapped(camera.between(1, 3), 1, 1) == pytest.approx((22, 2))
    assert mapped(camera.between(2, 3), 1, 1) == pytest.approx((2, 2))


def test_an_image_to_itself_has_not_moved():
    np.testing.assert_array_equal(CameraMotion().between(5, 5), np.eye(3))


def test_a_missing_step_or_one_that_begins_elsewhere_is_none():
    camera = CameraMotion()
    assert camera.between(1, 2) is None
    camera.add(1, 3, ZOOM)
    assert camera.between(2, 3) is None  # the step begins before the image that was asked for
    assert camera.between(1, 4) is None
    assert camera.between(3, 1) is None
    camera.clear()
    assert camera.between(1, 3) is None


def test_only_the_newest_steps_are_kept():
    camera = CameraMotion()
    for k in range(1, KEPT + 2):
        camera.add(k, k + 1, shift(1, 0))
    assert camera.between(1, 2) is None
    assert mapped(camera.between(2, KEPT + 2), 0, 0) == pytest.approx((KEPT, 0))


@pytest.mark.parametrize(
    ('step', 'message'),
    [
        ((1, 2, np.eye(2)), r'H_cur_prev: expected shape \(3, 3\)'),
        ((1, 2, np.full((3, 3), np.nan)), 'H_cur_prev'),
        ((2, 2, np.eye(3)), 'must be earlier, got 2 and 2 ns'),
        ((1, 2, np.zeros((3, 3))), 'has no inverse'),
        ((1, 2, np.diag([1.0, 1, 0])), 'has no inverse'),
    ],
)
def test_what_is_no_step_is_refused(step, message):
    with pytest.raises(ValueError, match=message):
        CameraMotion().add(*step)
