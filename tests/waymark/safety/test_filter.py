# SPDX-License-Identifier: Apache-2.0
"""The whole filter, tick by tick."""

import numpy as np
import pytest
from safety_runs import Run

from waymark.errors import ConfigError
from waymark.safety import Reason, SafetyConfig, State


def test_a_command_within_the_limits_comes_out_as_it_went_in_without_an_intervention():
    out = Run(max_acceleration=(50.0, 0, 0, 0, 0, 50.0)).ticks(3, 0.4, 0, 0, 0, 0, 0.9)[-1]
    assert out.state is State.RUNNING and out.reason == ''
    assert out.values.tolist() == [0.4, 0, 0, 0, 0, 0.9]
    assert out.interventions == ()


def test_an_intervention_names_axis_limit_and_both_values():
    first = Run().ticks(1, 0.9, 0.2, 0, 0, 0, 0)[0]
    said = {(i.axis, i.reason): (i.requested, i.allowed) for i in first.interventions}
    assert said == {
        ('linear.x', Reason.VELOCITY): (0.9, 0.5),
        ('linear.x', Reason.ACCELERATION): (0.9, pytest.approx(0.01)),
        ('linear.y', Reason.VELOCITY): (0.2, 0.0),
    }


def test_jerk_is_named_when_it_is_jerk():
    first = Run(max_jerk=(1.0, 0, 0, 0, 0, 1.0)).ticks(1, 0.009)[0]
    assert [i.reason for i in first.interventions] == [Reason.JERK]


def test_it_starts_latched_and_moves_only_after_a_release():
    run = Run(latched_at_start=True)
    assert [o.state for o in run.ticks(3, 0.4)] == [State.STOPPED] * 3
    assert run.filter.release(run.now) == ''
    assert run.tick().state is State.WAITING  # what was said before does not count
    assert run.ticks(2, 0.4)[-1].state is State.RUNNING


def test_an_e_stop_is_zero_in_the_very_next_tick_from_top_speed_and_stays():
    run = Run()
    assert run.ticks(60, 0.5)[-1].values[0] == 0.5
    run.filter.engage('dog')
    out = run.ticks(5, 0.5)
    assert all(not o.values.any() and o.state is State.STOPPED for o in out)
    assert out[0].reason == 'e-stop: dog'
    run.filter.release(run.now)
    assert run.wait().ticks(1, 0.5)[0].values[0] == pytest.approx(0.01)  # from rest again


def test_an_e_stop_that_is_released_before_a_tick_still_stops_for_one():
    run = Run()
    run.ticks(60, 0.5)
    run.filter.engage('slip')
    run.filter.release(run.now)
    out = run.tick()
    assert out.state is State.STOPPED and not out.values.any()
    assert run.ticks(1, 0.5)[0].state is State.RUNNING


def test_a_pressed_button_refuses_the_release_and_letting_go_does_not_release():
    run = Run()
    run.filter.press(True, 'button')
    assert 'still pressed' in run.filter.release(run.now)
    run.filter.press(False, 'button')
    assert run.tick().state is State.STOPPED
    assert run.filter.release(run.now) == ''
    assert run.tick().state is State.WAITING


def test_silence_brakes_a_base_within_its_limits_once_the_watchdog_is_over():
    run = Run()
    run.ticks(60, 0.5)
    out = [run.tick() for _ in range(80)]
    speeds = np.array([o.values[0] for o in out])
    assert (speeds[:14] == 0.5).all()  # 0.3 s after the last command
    np.testing.assert_allclose(np.diff(speeds[13:63]), -0.01, atol=1e-12)
    assert speeds[63] == 0.0 and out[20].state is State.WAITING


def test_a_drone_calls_its_autopilot_after_a_while_and_takes_the_call_back():
    run = Run(vehicle='drone', handover_after_s=1.0)
    run.ticks(3, 0.2)
    assert [run.tick(0.25).hand_over for _ in range(6)] == [False] * 4 + [True] * 2
    assert run.ticks(1, 0.2)[0].hand_over is False


def test_a_base_never_calls_an_autopilot():
    run = Run()
    assert not run.tick(100.0).hand_over


def test_tighter_limits_hold_soon_and_the_way_there_keeps_the_old_ones():
    run = Run()
    run.ticks(60, 0.5)
    run.filter.change(SafetyConfig(latched_at_start=False, max_velocity=(0.2, 0, 0, 0, 0, 1.0)))
    speeds = np.array([o.values[0] for o in run.ticks(40, 0.5)])
    np.testing.assert_allclose(np.diff(speeds[:30]), -0.01, atol=1e-12)
    assert (speeds[30:] == 0.2).all()


def test_what_a_vehicle_is_can_not_change_while_it_runs():
    with pytest.raises(ConfigError, match='rate_hz: can not change while the filter runs'):
        Run().filter.change(SafetyConfig(latched_at_start=False, rate_hz=20.0))


def test_a_retired_filter_comes_to_rest_whatever_is_said():
    run = Run()
    run.ticks(60, 0.5)
    run.filter.retire()
    assert run.ticks(60, 0.5)[-1].values[0] == 0.0
