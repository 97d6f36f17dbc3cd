# SPDX-License-Identifier: Apache-2.0
"""Changes of light and camera: decided by the generator, nothing at strength 0."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.training.looks import change_look, turn_camera

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


@pytest.mark.parametrize('change', [change_look, turn_camera])
def test_the_generator_decides(change):
    first, second = (change(IMAGE, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, change(IMAGE, np.random.default_rng(6)))
    assert first.shape == IMAGE.shape
    assert first.dtype == np.uint8


def test_no_strength_changes_nothing_but_rounding():
    changed = change_look(IMAGE, np.random.default_rng(5), 0.0)
    assert np.abs(changed.astype(int) - IMAGE).max() <= 1
    assert np.array_equal(turn_camera(IMAGE, np.random.default_rng(5), 0.0), IMAGE)


def test_the_picture_that_comes_in_stays_as_it_is():
    before = IMAGE.copy()
    for seed in range(8):
        change_look(IMAGE, np.random.default_rng(seed))
    assert np.array_equal(IMAGE, before)
