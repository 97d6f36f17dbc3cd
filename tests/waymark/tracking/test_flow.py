# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.geometry import transform_points
from waymark.tracking.flow import FrameFlow
from waymark.tracking.pyramid import FramePyramid

LEFT = np.stack(np.meshgrid(np.arange(60.0, 260, 25), np.arange(60.0, 420, 45)), axis=-1).reshape(-1, 2)
RIGHT = LEFT + (300, 0)


@pytest.fixture
def image(texture):
    return texture(3, (640, 480))


def test_each_target_gets_its_own_motion(image):
    flow = FrameFlow(360, 1.0)
    assert flow.motions(FramePyramid(image), [LEFT, RIGHT]) == (None, None)  # no image before
    moved = np.concatenate([np.roll(image[:, :320], 6, axis=1), np.roll(image[:, 320:], -8, axis=0)], axis=1)
    to_right, up = flow.motions(FramePyramid(moved), [LEFT, RIGHT])
    np.testing.assert_allclose(transform_points(to_right, LEFT) - LEFT, np.tile([6.0, 0], (len(LEFT), 1)), atol=0.02)
    np.testing.assert_allclose(transform_points(up, RIGHT) - RIGHT, np.tile([0.0, -8], (len(RIGHT), 1)), atol=0.02)


def test_points_that_do_not_find_back_give_no_motion(image, texture):
    flow = FrameFlow(360, 1.0)
    flow.motions(FramePyramid(image), [LEFT])
    assert flow.motions(FramePyramid(texture(8, (640, 480))), [LEFT]) == (None,)


def test_no_points_an_image_of_another_size_and_a_blank_one_give_no_motion(image):
    flow = FrameFlow(360, 1.0)
    flow.motions(FramePyramid(image), [LEFT])
    assert flow.motions(FramePyramid(image), [np.zeros((0, 2))]) == (None,)
    assert flow.motions(FramePyramid(image[:240, :320]), [LEFT]) == (None,)
    assert flow.motions(FramePyramid(np.zeros_like(image)), [LEFT]) == (None,)
    assert flow.motions(FramePyramid(image), []) == ()


def test_after_forgetting_the_next_image_is_the_first(image):
    flow = FrameFlow(360, 1.0)
    flow.motions(FramePyramid(image), [LEFT])
    flow.forget()
    assert flow.motions(FramePyramid(image), [LEFT]) == (None,)
