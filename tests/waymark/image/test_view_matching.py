# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.affine_views import ViewFeatures
from waymark.image.geometry import corner_error, transform_points
from waymark.image.view_matching import hypotheses

H_TRUE = np.array([[0.9, -0.1, 20], [0.15, 1.05, -8], [1e-4, -5e-5, 1]])


def unit(seed, count):
    rows = np.random.default_rng(seed).random((count, 128)).astype(np.float32) ** 4
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def points(seed, count):
    return np.random.default_rng(seed).uniform((0, 0), (320, 240), (count, 2))


@pytest.fixture
def reference():
    return ViewFeatures(points(1, 40), unit(2, 40))


@pytest.fixture
def current(reference):
    return ViewFeatures(transform_points(H_TRUE, reference.points_px), reference.descriptors)


def test_equal_descriptors_give_the_homography(reference, current):
    (found,) = hypotheses([reference], [current], (0, 0), 0.8, 3.0, 'sift')
    assert corner_error(found.H_cur_ref, H_TRUE, (320, 240)) < 0.01
    assert (found.inliers, found.matches, found.method) == (40, 40, 'sift')


def test_all_pairs_of_views_support_the_best(reference, current):
    other = ViewFeatures(points(7, 40), unit(8, 40))
    found = hypotheses([other, reference], [current, current], (0, 0), 0.8, 3.0, 'sift')
    assert found[0].inliers == 80
    assert corner_error(found[0].H_cur_ref, H_TRUE, (320, 240)) < 0.01


def test_views_matched_before_are_left_out(reference, current):
    assert hypotheses([reference], [current], (1, 1), 0.8, 3.0, 'sift') == []
    (found,) = hypotheses([reference], [current, current], (1, 1), 0.8, 3.0, 'sift')
    assert found.matches == 40


def test_descriptors_that_occur_twice_do_not_match(reference, current):
    twice = ViewFeatures(np.tile(current.points_px, (2, 1)), np.tile(current.descriptors, (2, 1)))
    assert hypotheses([reference], [twice], (0, 0), 0.8, 3.0, 'sift') == []


@pytest.mark.parametrize('count', [0, 1, 5])
def test_few_features_are_no_hypothesis(reference, count):
    few = ViewFeatures(reference.points_px[:count], reference.descriptors[:count])
    assert hypotheses([few], [reference], (0, 0), 0.8, 3.0, 'sift') == []
    assert hypotheses([reference], [few], (0, 0), 0.8, 3.0, 'sift') == []


def test_no_views_are_no_hypothesis(reference):
    assert hypotheses([], [reference], (0, 0), 0.8, 3.0, 'sift') == []
    assert hypotheses([reference], [], (0, 0), 0.8, 3.0, 'sift') == []
