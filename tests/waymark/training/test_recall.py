# SPDX-License-Identifier: Apache-2.0
"""Recall@1 with an encoder whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.training.recall import RecallTest, build_test, recall_at_1
from waymark.training.recordings import Recording


def coded(values: list[int]) -> np.ndarray:
    """Pictures that are one number each."""
    return np.asarray(values, np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)


def encode(images: np.ndarray) -> np.ndarray:
    angle = images[:, 0, 0, 0] / 100
    return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def test_the_share_of_right_answers_is_counted():
    right = np.eye(4, dtype=bool)
    test = RecallTest(coded([10, 20, 30, 11]), coded([10, 20, 30, 40]), right, '')
    assert recall_at_1(test, encode) == 0.75


def test_with_positions_held_out_frames_are_sought_among_the_others():
    positions = np.array([[0, 0], [10, 0], [20, 0], [1, 0], [11, 0], [90, 0.0]])
    test = build_test(Recording(coded([10, 20, 30, 11, 21, 99]), np.arange(6), positions), 3, 1, 1.0, 5.0)
    assert test is not None
    assert len(test.queries) == 2  # nobody had been at 90 m before
    assert test.right.tolist() == [[True, False, False], [False, True, False]]
    assert recall_at_1(test, encode) == 1.0


def test_with_positions_that_never_come_back_nothing_is_measured():
    positions = np.arange(6)[:, None] * np.array([[100.0, 0.0]])
    assert build_test(Recording(coded([1] * 6), np.arange(6), positions), 2, 1, 1.0, 5.0) is None


def test_without_positions_held_out_frames_are_sought_under_change_in_the_whole_recording():
    frames = np.random.default_rng(0).integers(0, 256, (10, 24, 32, 3), np.uint8)
    first, second = (build_test(Recording(frames, np.arange(10)), 4, 1, 1.0, 5.0) for _ in range(2))
    assert first is not None and second is not None
    assert np.array_equal(first.queries, second.queries)  # the same question before and after
    assert first.database.shape == frames.shape
    assert first.right.sum(axis=1).tolist() == [3, 3, 3, 2]
    assert not np.array_equal(first.queries, frames[6:])


def test_a_query_without_any_answer_is_none_of_recall(recwarn):
    with pytest.raises(IndexError):
        recall_at_1(RecallTest(coded([1]), coded([1]), np.zeros((0, 1), bool), ''), encode)
