# SPDX-License-Identifier: Apache-2.0
"""The whole filter, tick by tick."""

import numpy as np
import pytest

from waymark.errors import ConfigError
from waymark.safety import Command, Pose, Reason, SafetyConfig, SafetyFilter, State

T = 1_000_000_000_000_000
S = 1_000_000_000
SQUARE = (-2.0, -2.0, 2.0, -2.0, 2.0, 2.0, -2.0, 2.0)
ARM = {
    'vehicle': 'arm', 'joints': ('a', 'b'), 'max_velocity': (1.0, 1.0), 'max_acceleration': (4.0, 4.0),
    'min_position': (-1.0, -1.0), 'max_position': (1.0, 1.0),
}  # fmt: skip


class Run:
    """A filter and its clocks, one tick at a time."""

    def __init__(self, **parameters):
        self.config = SafetyConfig(**{'latched_at_start': False, **parameters})
        self.filter = SafetyFilter(self.config)
        self.now, self.steady = T, 7 * S

    def say(self, *values, source='policy', **more):
        values = np.array(values if len(values) > 1 else (values[0], 0, 0, 0, 0, 0), float)
        joints = self.config.joints
        return self.filter.receive(Command(source, self.now, values, joints=joints, **more), self.now, self.steady)

    def at(self, x=0.0, y=0.0, yaw=0.0, z=0.0, age_s=0.0):
        return self.filter.set_pose(Pose(x, y, z, yaw), self.now - round(age_s * S), self.now, self.steady)

    def wait(self, seconds=0.02):
        self.now += round(seconds * S)
        self.steady += round(seconds * S)
        return self

    def now_tick(self):
        return self.filter.tick(self.now, self.steady)

    def tick(self, seconds=0.02):
        return self.wait(seconds).now_tick()

    def ticks(self, count, *values, **more):
        """Outputs of some ticks with the same command before each."""
        out = []
        for _ in range(count):
            self.say(*values, **more)
            out.append(self.tick())
        return out


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


def test_no_odometry_no_motion_where_there_is_a_fence():
    run = Run(fence_xy_m=SQUARE)
    out = run.ticks(3, 0.4)[-1]
    assert out.state is State.BLIND and not out.values.any()
    assert 'no odometry younger than 0.5 s' in out.reason
    run.at()
    assert run.ticks(1, 0.4)[0].state is State.RUNNING
    assert run.tick(0.6).state is State.BLIND


@pytest.mark.parametrize(
    ('pose', 'message'),
    [({'x': np.nan}, 'not finite'), ({'age_s': 0.6}, 'old'), ({'age_s': -0.2}, 'old'), ({'age_s': T / S}, 'old')],
)
def test_odometry_that_is_worth_nothing_is_refused_with_a_reason(pose, message):
    run = Run(fence_xy_m=SQUARE)
    assert message in run.at(**pose)
    assert run.ticks(1, 0.4)[0].state is State.BLIND


def drive(run, ticks, *values, pose=None):
    """Poses of a vehicle that does what it is told, with odometry each fifth tick, 60 ms late."""
    pose, past = pose or Pose(0.0, 0.0, 1.0, 0.0), []
    for k in range(ticks):
        run.wait()
        past.append(pose)
        if k % 5 == 0:
            old = past[max(0, k - 3)]
            run.at(old.x_m, old.y_m, old.yaw_rad, old.z_m, age_s=0.02 * (k - max(0, k - 3)))
        run.say(*values)
        pose = pose.moved(run.now_tick().values, 0.02)
    return [*past[1:], pose]


def test_a_vehicle_that_drives_at_a_fence_stops_at_the_margin():
    poses = drive(Run(fence_xy_m=SQUARE, fence_margin_m=0.3), 400, 0.5)
    x = np.array([p.x_m for p in poses])
    assert x.max() <= 1.7 + 1e-9
    assert x[-1] == pytest.approx(1.7, abs=0.01)
    assert x[-1] - x[-20] < 1e-3


def test_a_vehicle_that_can_go_sideways_slides_along_the_fence():
    run = Run(
        fence_xy_m=SQUARE, max_velocity=(0.5, 0.5, 0, 0, 0, 1.0), max_acceleration=(0.5, 0.5, 0, 0, 0, 1.5),
        max_jerk=(3.0, 3.0, 1.0, 1.0, 1.0, 9.0),
    )  # fmt: skip
    poses = drive(run, 400, 0.35, 0.35, 0, 0, 0, 0, pose=Pose(1.0, -1.5, 0.0, 0.0))
    assert max(p.x_m for p in poses) <= 1.7 + 1e-9
    assert poses[-1].y_m > 0.5  # it went on along the border


def test_a_vehicle_that_stands_outside_may_come_in_and_not_go_further_out():
    run = Run(fence_xy_m=SQUARE)
    out = drive(run, 100, 0.5, pose=Pose(2.5, 0.0, 0.0, 0.0))
    assert max(p.x_m for p in out) <= 2.5 + 1e-9
    back = drive(Run(fence_xy_m=SQUARE), 200, 0.5, pose=Pose(2.5, 0.0, 0.0, np.pi))
    assert back[-1].x_m < 1.7


def test_a_drone_keeps_its_altitude_band():
    run = Run(
        vehicle='drone', altitude_band_m=(0.5, 2.0), max_velocity=(1.0, 1.0, 1.0, 0, 0, 1.0),
        max_acceleration=(1.0, 1.0, 1.0, 0, 0, 1.0),
    )  # fmt: skip
    z = np.array([p.z_m for p in drive(run, 300, 0, 0, 1.0, 0, 0, 0)])
    assert z.max() <= 1.7 + 1e-9 and z[-1] > 1.65
    assert run.filter.tick(run.now, run.steady).interventions[-1].reason is Reason.ALTITUDE


def test_an_arm_sends_nothing_before_its_positions_are_known_and_starts_from_them():
    run = Run(**ARM)
    out = run.ticks(2, 0.5, 0.5)[-1]
    assert out.values is None and out.state is State.BLIND and 'joint_states' in out.reason
    run.filter.set_joints(np.array([0.3, -0.2]), run.steady)
    first = run.ticks(1, 0.5, 0.5)[0].values
    np.testing.assert_allclose(first, [0.3 + 4.0 * 0.02**2, -0.2 + 4.0 * 0.02**2])


def arm_at(*positions, **more):
    run = Run(**ARM, **more)
    run.filter.set_joints(np.array(positions), run.steady)
    return run


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


def test_tighter_limits_hold_soon_and_the_way_there_keeps_the_old_ones():
    run = Run()
    run.ticks(60, 0.5)
    run.filter.change(SafetyConfig(latched_at_start=False, max_velocity=(0.2, 0, 0, 0, 0, 1.0)))
    speeds = np.array([o.values[0] for o in run.ticks(40, 0.5)])
    np.testing.assert_allclose(np.diff(speeds[:30]), -0.01, atol=1e-12)
    assert (speeds[30:] == 0.2).all()


def test_what_a_vehicle_is_can_not_change_while_it_runs():
    with pytest.raises(ConfigError, match='rate_hz: can not change while the filter is active'):
        Run().filter.change(SafetyConfig(latched_at_start=False, rate_hz=20.0))


def test_a_retired_filter_comes_to_rest_whatever_is_said():
    run = Run()
    run.ticks(60, 0.5)
    run.filter.retire()
    assert run.ticks(60, 0.5)[-1].values[0] == 0.0
