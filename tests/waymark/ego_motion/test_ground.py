# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.ego_motion.ground import (
    Altitude,
    Pose,
    altitude_equations,
    attitude_equations,
    point_jacobians,
    project,
)
from waymark.image.rotation import rotation_of, rotation_rpy

K = np.array([[300.0, 0, 160], [0, 310, 120], [0, 0, 1]])
DOWN = np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]])
ANCHOR = Pose(rotation_rpy(0.1, -0.05, 0.3) @ DOWN, np.array([1.0, 2.0, 12.0]))
CURRENT = Pose(rotation_rpy(-0.08, 0.04, 0.5) @ DOWN, np.array([3.0, 1.0, 11.0]))
RAYS = np.array([[0.1, 0.2, 1.0], [-0.3, 0.1, 1.0], [0.4, -0.3, 1.0], [0.0, 0.0, 1.0]])


def test_a_point_below_a_level_camera_is_seen_where_the_pinhole_says():
    level = Pose(DOWN, np.array([0.0, 0.0, 10.0]))
    ahead = Pose(DOWN, np.array([1.0, 0.0, 10.0]))  # a metre ahead: the ground moves down in the image
    np.testing.assert_allclose(project(level, ahead, RAYS[3:], K), [[160.0, 120.0 + 310 / 10]], atol=1e-9)


def test_a_ray_above_the_horizon_meets_no_ground():
    assert np.isnan(project(Pose(np.eye(3), np.array([0.0, 0.0, 10.0])), CURRENT, RAYS, K)).all()


@pytest.mark.parametrize('which', [0, 1])
def test_the_derivatives_of_the_projection_are_those_of_small_steps(which):
    J = point_jacobians(ANCHOR, CURRENT, RAYS, K)[which]
    for k in range(6):
        step = 1e-6 * np.eye(6)[k]
        poses = [[ANCHOR, CURRENT], [ANCHOR, CURRENT]]
        poses[0][which], poses[1][which] = poses[0][which].moved(-step), poses[1][which].moved(step)
        slope = (project(*poses[1], RAYS, K) - project(*poses[0], RAYS, K)) / 2e-6
        np.testing.assert_allclose(J[:, :, k], slope, rtol=1e-5, atol=1e-4)


def test_an_altitude_that_is_too_large_lifts_the_camera_or_blames_the_scale():
    R_base = ANCHOR.R @ DOWN.T
    told = altitude_equations(ANCHOR, R_base, np.zeros(3), Altitude(12.6), 0.01)
    np.testing.assert_allclose(told.N[5, 5], 1 / (0.01 * 12.6) ** 2)
    np.testing.assert_allclose(told.g[5], 0.6 / (0.01 * 12.6) ** 2)
    np.testing.assert_allclose(told.g[0] / told.g[5], 12.0)  # a share of 12 m


def test_a_beam_of_a_tilted_vehicle_is_longer_than_its_height_and_says_a_little_of_the_tilt():
    R_base = rotation_rpy(0.2, 0.0, 0.0)
    camera = Pose(R_base @ DOWN, np.array([0.0, 0.0, 10.0]))
    exact = altitude_equations(camera, R_base, np.zeros(3), Altitude(10.0 / np.cos(0.2), True), 0.01)
    np.testing.assert_allclose(exact.g, 0.0, atol=1e-9)
    more = altitude_equations(camera, R_base, np.zeros(3), Altitude(10.1 / np.cos(0.2), True), 0.01)
    # A larger roll would make the beam longer, too: by tan(roll) * length per rad.
    np.testing.assert_allclose(more.g[6] / more.g[5], 10.0 * np.tan(0.2), rtol=1e-9)


def test_a_direction_of_up_turns_the_camera_towards_it():
    R_base = rotation_rpy(0.05, -0.02, 0.7)
    small = np.array([0.001, -0.002, 0.0])
    up = (rotation_of(small) @ R_base).T @ np.array([0.0, 0.0, 1.0])
    told = attitude_equations(R_base, np.zeros(3), up, 0.01)
    N, g = told.N[6:8, 6:8], told.g[6:8]
    np.testing.assert_allclose(np.linalg.solve(N, g), small[:2], rtol=1e-2)
    assert not told.N[8].any()  # nothing is said of the heading
