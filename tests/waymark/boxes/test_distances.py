# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import kl_divergence, pixels_iou, rotated_iou, wasserstein_distance


def random_boxes(count, seed):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(0, 60, (count, 2)), rng.uniform(2, 50, (count, 2)), rng.uniform(-4, 4, count)])


def covariance(box):
    """The papers' R diag(w^2 / 4, h^2 / 4) R^T."""
    c, s = np.cos(box[4]), np.sin(box[4])
    R = np.array([[c, -s], [s, c]])
    return R @ np.diag([box[2] ** 2 / 4, box[3] ** 2 / 4]) @ R.T


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T


def test_wasserstein_equals_its_definition_by_matrix_roots():
    a, b = random_boxes(200, 0), random_boxes(200, 1)
    for one, other, distance in zip(a, b, wasserstein_distance(a, b), strict=True):
        S, T = covariance(one), covariance(other)
        squared = ((one[:2] - other[:2]) ** 2).sum() + np.trace(S + T - 2 * root(root(S) @ T @ root(S)))
        assert distance == pytest.approx(np.sqrt(squared), rel=1e-6)


def test_wasserstein_of_known_boxes():
    assert wasserstein_distance((0, 0, 10, 4, 0.3), (3, 4, 10, 4, 0.3)) == pytest.approx(5)
    assert wasserstein_distance((0, 0, 10, 4, 0), (0, 0, 16, 12, 0)) == pytest.approx(5)
    assert wasserstein_distance((0, 0, 0, 0, 0), (0, 0, 0, 0, 1)) == 0


def test_divergence_equals_its_definition():
    a, b = random_boxes(200, 2), random_boxes(200, 3)
    for one, other, divergence in zip(a, b, kl_divergence(a, b), strict=True):
        S, inverse, d = covariance(one), np.linalg.inv(covariance(other)), one[:2] - other[:2]
        log = np.log(np.linalg.det(covariance(other)) / np.linalg.det(S))
        assert divergence == pytest.approx((d @ inverse @ d + np.trace(inverse @ S) + log) / 2 - 1, rel=1e-8)


def test_divergence_of_known_boxes():
    assert kl_divergence((0, 0, 10, 4, 0.3), (0, 0, 10, 4, 0.3)) == pytest.approx(0, abs=1e-12)
    assert kl_divergence((0, 0, 10, 4, 0), (5, 0, 10, 4, 0)) == pytest.approx(0.5)
    assert np.isfinite(kl_divergence((0, 0, 10, 0, 0), (0, 0, 0, 0, 0)))


def test_pixels_agree_with_the_exact_overlap_of_boxes_of_many_pixels():
    rng = np.random.default_rng(4)
    boxes = np.column_stack([rng.uniform(0, 60, (50, 2)), rng.uniform(30, 90, (50, 2)), rng.uniform(-4, 4, 50)])
    others = boxes + rng.normal(0, 1, boxes.shape) * [5, 5, 5, 5, 0.2]
    np.testing.assert_allclose(pixels_iou(boxes, others), rotated_iou(boxes, others), atol=0.03)


def test_pixels_far_apart_share_nothing():
    np.testing.assert_array_equal(pixels_iou([(0, 0, 9, 5, 0.2)], [(1e5, 50, 9, 5, 0.2)]), [0])
    assert pixels_iou(np.empty((0, 5)), np.empty((0, 5))).shape == (0,)
    assert 0 <= pixels_iou([(0, 0, 0, 0, 0)], [(0, 0, 0, 0, 0)])[0] <= 1


def test_other_numbers_of_boxes_are_refused():
    with pytest.raises(ValueError, match=r'b: expected shape \(2, 5\) of two axes, got \(3, 5\)'):
        pixels_iou(np.ones((2, 5)), np.ones((3, 5)))
