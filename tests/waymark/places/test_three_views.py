# SPDX-License-Identifier: Apache-2.0
"""Metres from a neighbour at a known distance: drawn points, whose truth is exact."""

import numpy as np
import pytest

from waymark.places.epipolar import pose_up_to_scale
from waymark.places.rigid import inverse, projected, transform, turn_of, turned
from waymark.places.three_views import pose_by_baseline
from waymark.places.views import Views

K = np.array([[300.0, 0, 159.5], [0, 300, 119.5], [0, 0, 1]])


def camera(rng):
    return transform(turned(rng.normal(0, 0.05, 3)), rng.uniform((-0.6, -0.4, -0.6), (0.6, 0.4, 0.6)))


def draw(rng, noise_px, count=150):
    """Poses of neighbour and current camera in the keyframe's, and the pixels of points in all three."""
    pixels = rng.uniform((5, 5), (315, 235), (count, 2))
    points = np.c_[pixels, np.ones(count)] @ np.linalg.inv(K).T * rng.uniform(2, 12, (count, 1))
    poses = camera(rng), camera(rng)
    seen = [pixels, *(projected(points @ inverse(T)[:3, :3].T + inverse(T)[:3, 3], K) for T in poses)]
    return *poses, *(p + rng.normal(0, noise_px, p.shape) for p in seen)


def found_of(ref, other, cur, length_m, shared):
    """The pose in metres by the first `shared` points in all three; the pairs share all."""
    views = Views(ref[:shared], cur[:shared], K)
    pairs = pose_up_to_scale(ref, cur, K), pose_up_to_scale(ref, other, K)
    return None if None in pairs else pose_by_baseline(views, other[:shared], *pairs, length_m, 0.02 * length_m)


def test_points_seen_thrice_give_the_pose_in_metres():
    T_other, T_cur, ref, other, cur = draw(np.random.default_rng(1), 0.02)
    other[:20] = other[:20][::-1]  # wrong matches
    found = found_of(ref, other, cur, float(np.linalg.norm(T_other[:3, 3])), 60)
    assert (found.is_metric, found.is_planar) == (True, False)
    np.testing.assert_allclose(found.T_ref_cur, T_cur, atol=0.01)


def test_twice_the_distance_makes_everything_twice_as_far():
    _, _, ref, other, cur = draw(np.random.default_rng(2), 0.3)
    near, far = (found_of(ref, other, cur, length_m, 60) for length_m in (0.5, 1.0))
    np.testing.assert_allclose(far.T_ref_cur[:3, 3], 2 * near.T_ref_cur[:3, 3])
    np.testing.assert_allclose(far.T_ref_cur[:3, :3], near.T_ref_cur[:3, :3])
    np.testing.assert_allclose(far.covariance[:3, :3], 4 * near.covariance[:3, :3])


@pytest.mark.parametrize('shared', [0, 1, 7])
def test_few_points_seen_thrice_give_no_metres(shared):
    _, _, ref, other, cur = draw(np.random.default_rng(3), 0.1)
    assert found_of(ref, other, cur, 1.0, shared) is None


def test_points_that_are_far_away_give_no_metres():
    rng = np.random.default_rng(4)
    T_other, T_cur, ref, other, cur = draw(rng, 0.1)
    pairs = pose_up_to_scale(ref, cur, K), pose_up_to_scale(ref, other, K)
    rays = np.c_[ref, np.ones(len(ref))] @ np.linalg.inv(K).T * 10_000
    far = [projected(rays @ inverse(T)[:3, :3].T + inverse(T)[:3, 3], K) for T in (T_other, T_cur)]
    assert pose_by_baseline(Views(ref, far[1], K), far[0], *pairs, 1.0, 0.02) is None


@pytest.mark.slow
def test_normalised_errors_stay_inside_their_bounds():
    rng, squares = np.random.default_rng(5), []
    for _ in range(100):
        T_other, T_cur, ref, other, cur = draw(rng, 0.5)
        length_m = float(np.linalg.norm(T_other[:3, 3])) * (1 + rng.normal(0, 0.02))
        if (found := found_of(ref, other, cur, length_m, 50)) is None:
            continue
        error = np.r_[found.T_ref_cur[:3, 3] - T_cur[:3, 3], turn_of(found.T_ref_cur[:3, :3] @ T_cur[:3, :3].T)]
        squares.append(float(error @ np.linalg.solve(found.covariance, error)))
    # Chi-square of 6 degrees of freedom: mean 6, variance 12; 95 % of single ones below 12.59.
    assert len(squares) > 80
    bound = 1.96 * np.sqrt(12 / len(squares))
    assert 3 - bound < np.mean(squares) < 6 + bound  # up to twice too careful in variance: no error is shared here
    assert np.mean(np.array(squares) < 12.59) > 0.9
