# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.safety.braking import StoppingTable, braking_path
from waymark.safety.limits import AxisLimits, step


def test_without_jerk_limit_a_stop_takes_v_over_a():
    lim = AxisLimits.of([1.0], [2.0], period_s=0.02)
    path = braking_path(np.array([1.0]), np.zeros(1), lim)
    np.testing.assert_allclose(path[:, 0], 1.0 - 0.04 * np.arange(26), atol=1e-12)


def test_with_jerk_limit_the_path_is_that_of_single_steps_towards_zero():
    lim = AxisLimits.of([1.0, 2.0], [2.0, 1.0], [10.0, 4.0], 0.02)
    v, a = np.array([1.0, -1.5]), np.array([0.0, 0.5])
    path = braking_path(v, a, lim)
    for expected in path[1:]:
        v, a = step(v, a, np.zeros(2), np.zeros(2), lim)
        np.testing.assert_allclose(v, expected, atol=1e-9)
    assert not path[-1].any()


def test_a_vehicle_at_rest_has_stopped():
    lim = AxisLimits.of([1.0], [2.0], [10.0], 0.02)
    assert braking_path(np.zeros(1), np.zeros(1), lim).shape == (1, 1)


@pytest.mark.parametrize('jerk', [None, [0.01]])
def test_a_stop_that_takes_minutes_is_refused(jerk):
    lim = AxisLimits.of([10.0], [0.01], jerk, 0.02)
    with pytest.raises(ConfigError, match='stopping takes longer than 60 s'):
        StoppingTable(lim)


@pytest.mark.parametrize('jerk', [None, [3.0], [50.0]])
def test_the_table_never_says_less_than_the_stop_takes(jerk):
    lim = AxisLimits.of([1.0], [2.0], jerk, 0.02)
    table, rng = StoppingTable(lim), np.random.default_rng(0)
    v, a = np.zeros((500, 1)), np.zeros((500, 1))
    for _ in range(80):
        v, a = step(v, a, rng.normal(0, 1, v.shape), np.zeros_like(v), lim)
        way = np.abs(braking_path(v, a, lim)[1:].cumsum(axis=0) * 0.02).max(axis=0, initial=0.0)
        assert (table.reach(v, a) >= way - 1e-12).all()
        assert (table.reach(v, a) <= table.longest_m + 1.0).all()
