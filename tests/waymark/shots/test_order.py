# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.shots.order import order_likeness
from waymark.shots.signature import Signature
from waymark.types import Frame, Header


def sign(picture):
    return Signature(Frame(Header(1), np.clip(picture, 0, 255).astype(np.uint8)), 0)


@pytest.mark.parametrize('light', ['out', 'low', 'bright', 'gamma'])
def test_light_keeps_the_order(view, light):
    picture = view(1).astype(np.float64)
    lit = {
        'out': picture * 0.06,
        'low': picture * 0.3 + 8,
        'bright': picture * 1.6,
        'gamma': 255 * (picture / 255) ** 2,
    }
    assert order_likeness([sign(picture)], [sign(lit[light])]) > 0.88  # some is blown out


def test_other_scenes_have_another_order(view):
    found = [order_likeness([sign(view(a))], [sign(view(b))]) for a in range(5) for b in range(5, 10)]
    assert max(found) < 0.75


def test_a_negative_has_the_opposite_order(view):
    assert order_likeness([sign(view(1))], [sign(255 - view(1))]) < -0.9


def test_several_frames_are_told_through_noise_that_hides_a_single_one(view):
    rng = np.random.default_rng(0)
    dark = [sign(view(1) * 0.06 + rng.normal(0, 12, view(1).shape)) for _ in range(4)]
    bright = [sign(view(1)) for _ in range(4)]
    assert order_likeness(dark, bright) > order_likeness(dark[:1], bright[:1]) + 0.1


def test_bars_and_what_is_blown_out_do_not_count():
    barred, white = np.zeros((90, 160, 3)), np.full((90, 160, 3), 255)
    assert order_likeness([sign(barred)], [sign(barred)]) == 0.0
    assert order_likeness([sign(white)], [sign(white)]) == 0.0


def test_equal_brightness_everywhere_has_no_order():
    assert order_likeness([sign(np.full((90, 160, 3), 90))], [sign(np.full((90, 160, 3), 150))]) == 0.0
