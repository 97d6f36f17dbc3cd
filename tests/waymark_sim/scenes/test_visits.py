# SPDX-License-Identifier: Apache-2.0
"""Generated worlds: the same seed the same pictures, the same place more alike than another."""

from __future__ import annotations

import numpy as np
import pytest

from waymark_sim.scenes.textures import fractal, make_bank
from waymark_sim.scenes.visits import KINDS, SIZE_WH, visit_world


@pytest.mark.parametrize('seed', range(len(KINDS)))
def test_each_kind_of_world_is_decided_by_its_seed(seed):
    first, second = visit_world(seed, 3, 2), visit_world(seed, 3, 2)
    assert first.shape == (3, 2, SIZE_WH[1], SIZE_WH[0], 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert first.std() > 5


def test_worlds_of_other_seeds_differ():
    assert not np.array_equal(visit_world(0, 2, 1), visit_world(6, 2, 1))


def test_views_of_one_place_are_more_alike_than_views_of_others():
    views = np.concatenate([visit_world(seed, 6, 2) for seed in range(4)])
    small = views.reshape(24, 2, 12, 9, 16, 9, 3).mean(axis=(3, 5)).reshape(24, 2, -1)
    small -= small.mean(axis=2, keepdims=True)
    small /= np.linalg.norm(small, axis=2, keepdims=True)
    similarity = small[:, 0] @ small[:, 1].T
    assert np.diag(similarity).mean() > similarity.mean() + 0.15


def test_noise_has_the_spectrum_that_is_asked_of_photographs():
    rng = np.random.default_rng(3)
    power = np.mean([np.abs(np.fft.rfft2(fractal(rng))) ** 2 for _ in range(20)], axis=0)
    low, high = power[0, 4], power[0, 64]
    slope = np.log(low / high) / np.log(64 / 4) / 2  # amplitude falls as 1 / f^slope
    assert 0.7 < slope < 1.9


def test_a_bank_holds_as_many_textures_as_asked_and_none_is_even():
    bank = make_bank(np.random.default_rng(0), 24)
    assert len(bank) == 24
    assert all(t.shape == (256, 256, 3) and t.std() > 0.3 for t in bank)
