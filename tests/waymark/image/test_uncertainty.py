# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.geometry import corner_error, transform_points
from waymark.image.refinement import fit_robustly
from waymark.image.uncertainty import corner_spread

SIZE = (320, 240)
D = np.array([[1.01, 0.005, 2], [-0.004, 0.99, -1], [1e-5, 2e-5, 1]])


def grid(left, top, right, bottom):
    x, y = np.meshgrid(np.linspace(left, right, 10), np.linspace(top, bottom, 10))
    return np.stack([x.ravel(), y.ravel()], 1)


@pytest.mark.parametrize('part', [(0, 0, 319, 239), (0, 0, 200, 150), (100, 80, 220, 160)])
def test_it_is_the_error_that_noise_makes(part):
    """Fits to noisy points miss the corners by about as much as is said."""
    points = grid(*part)
    rng = np.random.default_rng(4)
    errors = []
    for _ in range(60):
        noisy = transform_points(D, points) + rng.normal(0, 0.2, points.shape)
        errors.append(corner_error(fit_robustly(points.astype(np.float32), noisy.astype(np.float32)), D, SIZE))
    # The mean distance is somewhat below the root mean square, the robust fit somewhat above least squares.
    assert 0.6 < np.mean(errors) / corner_spread(D, points, SIZE, 0.2) < 1.4


def test_a_scale_of_the_homography_does_not_matter():
    points = grid(0, 0, 300, 200)
    assert corner_spread(-4 * D, points, SIZE) == pytest.approx(corner_spread(D, points, SIZE))


def test_four_times_the_points_are_twice_as_exact():
    points = grid(10, 10, 300, 200)
    four = np.tile(points, (4, 1))
    assert corner_spread(D, four, SIZE) == pytest.approx(corner_spread(D, points, SIZE) / 2)


def test_points_on_a_line_or_too_few_fix_nothing():
    x = np.linspace(0, 300, 50)
    assert corner_spread(np.eye(3), np.stack([x, 0.5 * x], 1), SIZE) == np.inf
    assert corner_spread(np.eye(3), grid(0, 0, 300, 200)[:3], SIZE) == np.inf
    assert corner_spread(np.eye(3), np.zeros((0, 2)), SIZE) == np.inf


def test_a_corner_on_the_horizon_is_infinitely_uncertain():
    H = np.array([[1, 0, 0], [0, 1, 0], [-1 / 319, 0, 1.0]])
    assert corner_spread(H, grid(0, 0, 200, 200), SIZE) > 1e9
