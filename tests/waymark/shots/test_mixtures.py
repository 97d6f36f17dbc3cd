# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.shots.mixtures import mixed_extent
from waymark.shots.signature import Signature
from waymark.shots.views import Views
from waymark.types import Frame, Header


def extent(pictures):
    return mixed_extent([Signature(Frame(Header(1), p), i) for i, p in enumerate(pictures)], Views(0.45))


def mixed(a, b, share):
    return np.rint((1 - share) * a + share * b.astype(np.float64)).astype(np.uint8)


@pytest.mark.parametrize('length', [9, 12, 15])
def test_mixtures_of_two_pictures_are_found_where_they_begin_and_end(view, length):
    shares = np.arange(1, length + 1) / (length + 1)
    before, after = 2, 2 + 15 - length
    row = [view(1)] * before + [mixed(view(1), view(2), s) for s in shares] + [view(2)] * after
    assert extent(row) == (before, before + length)


def test_both_shots_may_move_while_they_are_mixed(view):
    shares = np.clip((np.arange(21) - 2) / 16, 0, 1)
    row = [mixed(view(1, 150 + 4 * i), view(2, 300 - 3 * i), s) for i, s in enumerate(shares)]
    begin, end = extent(row)
    assert abs(begin - 2) <= 1 and abs(end - 18) <= 1


def test_a_cut_is_no_mixture(view):
    assert extent([view(1)] * 10 + [view(2)] * 10) is None


def test_what_passes_before_the_camera_and_stays_is_no_mixture(view):
    row = [np.where(np.arange(256)[None, :, None] < 16 * i, view(2), view(1)) for i in range(17)]
    assert extent(row) is None


def test_a_pan_is_no_mixture(view):
    assert extent([view(1, 20 + 20 * i) for i in range(17)]) is None


def test_a_mixture_that_stops_halfway_or_goes_back_is_none(view):
    to_half = [mixed(view(1), view(2), s) for s in np.linspace(0, 0.5, 10)]
    assert extent(to_half + to_half[::-1]) is None
