# SPDX-License-Identifier: Apache-2.0
"""A flown square, as an autopilot at the other end of a real MAVLink connection hears it."""

from __future__ import annotations

import math
import socket

import numpy as np
import pytest
from tests.support.fake_autopilot import OFFBOARD, FakeAutopilot, free_port
from tests.support.flown_square import CLIMB, CORNER_S, LEG_S, SPEED, STEP_S, TURN, Flight, Square

from waymark.errors import BackendUnavailable, SourceError
from waymark.vehicles import MavlinkAdapter, MavlinkConfig, MavlinkLink

try:
    import pymavlink  # noqa: F401
except ImportError:
    pymavlink = None
needs_pymavlink = pytest.mark.skipif(pymavlink is None, reason='pymavlink is not installed (extra mavlink)')


@pytest.fixture
def flight():
    port, opened = free_port(), []

    def begin(heading: float = math.pi / 2, **parameters) -> Flight:
        link = MavlinkLink(f'udpin:127.0.0.1:{port}', 921600, 1, 191)
        autopilot = FakeAutopilot(port, heading)
        opened.extend((link, autopilot.mav))
        return Flight(autopilot, link, **parameters)

    yield begin
    for connection in opened:
        connection.close()


def rate(messages: list, name: str = 'time_usec') -> float:
    """Messages per second of the flight's time."""
    stamps = [getattr(m, name) for _, m in messages]
    assert (np.diff(stamps) > 0).all()
    return 1e6 * (len(stamps) - 1) / (stamps[-1] - stamps[0])


@needs_pymavlink
def test_a_flown_square_reaches_the_autopilot_with_the_right_signs_at_30_to_50_hz(flight):
    begun = flight(world='local_ned', poses='both')
    begun.arm()
    square = Square(yaw=0.0)  # its nose east
    corners = []
    while not square.is_done:
        begun.step(square)
        if round(square.time_s / STEP_S) % round((LEG_S + CORNER_S) / STEP_S) == round(LEG_S / STEP_S):
            corners.append(begun.autopilot.last('ODOMETRY'))
    found = begun.autopilot
    setpoints = [m for _, m in found.heard['SET_POSITION_TARGET_LOCAL_NED']]
    assert 30 <= rate(found.heard['ODOMETRY']) <= 50
    assert 30 <= rate(found.heard['VISION_POSITION_ESTIMATE'], 'usec') <= 50
    assert len(setpoints) / begun.now_s == pytest.approx(50, abs=1)
    # north, east, down at the four corners: first east, then north, west, south; up, up, down, down
    places = np.array([[m.x, m.y, m.z] for m in corners])
    wanted = np.array([[0, 2, -0.25], [2, 2, -0.5], [2, 0, -0.25], [0, 0, 0]])
    np.testing.assert_allclose(places, wanted, atol=0.12)
    # the autopilot, which flew by the setpoints alone, is where the poses say
    for place, truth in begun.track:
        np.testing.assert_allclose(place, truth[[1, 0, 2]] * (1, 1, -1), atol=0.1)
    assert {round(m.vx, 3) for m in setpoints} == {0.0, SPEED}
    assert {round(m.vz, 3) for m in setpoints} == {0.0, -CLIMB, CLIMB}
    assert {round(m.yaw_rate, 3) for m in setpoints} == {0.0, round(-TURN, 3)}  # to the left


@needs_pymavlink
def test_poses_say_their_frames_attitude_velocity_and_covariance(flight):
    begun = flight(world='local_frd', poses='both')
    square = Square(yaw=0.0)
    begun.steps(0.3)
    for _ in range(round(1.2 / STEP_S)):
        begun.step(square)  # on the first leg, then turning left
    told, seen = begun.autopilot.last('ODOMETRY'), begun.autopilot.last('VISION_POSITION_ESTIMATE')
    assert (told.frame_id, told.child_frame_id, told.estimator_type) == (20, 12, 2)
    assert (told.x, told.y, told.z) == pytest.approx((2.0, 0.0, -0.25), abs=0.12)
    assert (told.rollspeed, told.pitchspeed) == (0.0, 0.0)
    assert told.yawspeed == pytest.approx(-TURN)
    assert 2 * math.atan2(told.q[3], told.q[0]) == pytest.approx(-square.yaw, abs=0.12)
    assert seen.yaw == pytest.approx(-square.yaw, abs=0.12)
    assert [told.pose_covariance[i] for i in (0, 6, 11, 15, 18, 20)] == [1, 2, 3, 4, 5, 6]
    assert math.isnan(told.velocity_covariance[0])
    assert begun.autopilot.last('HEARTBEAT').type == 18


@needs_pymavlink
def test_nothing_moves_before_a_person_has_armed_and_offboard_is_asked_for_only_then(flight):
    begun = flight(request_offboard=True)
    square = Square(0.0)
    for _ in range(150):
        begun.step(square)
    heard = begun.autopilot.heard
    assert {m.vx for _, m in heard['SET_POSITION_TARGET_LOCAL_NED']} == {0.0}
    assert not heard['COMMAND_LONG']
    begun.autopilot.is_armed = True
    for _ in range(150):
        begun.step(square)
    assert [(m.command, m.param1, m.param2) for _, m in heard['COMMAND_LONG']] == [(176, 1.0, 6.0)]
    assert begun.autopilot.mode == OFFBOARD
    told = begun.autopilot.last('SET_POSITION_TARGET_LOCAL_NED')
    assert told.yaw_rate < 0 or told.vx > 0
    assert 400 not in {m.command for _, m in heard['COMMAND_LONG']}  # it never arms


