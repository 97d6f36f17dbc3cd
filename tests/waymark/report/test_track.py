# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.report.track import Track, lap_starts


def circle(laps: float, per_lap: int = 100) -> Track:
    phase = np.arange(round(laps * per_lap) + 1) * 2 * np.pi / per_lap
    xyz = np.column_stack((10 * np.cos(phase), 10 * np.sin(phase), np.zeros_like(phase)))
    return Track('/ground_truth', np.arange(len(phase)) * 1000, xyz)


@pytest.mark.parametrize(
    ('laps', 'starts'),
    [(0.9, [0]), (1.0, [0]), (2.0, [0, 100_000]), (2.5, [0, 100_000, 200_000]), (0.01, [0])],
)
def test_laps_start_where_the_path_comes_back(laps, starts):
    assert lap_starts(circle(laps)) == starts


def test_a_path_that_never_comes_back_is_one_lap():
    xyz = np.column_stack((np.arange(50.0), np.zeros(50), np.zeros(50)))
    assert lap_starts(Track('/odom', np.arange(50), xyz)) == [0]


def test_standing_still_is_one_lap():
    assert lap_starts(Track('/odom', np.arange(9), np.zeros((9, 3)))) == [0]


def test_no_track_has_no_laps():
    assert lap_starts(None) == []


def test_positions_between_samples_are_linear_and_none_outside():
    track = Track('/odom', np.array([10**18, 10**18 + 1000]), np.array([[0.0, 0, 0], [4.0, 2, 0]]))
    assert track.at(10**18 + 250) == pytest.approx((1.0, 0.5))
    assert track.at(10**18 - 1) is None
    assert track.at(10**18 + 1001) is None


def test_length_is_over_ground():
    track = Track('/odom', np.arange(3), np.array([[0.0, 0, 0], [3.0, 4, 50], [3.0, 5, 0]]))
    assert track.length_m == pytest.approx(6.0)


def flown_and_carried() -> Track:
    """10 m at 2 m/s, back to the start within a tenth of a second, and 10 m again."""
    x = np.concatenate([np.arange(51) * 0.2, np.arange(51) * 0.2])
    return Track('/ground_truth', np.arange(102) * 100_000_000, np.column_stack([x, 0 * x, 0 * x]))


def test_being_carried_is_no_flying():
    track = flown_and_carried()

    assert np.flatnonzero(track.carried).tolist() == [50]
    assert track.length_m == pytest.approx(20.0)


@pytest.mark.parametrize('metres_per_second', [0.5, 3.0, 45.0, 300.0])
def test_flying_is_not_being_carried_however_fast(metres_per_second):
    x = np.arange(50) * 0.1 * metres_per_second
    x[25:] += x[3]  # an image was lost: a longer step

    assert not Track('/odom', np.arange(50) * 100_000_000, np.column_stack([x, 0 * x, 0 * x])).carried.any()
