# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.search.moments import find_moments


def moments(similarity, gap_s=2.0, most=10, peaks=None, step_s=1.0):
    """(peak, first, last) of the moments of a series with one frame per `step_s`."""
    values = np.array(similarity, np.float32)
    times_s = np.arange(len(values)) * step_s
    found = find_moments(times_s, values, range(len(values)) if peaks is None else peaks, gap_s, most)
    return [(m.peak, m.first, m.last) for m in found]


def test_neighbouring_frames_are_one_moment_from_half_height_to_half_height():
    assert moments([0, 0, 0, 0, 0, 0.3, 0.6, 0.9, 1, 0.9, 0.4, 0, 0, 0, 0, 0]) == [(8, 6, 9), (0, 0, 4), (11, 11, 15)]


def test_the_best_moments_come_first_and_no_more_than_are_wanted():
    series = [0.1] * 5 + [0.7] * 3 + [0.1] * 9 + [0.9] * 3 + [0.1] * 5
    assert moments(series, most=2) == [(17, 17, 19), (5, 5, 7)]


def test_a_dip_that_is_shorter_than_the_gap_does_not_end_a_moment():
    series = [0, 0, 0, 0, 0.9, 0.2, 0.9, 0.2, 0.2, 0.2, 0.9, 0, 0, 0, 0, 0]
    assert moments(series, gap_s=2.0, most=2) == [(4, 4, 6), (10, 10, 10)]
    assert moments(series, gap_s=5.0, most=1) == [(4, 4, 10)]


def test_moments_lie_at_least_the_gap_apart():
    found = moments(np.random.default_rng(1).random(200), gap_s=1.0, most=99, step_s=0.5)
    ordered = sorted((first, last) for _, first, last in found)
    assert len(found) > 5
    assert all((after[0] - before[1]) * 0.5 >= 1 for before, after in zip(ordered, ordered[1:], strict=False))


def test_a_camera_that_stands_still_has_one_moment():
    wavering = 0.98 + 0.005 * np.random.default_rng(2).standard_normal(300)
    assert len(moments(wavering, most=99)) == 1


def test_without_a_gap_every_frame_is_a_moment():
    assert moments([0.5, 0.9, 0.8], gap_s=0.0) == [(1, 1, 1), (2, 2, 2), (0, 0, 0)]


def test_frames_that_show_nothing_are_in_no_ranking_and_end_no_moment_by_themselves():
    nan = float('nan')
    assert moments([nan, 0.1, 0.9, nan, 0.9, 0.1, 0.1, 0.1, nan], most=1) == [(2, 2, 4)]
    assert moments([nan, nan]) == []


def test_only_frames_of_which_there_is_a_picture_stand_for_a_moment():
    assert moments([0.1, 0.1, 0.8, 0.9, 0.8, 0.1, 0.1, 0.1], peaks=[0, 2], most=1) == [(2, 2, 4)]


def test_of_equals_the_earlier_comes_first():
    assert moments([0.5, 0.5, 0.5], gap_s=0.0) == [(0, 0, 0), (1, 1, 1), (2, 2, 2)]


@pytest.mark.parametrize('count', [0, 1])
def test_no_frame_is_no_moment_and_one_is_one(count):
    assert moments([0.3] * count) == [(0, 0, 0)] * count
