# SPDX-License-Identifier: Apache-2.0
"""What a homography to the map says of the camera: exact for exact homographies, honest for noisy ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.geo.fix import fix_of
from waymark.image.geometry import transform_points

SIZE_WH = (320, 240)


@pytest.fixture(scope='module')
def grid():
    x, y = np.meshgrid(np.linspace(10, 310, 8), np.linspace(10, 230, 6))
    return np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize('yaw_deg', [0.0, 75.0, 200.0, 359.0])
@pytest.mark.parametrize('tilt_deg', [0.0, 12.0, 40.0])
def test_an_exact_homography_gives_the_exact_camera(view, grid, yaw_deg, tilt_deg):
    ground = np.zeros((8, 8, 3), np.uint8)
    _, K, H = view(ground, (250.0, 310.0), yaw_deg, 180.0, tilt_deg)

    fix = fix_of(H, grid, 1.0, SIZE_WH, 0.5, K)

    assert (fix.x_px, fix.y_px) == pytest.approx((250.0, 310.0), abs=1e-6)
    assert (fix.yaw_deg - yaw_deg + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)
    assert fix.altitude_m == pytest.approx(90.0)
    assert fix.tilt_deg == pytest.approx(tilt_deg, abs=1e-5)


def test_the_cameras_axes_are_those_of_the_view(view, grid):
    yaw, tilt = math.radians(75.0), math.radians(12.0)
    _, K, H = view(np.zeros((8, 8, 3), np.uint8), (250.0, 310.0), 75.0, 180.0, 12.0)

    R = fix_of(H, grid, 1.0, SIZE_WH, 0.5, K).R_map_camera

    right = [math.cos(yaw), -math.sin(yaw), 0]
    ahead = [math.sin(tilt) * math.sin(yaw), math.sin(tilt) * math.cos(yaw), -math.cos(tilt)]
    np.testing.assert_allclose(R[:, 0], right, atol=1e-6)
    np.testing.assert_allclose(R[:, 2], ahead, atol=1e-6)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-9)


def test_a_rolled_camera_keeps_its_axes_too(grid):
    """Roll and pitch at once, where the image's up is not the way the ground moves below it."""
    a, b, c = np.radians([20.0, -15.0, 50.0])
    Rx = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    Ry = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    Rz = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    R = Rz @ Rx @ Ry @ np.diag([1.0, -1.0, -1.0])  # optical to right, up, above
    K, centre = np.array([[300.0, 0, 159.5], [0, 300, 119.5], [0, 0, 1]]), np.array([40.0, -70.0, 200.0])
    flip = np.diag([1.0, -1.0, 1.0])  # map px count down
    H = np.linalg.inv(K @ np.column_stack([(R.T @ flip)[:, 0], (R.T @ flip)[:, 1], -R.T @ centre]))

    fix = fix_of(H / H[2, 2], grid, 1.0, SIZE_WH, 1.0, K)

    assert (fix.x_px, fix.y_px, fix.altitude_m) == pytest.approx((40.0, 70.0, 200.0))
    np.testing.assert_allclose(fix.R_map_camera, R, atol=1e-9)


def test_the_covariance_is_what_noisy_points_give(view, grid):
    from waymark.image.refinement import fit_robustly

    _, K, H = view(np.zeros((8, 8, 3), np.uint8), (250.0, 310.0), 30.0, 180.0, 10.0)
    rng, found = np.random.default_rng(3), []
    said = fix_of(H, grid[:25], 1.0, SIZE_WH, 0.5, K)
    for _ in range(200):
        noisy = transform_points(H, grid[:25]) + rng.normal(0, 1.5, (25, 2))
        fitted = fit_robustly(grid[:25].astype(np.float32), noisy.astype(np.float32), 1)
        fix = None if fitted is None else fix_of(fitted, grid[:25], 1.0, SIZE_WH, 0.5, K)
        if fix is not None:
            found.append(((fix.x_px - 250.0) * 0.5, (310.0 - fix.y_px) * 0.5))
    spread = np.cov(np.array(found).T)
    assert len(found) > 190
    assert np.sqrt(np.linalg.eigvalsh(spread)[-1]) == pytest.approx(said.sigma_m, rel=0.35)


def test_without_a_calibration_tilt_makes_the_position_uncertain(view, grid):
    sigmas = []
    for tilt_deg in (0.0, 20.0, 40.0):
        _, _, H = view(np.zeros((8, 8, 3), np.uint8), (250.0, 310.0), 30.0, 180.0, tilt_deg)
        sigmas.append(fix_of(H, grid, 1.0, SIZE_WH, 0.5, None).sigma_m)

    assert sigmas[0] < sigmas[1] < sigmas[2]
    assert sigmas[2] > 10


@pytest.mark.parametrize('points', [0, 3])
def test_too_few_points_say_nothing(view, grid, points):
    _, K, H = view(np.zeros((8, 8, 3), np.uint8), (250.0, 310.0), 30.0, 180.0)

    assert fix_of(H, grid[:points], 1.0, SIZE_WH, 0.5, K) is None


def test_a_mirrored_ground_is_no_view(view, grid):
    _, K, H = view(np.zeros((8, 8, 3), np.uint8), (250.0, 310.0), 30.0, 180.0)

    assert fix_of(H @ np.diag([-1.0, 1.0, 1.0]), grid, 1.0, SIZE_WH, 0.5, K) is None
