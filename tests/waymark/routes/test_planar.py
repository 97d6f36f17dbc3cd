# SPDX-License-Identifier: Apache-2.0
"""Poses on a plane, and the steps that a map keeps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.image.rotation import rotation_rpy
from waymark.routes.levelling import down_in_camera, mounted, turn_to_view
from waymark.routes.planar import Planar
from waymark.routes.steps import down_of, planar_of, seen_from, step_of


def test_a_step_ahead_after_a_left_turn_leads_left():
    there = Planar(1.0, 2.0, math.pi / 2) @ Planar(3.0, 0.0, 0.1)

    assert there.array == pytest.approx([1.0, 5.0, math.pi / 2 + 0.1])


def test_a_pose_seen_from_itself_is_the_origin():
    pose = Planar(3.0, -2.0, 2.5)

    assert (pose.inverse @ pose).array == pytest.approx([0.0, 0.0, 0.0])
    assert (pose @ pose.inverse).array == pytest.approx([0.0, 0.0, 0.0])


@pytest.mark.parametrize('roll, pitch', [(0.2, -0.1), (-0.05, 0.3), (0.0, 0.01)])
def test_a_step_keeps_place_heading_and_tilt(roll, pitch):
    step = Planar(3.0, -0.5, 0.7)
    down = down_in_camera(rotation_rpy(roll, pitch, 1.9) @ mounted(0.0))

    packed = step_of(step, climb_m=0.25, down=down)

    assert planar_of(packed).array == pytest.approx(step.array)
    assert down_of(packed) == pytest.approx(down)
    assert packed.position_m == pytest.approx((0.5, -3.0, -0.25))  # right, back, down


def test_a_step_without_attitude_says_nothing_of_tilt():
    packed = step_of(Planar(3.0, 0.0, -2.0))

    assert down_of(packed) is None
    assert planar_of(packed).array == pytest.approx([3.0, 0.0, -2.0])


def test_a_camera_mounted_sideways_sees_the_vehicle_go_ahead_as_a_step_aside():
    camera_step = seen_from(Planar(2.0, 0.0, 0.3), -math.pi / 2)  # the image's up points left

    assert camera_step.array == pytest.approx([0.0, -2.0, 0.3])
    assert seen_from(camera_step, math.pi / 2).array == pytest.approx([2.0, 0.0, 0.3])


def test_a_raised_nose_moves_the_ground_below_towards_the_bottom_of_the_image():
    down = down_in_camera(rotation_rpy(0.0, -0.1, 0.0) @ mounted(0.0))  # nose up: the camera looks ahead

    assert down == pytest.approx([0.0, math.sin(0.1), math.cos(0.1)])  # so the ground below is at the bottom


def test_levelling_takes_down_to_the_middle_of_the_view():
    down = np.array([0.3, -0.2, 0.9]) / np.linalg.norm([0.3, -0.2, 0.9])

    R = turn_to_view(down)

    assert R @ down == pytest.approx([0.0, 0.0, 1.0])
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)


def test_a_camera_that_does_not_look_down_is_refused():
    with pytest.raises(ValueError, match='looks down'):
        turn_to_view(np.array([1.0, 0.0, 0.0]))
