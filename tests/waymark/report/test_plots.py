# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from waymark.report.plots import TimeAxis, clock, counted, round_step, round_time_step, state_runs


@pytest.mark.parametrize(
    ('seconds', 'decimals', 'text'),
    [(0, 0, '0:00'), (7.26, 1, '0:07.3'), (59.96, 1, '1:00.0'), (62, 0, '1:02'), (3600, 0, '1:00:00')],
)
def test_times_read_like_a_clock(seconds, decimals, text):
    assert clock(seconds, decimals) == text


@pytest.mark.parametrize(('target', 'step'), [(0, 0), (1, 1), (1.1, 2), (2.5, 5), (5.5, 10), (0.03, 0.05), (100, 100)])
def test_steps_are_round_and_not_below_the_target(target, step):
    assert round_step(target) == pytest.approx(step)


@pytest.mark.parametrize(('target', 'step'), [(0, 0), (0.3, 0.5), (7, 10), (16, 30), (61, 120), (4000, 7200)])
def test_time_steps_are_round_in_seconds_and_minutes(target, step):
    assert round_time_step(target) == pytest.approx(step)


def test_an_axis_of_two_minutes_is_labelled_every_quarter_minute():
    ticks = TimeAxis(120.0).ticks()
    assert [t.label for t in ticks[:3]] == ['0:00', '0:15', '0:30']
    assert [t.percent for t in ticks[:3]] == [0.0, 12.5, 25.0]


def test_labels_less_than_a_second_apart_differ():
    assert [t.label for t in TimeAxis(2.9).ticks()][:3] == ['0:00.0', '0:00.5', '0:01.0']
    assert [t.label for t in TimeAxis(0.3).ticks()][:3] == ['0:00.00', '0:00.05', '0:00.10']
    assert [t.label for t in TimeAxis(5.0).ticks()] == ['0:00', '0:01', '0:02', '0:03', '0:04', '0:05']


def test_an_axis_without_length_has_one_tick():
    assert [t.label for t in TimeAxis(0.0).ticks()] == ['0:00']


def test_equal_neighbours_join_and_gaps_stay_open():
    axis = TimeAxis(10.0)
    runs = state_runs([(0, 'A'), (1, 'A'), (2, 'B'), (8, 'B')], axis, gap_s=2.0)
    assert [(r.state, r.percent, r.width) for r in runs] == [('A', 0, 20), ('B', 20, 20), ('B', 80, 20)]


def test_the_state_of_a_single_frame_fills_the_axis():
    assert [(r.percent, r.width) for r in state_runs([(0.0, 'A')], TimeAxis(0.0), gap_s=2.0)] == [(0, 100)]


def test_no_samples_give_no_runs():
    assert state_runs([], TimeAxis(10.0), gap_s=1.0) == []


@pytest.mark.parametrize(
    ('count', 'noun', 'text'),
    [(0, 'frame', '0 frames'), (1, 'match', '1 match'), (1200, 'match', '1,200 matches')],
)
def test_counts_agree_with_their_noun(count, noun, text):
    assert counted(count, noun) == text
