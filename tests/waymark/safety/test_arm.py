# SPDX-License-Identifier: Apache-2.0
"""Joints, tick by tick."""

import numpy as np
import pytest
from safety_runs import ARM, Run, arm_at

from waymark.safety import Command, Reason, State


def test_an_arm_sends_nothing_before_its_positions_are_known_and_starts_from_them():
    run = Run(**ARM)
    out = run.ticks(2, 0.5, 0.5)[-1]
    assert out.values is None and out.state is State.BLIND and 'joint_states' in out.reason
    run.filter.set_joints(np.array([0.3, -0.2]), run.steady)
    first = run.ticks(1, 0.5, 0.5)[0].values
    np.testing.assert_allclose(first, [0.3 + 4.0 * 0.02**2, -0.2 + 4.0 * 0.02**2])


@pytest.mark.parametrize('jerk', [(), (30.0, 30.0)])
def test_an_arm_comes_to_rest_on_its_goal_without_passing_it(jerk):
    values = np.array([o.values for o in arm_at(0.0, 0.0, max_jerk=jerk).ticks(120, 0.8, -0.3)])
    assert values[-1].tolist() == [0.8, -0.3]
    assert values[:, 0].max() == 0.8 and values[:, 1].min() == -0.3
    assert np.abs(np.diff(values, axis=0)).max() <= 1.0 * 0.02 + 1e-12


def test_an_arm_never_passes_its_range_and_says_so():
    out = arm_at(0.0, 0.0).ticks(150, 3.0, -3.0)[-1]
    np.testing.assert_allclose(out.values, [1.0, -1.0], atol=1e-6)
    assert {i.reason for i in out.interventions} == {Reason.POSITION}


def test_an_arm_follows_a_way_in_time():
    run = arm_at(0.0, 0.0, max_command_age_s=2.0)
    times, points = np.array([0.5, 1.0]), np.array([[0.2, 0.0], [0.2, -0.2]])
    way, seen = Command('policy', run.now, points, times, ('a', 'b')), []
    for _ in range(60):
        assert run.filter.receive(way, run.now, run.steady) is None  # said again, so that the watchdog hears it
        seen.append(run.tick().values)
    assert seen[12].tolist() == pytest.approx([0.2 * 0.52, 0.0], abs=0.02)  # it had to get going
    assert seen[-1].tolist() == [0.2, -0.2]


def test_an_arm_holds_in_an_e_stop_and_goes_on_from_where_it_is_then():
    run = arm_at(0.0, 0.0)
    held = run.ticks(20, 0.8, 0.8)[-1].values
    run.filter.engage('test')
    assert all((o.values == held).all() and not o.velocity.any() for o in run.ticks(5, 0.8, 0.8))
    run.filter.set_joints(np.array([0.5, 0.5]), run.steady)  # pushed by hand
    run.filter.release(run.now)
    np.testing.assert_allclose(run.wait().ticks(1, 0.8, 0.8)[0].values, 0.5 + 4.0 * 0.02**2)


def test_an_arm_that_no_longer_says_where_it_is_comes_to_rest_within_its_limits_and_goes_on_when_it_does():
    run = arm_at(0.0, 0.0)
    run.ticks(10, 0.8, 0.8)
    run.reports = False
    out = run.ticks(60, 0.8, 0.8)
    assert [o.state for o in out[:25]] == [State.RUNNING] * 25  # 0.5 s after it was last heard
    assert out[25].state is State.BLIND and 'no joint states younger than 0.5 s' in out[25].reason
    steps = np.diff([o.values for o in out[24:]], axis=0)
    assert np.abs(np.diff(steps, axis=0)).max() <= 4.0 * 0.02**2 + 1e-12
    assert not out[-1].velocity.any()
    held = out[-1].values
    run.filter.set_joints(held, run.steady)
    np.testing.assert_allclose(run.ticks(1, -0.8, -0.8)[0].values, held - 4.0 * 0.02**2)


def test_an_arm_that_is_released_without_joint_states_sends_nothing_rather_than_where_it_was():
    run = arm_at(0.0, 0.0)
    run.ticks(10, 0.8, 0.8)
    run.filter.engage('test')
    run.reports = False
    assert run.tick(1.0).values is not None
    run.filter.release(run.now)
    assert run.ticks(1, 0.8, 0.8)[0].values is None
