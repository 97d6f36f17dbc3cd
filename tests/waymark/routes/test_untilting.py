# SPDX-License-Identifier: Apache-2.0
"""Tilts of keyframes, found by odometry."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.routes import Planar
from waymark.routes.untilting import down_by, seeming_offsets, true_step


def test_offsets_are_found_although_odometry_has_another_scale_and_sees_no_wind():
    rng = np.random.default_rng(0)
    true = [Planar(3.3, 0.1 * k, 0.06) for k in range(-15, 15)]
    offsets = rng.normal(0, 0.24, (len(true) + 1, 2))
    # A step between seeming places is what true_step takes apart again.
    seen = [true_step(step, -offsets[i], -offsets[i + 1]) for i, step in enumerate(true)]
    odometry = [Planar(1.05 * s.x_m, 1.05 * s.y_m, s.yaw_rad) for s in true]

    found = seeming_offsets(seen, odometry, [1.1] * len(true), 0.24)

    left = found - offsets
    assert left.std(axis=0).max() < offsets.std() / 2
    assert np.abs(left.mean(axis=0)).max() < 0.15  # what all have in common nothing can tell from the place


def test_a_true_step_is_the_seen_one_without_both_offsets():
    step = true_step(Planar(3.0, 0.0, np.pi / 2), np.array([0.2, 0.0]), np.array([0.1, 0.0]))

    assert step.array == pytest.approx([3.2, -0.1, np.pi / 2])  # the next one's ahead is this one's left


def test_without_tilt_nothing_is_found():
    steps = [Planar(3.0, 0.0, 0.1)] * 8

    assert seeming_offsets(steps, steps, [1.0] * 8, 0.24) == pytest.approx(np.zeros((9, 2)), abs=1e-9)
    assert down_by(np.zeros(2), 20.0) == pytest.approx([0.0, 0.0, 1.0])
