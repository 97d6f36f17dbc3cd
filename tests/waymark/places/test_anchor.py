# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.places.anchor import MapAnchor
from waymark.places.rigid import inverse, transform, turn_of, turned

T_MAP_ODOM = transform(turned(np.array([0.0, 0.0, 0.6])), np.array([12.0, -5.0, 1.0]))
SURE = np.diag([0.04] * 3 + [0.0001] * 3)  # .2 m and .01 rad


def at(x_m, turn_rad=0.0):
    return transform(turned(np.array([0.0, 0.0, turn_rad])), np.array([x_m, 0.0, 2.0]))


def seen(anchor, T_odom_base, shift_m=(0.0, 0.0, 0.0), covariance=SURE):
    T_map_base = T_MAP_ODOM @ T_odom_base
    T_map_base[:3, 3] += shift_m
    return anchor.update(T_map_base, covariance, T_odom_base)


def test_before_any_match_nothing_is_known():
    assert MapAnchor(0.02).T_map_odom is None


def test_the_first_match_ties_the_odometry_to_the_map():
    anchor = MapAnchor(0.02)
    fix = seen(anchor, at(3.0, 0.2))
    np.testing.assert_allclose(fix.T_map_odom, T_MAP_ODOM, atol=1e-12)
    np.testing.assert_allclose(anchor.T_map_odom @ at(9.0), T_MAP_ODOM @ at(9.0), atol=1e-12)
    np.testing.assert_allclose(fix.covariance, SURE)


def test_the_map_begins_where_the_odometry_does():
    anchor = MapAnchor(0.02)
    anchor.begin(at(4.0, 1.0))
    np.testing.assert_allclose(anchor.T_map_odom, np.eye(4), atol=1e-12)


def test_a_hundred_views_of_one_place_are_not_surer_than_one():
    anchor = MapAnchor(0.02)
    for _ in range(100):
        fix = seen(anchor, at(3.0))
    np.testing.assert_allclose(fix.covariance, SURE, rtol=1e-6)


def test_what_is_unsure_in_different_directions_becomes_sure_in_both():
    anchor = MapAnchor(0.02)
    along, across = np.diag([1.0, 0.01, 0.01] + [1e-4] * 3), np.diag([0.01, 1.0, 0.01] + [1e-4] * 3)
    seen(anchor, at(3.0), covariance=along)
    fix = seen(anchor, at(3.0), covariance=across)
    assert np.diag(fix.covariance)[:2].max() < 0.021


def test_noise_moves_the_estimate_less_than_it_is():
    anchor = MapAnchor(0.02)
    seen(anchor, at(3.0))
    fix = seen(anchor, at(3.0), shift_m=(0.2, 0.0, 0.0))
    moved = (fix.T_map_base - T_MAP_ODOM @ at(3.0))[0, 3]
    assert 0.05 < moved < 0.15


def test_a_match_that_contradicts_what_is_known_is_held_back_until_three_agree():
    anchor = MapAnchor(0.02)
    seen(anchor, at(0.0))
    far = (8.0, 0.0, 0.0)
    assert seen(anchor, at(0.1), far) is None
    assert seen(anchor, at(0.2), far) is None
    np.testing.assert_allclose(anchor.T_map_odom, T_MAP_ODOM, atol=1e-12)
    fix = seen(anchor, at(0.3), far)
    np.testing.assert_allclose(fix.T_map_base[:3, 3] - (T_MAP_ODOM @ at(0.3))[:3, 3], far, atol=1e-9)


def test_contradictions_that_contradict_each_other_overrule_nothing():
    anchor = MapAnchor(0.02)
    seen(anchor, at(0.0))
    for number, x_m in enumerate((8.0, -8.0, 16.0, -16.0, 24.0)):
        assert seen(anchor, at(0.1 * number), (x_m, 0.0, 0.0)) is None
    assert seen(anchor, at(0.6)) is not None


def test_on_the_way_the_odometry_s_drift_makes_room_for_correction():
    anchor = MapAnchor(0.05)
    seen(anchor, at(0.0))
    fix = seen(anchor, at(100.0), shift_m=(4.0, 0.0, 0.0))  # 5 m of drift are usual by now
    assert np.linalg.norm(fix.T_map_base[:3, 3] - (T_MAP_ODOM @ at(100.0))[:3, 3] - [4.0, 0, 0]) < 0.2


def test_after_a_reset_nothing_is_known():
    anchor = MapAnchor(0.02)
    seen(anchor, at(0.0))
    anchor.reset()
    assert anchor.T_map_odom is None


@pytest.mark.parametrize('drift', [0.01, 0.05])
def test_normalised_errors_stay_inside_their_bounds_through_a_drifting_journey(drift):
    rng, squares = np.random.default_rng(4), []
    for _ in range(60):
        anchor, T_true, T_odom = MapAnchor(drift), T_MAP_ODOM @ at(0.0), at(0.0)
        for _ in range(15):
            step = transform(turned(np.array([0, 0, rng.normal(0, 0.1)])), np.array([2.0, 0, 0]))
            slip = np.eye(4)
            slip[:3, 3] = rng.normal(0, drift * 2.0 / 3, 3)
            T_true, T_odom = T_true @ step, T_odom @ step @ slip
            noise = rng.multivariate_normal(np.zeros(6), SURE)
            T_seen = transform(turned(noise[3:]) @ T_true[:3, :3], T_true[:3, 3] + noise[:3])
            fix = anchor.update(T_seen, SURE, T_odom)
        error = np.r_[fix.T_map_base[:3, 3] - T_true[:3, 3], turn_of(fix.T_map_base[:3, :3] @ T_true[:3, :3].T)]
        squares.append(error @ np.linalg.solve(fix.covariance, error))
        np.testing.assert_allclose(fix.T_map_odom, fix.T_map_base @ inverse(T_odom), atol=1e-9)
    # Covariance intersection may be too careful, never too sure: the upper bound of the mean of 60 is what counts.
    assert np.mean(squares) < 6 + 1.96 * np.sqrt(12 / 60)