@needs_pymavlink
@pytest.mark.parametrize(('system', 'component'), [(2, 1), (1, 154), (255, 190)])
def test_another_vehicle_a_gimbal_or_a_ground_station_that_says_armed_moves_nothing(flight, system, component):
    begun = flight(request_offboard=True)
    begun.steps(0.3)
    with FakeAutopilot(begun.port, system=system, component=component) as stranger:
        stranger.is_armed = True
        square = Square(0.0)
        for _ in range(150):
            stranger.beat()
            begun.step(square)
        heard = {
            kind: [m for _, m in stranger.heard[kind] + begun.autopilot.heard[kind]]
            for kind in ('SET_POSITION_TARGET_LOCAL_NED', 'COMMAND_LONG')
        }

    assert {m.vx for m in heard['SET_POSITION_TARGET_LOCAL_NED']} == {0.0}
    assert not heard['COMMAND_LONG']
    assert not begun.adapter.gate.heartbeat.is_armed


@needs_pymavlink
def test_without_heartbeats_setpoints_are_zero_after_3_s_until_one_comes_again(flight):
    begun = flight()
    begun.arm()
    square, heard = Square(0.0), begun.autopilot.heard
    beat, begun.autopilot.beat = begun.autopilot.beat, lambda: None
    for _ in range(50):
        begun.step(square)
    assert begun.autopilot.last('SET_POSITION_TARGET_LOCAL_NED').vx == SPEED
    begun.steps(3.0)
    count = len(heard['SET_POSITION_TARGET_LOCAL_NED'])
    for _ in range(100):  # past a corner: all of it is not zero
        begun.step(square)
    late = [m for _, m in heard['SET_POSITION_TARGET_LOCAL_NED'][count:]]
    assert len(late) >= 40
    assert {(m.vx, m.vy, m.vz, m.yaw_rate) for m in late} == {(0.0, 0.0, 0.0, 0.0)}
    assert begun.adapter.gate.heartbeat is None

    begun.autopilot.beat = beat
    for _ in range(100):
        begun.step(square)
    assert any(m.vx == SPEED for _, m in heard['SET_POSITION_TARGET_LOCAL_NED'][count + len(late) :])


@needs_pymavlink
def test_silent_commands_end_the_setpoints_and_old_poses_are_not_carried_on(flight):
    begun = flight()
    begun.arm()
    square = Square(0.0)
    for _ in range(50):
        begun.step(square)
    heard = begun.autopilot.heard
    begun.steps(0.3, commands=False)
    setpoints, poses = len(heard['SET_POSITION_TARGET_LOCAL_NED']), len(heard['ODOMETRY'])
    begun.steps(1.0, commands=False)
    assert (len(heard['SET_POSITION_TARGET_LOCAL_NED']), len(heard['ODOMETRY'])) == (setpoints, poses)
    begun.adapter.gate.hand_over(True)
    begun.steps(0.5)  # the filter's zeros
    assert len(heard['SET_POSITION_TARGET_LOCAL_NED']) == setpoints


@needs_pymavlink
def test_a_jump_and_a_clock_set_back_count_as_resets_and_time_is_answered(flight):
    begun = flight()
    begun.steps(0.3)
    square = Square(0.0)
    for jump in (0.0, 5.0):
        square.place[0] += jump
        for _ in range(20):
            begun.step(square)
    assert begun.autopilot.last('ODOMETRY').reset_counter == 1
    square.time_s = -0.5
    for _ in range(20):
        begun.step(square)
    assert begun.autopilot.last('ODOMETRY').reset_counter == 2
    begun.autopilot.mav.mav.timesync_send(0, 4711)
    begun.step(square)
    begun.step(square)
    assert begun.autopilot.last('TIMESYNC').ts1 == 4711
    assert begun.autopilot.last('TIMESYNC').tc1 > 0


@needs_pymavlink
def test_noise_on_the_port_is_left_out_and_heartbeats_behind_it_are_heard():
    port = free_port()
    link = MavlinkLink(f'udpin:127.0.0.1:{port}', 921600, 1, 191)
    adapter = MavlinkAdapter(MavlinkConfig(), link, 0.0)
    rng = np.random.default_rng(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise, FakeAutopilot(port) as autopilot:
        for size in rng.integers(1, 300, 60):
            noise.sendto(rng.bytes(int(size)), ('127.0.0.1', port))
            adapter.tick(0.1, 1)
        assert adapter.gate.heartbeat is None
        for _ in range(60):  # noise that looks like the beginning of a long message takes the first ones with it
            autopilot.beat()
            adapter.tick(0.2, 1)
        assert adapter.gate.heartbeat.autopilot == 'px4'
    link.close()


@needs_pymavlink
def test_a_connection_that_can_not_be_opened_is_one_sentence():
    with pytest.raises(SourceError, match='/dev/no_such_tty can not be opened: .* Check `connection`'):
        MavlinkLink('/dev/no_such_tty', 57600, 1, 191)


def test_without_pymavlink_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'pymavlink', None)
    with pytest.raises(BackendUnavailable, match=r'pip install "waymark\[mavlink\]"'):
        MavlinkLink('udpin:127.0.0.1:14540', 57600, 1, 191)
