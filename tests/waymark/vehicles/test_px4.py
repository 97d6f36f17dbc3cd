# SPDX-License-Identifier: Apache-2.0
"""What px4_msgs and MAVROS are given, field by field."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.image.rotation import rotation_rpy
from waymark.vehicles import mavros, px4
from waymark.vehicles.state import VehicleState

NORTH_RAD = math.pi / 2


def state(covariance=None) -> VehicleState:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation_rpy(0, 0, NORTH_RAD), (1.0, 2.0, 3.0)
    return VehicleState(5_000, T, np.array([4.0, 5.0, 6.0, 0.1, 0.2, 0.3]), covariance, covariance)


def test_odometry_that_knows_east_is_ned_and_its_velocity_the_bodys():
    fields = px4.vehicle_odometry(state(), 77, 'local_ned', resets=258)
    assert (fields['pose_frame'], fields['velocity_frame']) == (1, 3)
    assert fields['position'] == [2.0, 1.0, -3.0]
    assert fields['q'] == pytest.approx([1, 0, 0, 0], abs=1e-12)  # the nose is north
    assert fields['velocity'] == [4.0, -5.0, -6.0]
    assert fields['angular_velocity'] == pytest.approx([0.1, -0.2, -0.3])
    assert (fields['timestamp'], fields['timestamp_sample'], fields['reset_counter']) == (77, 77, 2)
    assert all(math.isnan(v) for v in fields['position_variance'] + fields['velocity_variance'])


def test_odometry_that_does_not_is_local():
    fields = px4.vehicle_odometry(state(np.diag([1.0, 2, 3, 4, 5, 6])), 77)
    assert fields['pose_frame'] == 2
    assert fields['position'] == [1.0, -2.0, -3.0]
    half = math.sqrt(0.5)
    assert fields['q'] == pytest.approx([half, 0, 0, -half])
    assert (fields['position_variance'], fields['orientation_variance']) == ([1, 2, 3], [4, 5, 6])


@pytest.mark.parametrize(
    ('flu', 'ned'),
    [((2, 0, 0), (2, 0, 0)), ((0, 2, 0), (0, -2, 0)), ((0, 0, 2), (0, 0, -2))],
    ids=['forward is north', 'left is west', 'up'],
)
def test_setpoint_of_a_vehicle_that_looks_north(flu, ned):
    fields = px4.trajectory_setpoint(np.array([*flu, 0, 0, 0.5]), NORTH_RAD, 9)
    assert fields['velocity'] == pytest.approx(ned, abs=1e-12)
    assert fields['yawspeed'] == -0.5  # to the left
    assert math.isnan(fields['yaw'])
    assert np.isnan([*fields['position'], *fields['acceleration'], *fields['jerk']]).all()


def test_offboard_control_mode_asks_for_velocities_alone():
    fields = px4.offboard_control_mode(9)
    assert {k for k, v in fields.items() if v is True} == {'velocity'}
    assert fields['timestamp'] == 9


def test_mavros_wants_east_north_up():
    told = mavros.setpoint_velocity(np.array([2.0, 1.0, 0.5, 0, 0, 0.3]), NORTH_RAD)
    assert told == pytest.approx([-1.0, 2.0, 0.5, 0, 0, 0.3])
