# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.evaluation.figures import area_under, precision_recall, recall_at, recall_at_full_precision


def test_recall_counts_answerable_queries_only():
    right = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 0], [1, 1, 1]], bool)
    answerable = np.array([True, True, True, False])
    assert [recall_at(right, answerable, k) for k in (1, 2, 3, 9)] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_every_figure_is_zero_without_queries():
    none = np.zeros(0, bool)
    curve = precision_recall(np.zeros(0), none, none)
    assert recall_at(np.zeros((0, 5), bool), none, 1) == 0
    assert area_under(*curve) == 0 and recall_at_full_precision(*curve) == 0


def test_the_curve_is_as_counted_by_hand():
    # Scores 9, 8, 8, 7, 5 and one without an answer; four queries have a right one.
    score = np.array([8, 9, 5, 8, 7, -np.inf])
    right = np.array([True, True, True, False, False, False])
    answerable = np.array([True, True, True, False, True, False])
    precision, recall = precision_recall(score, right, answerable)
    np.testing.assert_allclose(precision, [1, 2 / 3, 2 / 4, 3 / 5])  # equal scores are accepted together
    np.testing.assert_allclose(recall, [1 / 4, 2 / 4, 2 / 4, 3 / 4])
    assert area_under(precision, recall) == pytest.approx(1 / 4 + 2 / 3 / 4 + 3 / 5 / 4)
    assert recall_at_full_precision(precision, recall) == 1 / 4


def test_a_wrong_best_score_leaves_nothing_at_full_precision():
    curve = precision_recall(np.array([9.0, 8.0]), np.array([False, True]), np.array([True, True]))
    assert recall_at_full_precision(*curve) == 0


def test_sizes_that_differ_are_refused():
    with pytest.raises(ValueError, match='answerable: expected shape'):
        recall_at(np.zeros((2, 5), bool), np.zeros(3, bool), 1)
    with pytest.raises(ValueError, match='right: expected shape'):
        precision_recall(np.zeros(3), np.zeros(2, bool), np.zeros(3, bool))
