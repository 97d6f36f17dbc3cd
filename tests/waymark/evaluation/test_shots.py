# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from waymark.errors import ConfigError
from waymark.evaluation.shots import ShotTruth, read_truth, score_boundaries
from waymark.shots import Boundary
from waymark.types import Header


def found(kind, index, start=None):
    start = index if start is None else start
    return Boundary(kind, index, Header(index + 1), start, start + 1, 1.0)


def test_precision_recall_and_f1_are_counted_one_to_one():
    cuts = [found('cut', i) for i in (10, 11, 50, 70)]
    score = score_boundaries(cuts, ShotTruth((10, 50, 90)), 1)
    assert (score.detected, score.false_positives, score.missed) == (4, 2, 1)
    assert (score.precision, score.recall, score.f1) == (0.5, pytest.approx(2 / 3), pytest.approx(4 / 7))


def test_the_tolerance_is_in_frames():
    cuts, truth = [found('cut', 31)], ShotTruth((30,))
    assert score_boundaries(cuts, truth, 0).f1 == 0.0
    assert score_boundaries(cuts, truth, 1).f1 == 1.0


def test_as_many_boundaries_as_can_be_are_cuts():
    score = score_boundaries([found('cut', 29), found('cut', 30)], ShotTruth((30, 31)), 1)
    assert score.f1 == 1.0
    assert score_boundaries([found('cut', 29), found('cut', 30)], ShotTruth((30,)), 1).false_positives == 1


def test_gradual_changes_that_the_truth_does_not_list_are_not_counted():
    boundaries = [found('cut', 30), found('dissolve', 90, 70), found('fade', 200, 180)]
    assert score_boundaries(boundaries, ShotTruth((30,)), 0).f1 == 1.0
    score = score_boundaries(boundaries, ShotTruth((30, 200)), 0)
    assert (score.detected, score.f1) == (2, 1.0)


def test_gradual_changes_that_the_truth_lists_are_found_anywhere_on_them():
    truth = ShotTruth((30,), ((70, 90), (300, 320)))
    score = score_boundaries([found('cut', 30), found('cut', 80), found('dissolve', 250, 240)], truth, 0)
    assert (score.detected, score.false_positives, score.missed) == (3, 1, 1)


@pytest.mark.parametrize(('detected', 'precision'), [([], 1.0), ([5], 0.0)])
def test_a_recording_without_cuts_has_scores_too(detected, precision):
    score = score_boundaries([found('cut', i) for i in detected], ShotTruth(()), 0)
    assert (score.precision, score.recall, score.f1) == (precision, 1.0, precision)


def test_a_truth_file_is_read(tmp_path):
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps({'cuts': [9, 3], 'gradual': [[5, 8]]}))
    assert read_truth(path, 10) == ShotTruth((3, 9), ((5, 8),))
    path.write_text('{"cuts": []}')
    assert read_truth(path, 10) == ShotTruth((), None)


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('cuts', 'not JSON'),
        ('[1]', 'no list "cuts"'),
        ('{"cuts": [10]}', '10 is no frame of the recording, which has 0 to 9'),
        ('{"cuts": [1.5]}', '1.5 is no frame'),
        ('{"cuts": [1], "gradual": [4]}', 'pairs of frames'),
    ],
)
def test_a_wrong_truth_file_is_refused_with_what_it_should_be(tmp_path, content, said):
    path = tmp_path / 'truth.json'
    path.write_text(content)
    with pytest.raises(ConfigError, match=said):
        read_truth(path, 10)


def test_a_missing_truth_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r'gone\.json: No such file'):
        read_truth(tmp_path / 'gone.json', 10)
