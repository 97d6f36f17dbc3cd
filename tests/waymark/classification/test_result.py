# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.classification import UNKNOWN, decide

LABELS = ('a', 'b', 'c')


def test_the_best_class_is_the_label_and_all_classes_are_ranked():
    found = decide(np.array([0.2, 0.7, 0.1]), LABELS, 0.5, track_id='7')

    assert (found.label, found.score, found.track_id) == ('b', 0.7, '7')
    assert found.ranking == (('b', 0.7), ('a', 0.2), ('c', 0.1))
    assert found.is_known


@pytest.mark.parametrize(('threshold', 'label'), [(0.7, 'b'), (0.701, UNKNOWN), (0.0, 'b')])
def test_below_the_threshold_it_is_unknown(threshold, label):
    assert decide(np.array([0.2, 0.7, 0.1]), LABELS, threshold).label == label


def test_unknown_scores_what_the_best_class_lacks_and_keeps_the_ranking():
    found = decide(np.array([0.2, 0.4, 0.1]), LABELS, 0.5)

    assert (found.label, found.score, found.is_known) == (UNKNOWN, 0.6, False)
    assert found.ranking[0] == ('b', 0.4)


def test_what_is_like_nothing_is_unknown_whatever_the_threshold():
    found = decide(np.zeros(3), LABELS, 0.0)

    assert (found.label, found.score) == (UNKNOWN, 1.0)


def test_a_class_called_unknown_says_it_with_its_own_score():
    assert (found := decide(np.array([0.9, 0.1]), (UNKNOWN, 'a'), 0.5)).label == UNKNOWN
    assert found.score == 0.9


def test_of_equal_scores_the_first_class_wins():
    assert decide(np.array([0.5, 0.5]), ('x', 'y'), 0.5).label == 'x'


def test_another_number_of_scores_is_a_callers_bug():
    with pytest.raises(ValueError, match=r'scores: expected shape \(3,\), got \(2,\)'):
        decide(np.zeros(2), LABELS, 0.5)
