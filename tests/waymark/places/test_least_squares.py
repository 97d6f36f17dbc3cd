# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.places.least_squares import minimize

GROUPS = np.arange(8)
VALUES = np.array([0.0, 1.0] * 4)


def moved(state, by):
    return state + by


def test_a_mean_is_found():
    found = minimize(np.array([9.0]), lambda s: (s - VALUES)[:, None], moved, 1, GROUPS)
    assert found.state[0] == pytest.approx(0.5, abs=1e-9)
    assert 0.17 < np.sqrt(found.covariance[0, 0]) < 0.25, 'about .5 / sqrt(8 - 1)'


def test_a_bent_curve_is_followed_to_its_zero():
    found = minimize(np.array([1.0]), lambda s: (np.exp(s) - 2 + 0.1 * VALUES - 0.05)[:, None], moved, 1, GROUPS)
    assert found.state[0] == pytest.approx(np.log(2), abs=1e-6)


def test_steps_that_stay_long_lead_nowhere():
    """exp(-s) has no zero: each step goes on by 1."""
    assert minimize(np.array([0.0]), lambda s: np.full((8, 1), np.exp(-s[0])), moved, 1, GROUPS) is None
