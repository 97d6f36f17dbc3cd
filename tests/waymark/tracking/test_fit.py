# SPDX-License-Identifier: Apache-2.0
import numpy as np

from waymark.image.geometry import image_corners, transform_points
from waymark.tracking.fit import fit_near

SIZE_WH = (240, 180)
H_TRUE = np.array([[1.01, 0.02, 0.6], [-0.015, 0.99, -0.4], [1e-5, -2e-5, 1]])
POINTS = np.stack(np.meshgrid(np.linspace(5, 235, 8), np.linspace(5, 175, 7)), axis=-1).reshape(-1, 2)


def test_exact_points_give_the_exact_homography():
    H, _ = fit_near(
        H_TRUE + [[0.002, 0, 0.2], [0, 0, -0.2], [0, 0, 0]], POINTS, transform_points(H_TRUE, POINTS), SIZE_WH
    )
    moved = transform_points(H, image_corners(SIZE_WH)) - transform_points(H_TRUE, image_corners(SIZE_WH))
    assert np.abs(moved).max() < 0.01


def test_corner_errors_are_as_large_as_the_covariance_says():
    rng, normalised = np.random.default_rng(0), []
    for _ in range(200):
        found = transform_points(H_TRUE, POINTS) + rng.normal(0, 0.3, POINTS.shape)
        H, covariance = fit_near(H_TRUE, POINTS, found, SIZE_WH)
        e = (transform_points(H, image_corners(SIZE_WH)) - transform_points(H_TRUE, image_corners(SIZE_WH))).ravel()
        normalised.append(e @ np.linalg.solve(covariance, e))
    assert 4.5 < np.mean(normalised) < 9  # chi-square of 8; weights below one make the covariance a little cautious


def test_a_few_points_that_went_astray_hardly_count():
    found = transform_points(H_TRUE, POINTS)
    found[:6] += 30
    H, _ = fit_near(H_TRUE, POINTS, found, SIZE_WH)
    moved = transform_points(H, image_corners(SIZE_WH)) - transform_points(H_TRUE, image_corners(SIZE_WH))
    assert np.abs(moved).max() < 0.05


def test_points_on_a_line_fix_nothing():
    line = np.stack([np.linspace(0, 200, 20), np.full(20, 50.0)], axis=1)
    fitted = fit_near(np.eye(3), line, line, SIZE_WH)
    assert fitted is None or np.sqrt(np.diag(fitted[1])).max() > 1e3
