# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import probiou_matrix
from waymark.detection.tracks.matching import blurred_overlap, matched
from waymark.detection.tracks.shared import shared_motion


def some_boxes(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack(
        [rng.uniform(0, 400, (count, 2)), rng.uniform(10, 60, (count, 2)), rng.uniform(-2, 2, count)]
    )


def sure(count):
    return np.broadcast_to(np.eye(2), (count, 2, 2))


def test_where_tracks_are_sure_the_overlap_is_probiou():
    a, b = some_boxes(20), some_boxes(30, seed=1)
    overlap, rank = blurred_overlap(a, np.zeros((20, 2, 2)), b)
    np.testing.assert_allclose(overlap, probiou_matrix(a, b), atol=1e-7)
    np.testing.assert_allclose(1 - np.sqrt(-np.expm1(rank)), overlap, atol=1e-6)


def test_an_unsure_track_reaches_farther_along_what_is_unsure():
    track, unsure = np.array([[100.0, 100, 40, 20, 0]]), np.array([[[900.0, 0], [0, 0]]])
    ahead, beside = np.array([[170.0, 100, 40, 20, 0]]), np.array([[100.0, 170, 40, 20, 0]])
    assert probiou_matrix(track, ahead) < 0.01
    assert blurred_overlap(track, unsure, ahead)[0] > 0.3
    assert blurred_overlap(track, unsure, beside)[0] < 0.01


def test_a_sure_track_goes_before_an_unsure_one():
    tracks, box = np.array([[103.0, 100, 40, 20, 0], [101, 100, 40, 20, 0]]), np.array([[100.0, 100, 40, 20, 0]])
    unsure = np.array([np.zeros((2, 2)), 900 * np.eye(2)])
    assert matched(tracks, unsure, box, np.ones((2, 1), bool), 0.15) == [(0, 0)]
    assert matched(tracks, unsure, box, np.array([[False], [True]]), 0.15) == [(1, 0)]


def test_nothing_matches_nothing():
    none = np.empty((0, 5))
    assert matched(none, np.empty((0, 2, 2)), some_boxes(3), np.ones((0, 3), bool), 0.1) == []
    assert matched(some_boxes(3), np.zeros((3, 2, 2)), none, np.ones((3, 0), bool), 0.1) == []


@pytest.mark.parametrize('angle', [0.0, 0.02])
def test_the_motion_that_most_objects_share_is_found_among_others(angle):
    expected = some_boxes(30, seed=2)
    c, s = np.cos(angle), np.sin(angle)
    seen = expected.copy()
    seen[:, :2] = expected[:, :2] @ [[c, s], [-s, c]] + [21, -13]
    seen[::5, :2] += 60  # these drive
    motion = shared_motion(expected, sure(30), np.random.default_rng(0).permutation(seen[:27]))
    np.testing.assert_allclose(motion.H[:, :2], [[c, -s], [s, c], [0, 0]], atol=1e-3)
    np.testing.assert_allclose(motion.H[:, 2], [21, -13, 1], atol=0.2)


def test_a_few_objects_tell_nothing_and_many_that_disagree_tell_that():
    few = some_boxes(3)
    np.testing.assert_array_equal(shared_motion(few, sure(3), few + [9, 0, 0, 0, 0]).H, np.eye(3))
    assert shared_motion(some_boxes(30, seed=3), sure(30), some_boxes(30, seed=4)) is None
