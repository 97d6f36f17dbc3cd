# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.classification import Classified
from waymark.labelling.recording import PICTURE_PX, Row, Stretches, changes_per_100
from waymark.types import Frame, Header

SECOND = 10**9


def row(number: int, label: str, score: float) -> tuple[Row, Frame]:
    """A picture as bright as its number says."""
    pixels = np.full((60, 80, 3), 10 * number, np.uint8)
    found = Classified(label, score, ((label, score),))
    return Row(number, SECOND + number, found), Frame(Header(SECOND + number), pixels)


def stretches(*items: tuple[str, float], each_alone: bool = False) -> Stretches:
    joined = Stretches(each_alone)
    for number, (label, score) in enumerate(items):
        joined.add(*row(number, label, score))
    return joined


def test_images_in_a_row_with_one_label_are_one_stretch_shown_by_its_best_image():
    first, second, third = stretches(('a', 0.6), ('a', 0.9), ('a', 0.6), ('b', 0.5), ('a', 0.8)).all()

    assert (first.label, first.first, first.last, first.count) == ('a', 0, 2, 3)
    assert (first.first_ns, first.last_ns) == (SECOND, SECOND + 2)
    assert (first.score, first.best, first.best_score) == (pytest.approx(0.7), 1, 0.9)
    assert abs(int(first.rgb[30, 40, 0]) - 10) <= 2
    assert [(s.label, s.first, s.last) for s in (second, third)] == [('b', 3, 3), ('a', 4, 4)]


def test_photographs_are_each_a_stretch_of_their_own():
    assert [s.first for s in stretches(('a', 1.0), ('a', 1.0), each_alone=True).all()] == [0, 1]


def test_changes_are_counted_per_hundred_images():
    assert changes_per_100(stretches(*[('a', 1.0)] * 9, ('b', 1.0)).all()) == pytest.approx(10.0)
    assert changes_per_100([]) == 0.0


def test_large_pictures_are_kept_smaller():
    joined = Stretches()
    found = Classified('a', 1.0, (('a', 1.0),))
    joined.add(Row(0, SECOND, found), Frame(Header(SECOND), np.full((1000, 2000, 3), 90, np.uint8)))

    assert joined.all()[0].rgb.shape == (PICTURE_PX // 2, PICTURE_PX, 3)
