# SPDX-License-Identifier: Apache-2.0
"""Relative poses from rendered images: errors against what their covariance says."""

import cv2
import numpy as np
import pytest

from waymark.image.features import detect, match
from waymark.places import PlacesConfig
from waymark.places.relative import PlaneKnown, pose_over_plane
from waymark_sim.ground import generate_ground
from waymark_sim.ortho import R_BASE_CAMERA, Look, OrthoRenderer
from waymark_sim.route import rotation

RUNS = 80
T_BASE_CAMERA = np.eye(4)
T_BASE_CAMERA[:3, :3] = R_BASE_CAMERA


def pose(xy, altitude, heading, tilt):
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation(*tilt, heading), (*xy, altitude)
    return T


@pytest.mark.slow
@pytest.mark.parametrize(('climb_m', 'turn_rad'), [(0.5, 0.1), (6.0, np.pi)])
def test_normalised_errors_stay_inside_their_bounds(climb_m, turn_rad):
    renderer = OrthoRenderer(generate_ground(3), (640, 480), np.radians(60), Look(noise=4.0))
    rng, config, squares = np.random.default_rng(1), PlacesConfig(), []
    for run in range(RUNS):
        xy, heading = rng.uniform(-60, 60, 2), rng.uniform(-np.pi, np.pi)
        first = pose(xy, 18 + rng.uniform(0, climb_m), heading, rng.normal(0, 0.02, 2))
        turned = heading + rng.uniform(-turn_rad, turn_rad)
        second = pose(xy + rng.uniform(-4, 4, 2), 18 + rng.uniform(0, climb_m), turned, rng.normal(0, 0.02, 2))
        a, b = (
            detect(np.asarray(cv2.cvtColor(renderer.render(T, 2 * run + i), cv2.COLOR_RGB2GRAY), np.uint8), config)
            for i, T in enumerate((first, second))
        )
        pairs = match(a, b, config.ratio)
        plane = PlaneKnown(distance_m=first[2, 3])
        found = pose_over_plane(a.keypoints[pairs[:, 0]], b.keypoints[pairs[:, 1]], renderer.camera.K, plane)
        true = np.linalg.inv(first @ T_BASE_CAMERA) @ (second @ T_BASE_CAMERA)
        turn = cv2.Rodrigues(found.T_ref_cur[:3, :3] @ true[:3, :3].T)[0].ravel()
        error = np.r_[found.T_ref_cur[:3, 3] - true[:3, 3], turn]
        squares.append(error @ np.linalg.solve(found.covariance, error))
    # Chi-square of 6 degrees of freedom: mean 6, variance 12; 95 % of single ones below 12.59.
    bound = 1.96 * np.sqrt(12 / RUNS)
    assert 6 / 1.25 - bound < np.mean(squares) < 6 + bound  # a tenth too careful in sigma is allowed, too sure is not
    assert np.mean(np.array(squares) < 12.59) > 0.9
