# SPDX-License-Identifier: Apache-2.0
"""Every axis and every sign, by hand; and there and back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.image.rotation import rotation_rpy
from waymark.vehicles import frames, mavros, px4
from waymark.vehicles.state import VehicleState, known_covariance

EAST, NORTH, UP = np.eye(3)
FORWARD, LEFT, _ = np.eye(3)
QUARTER = math.pi / 2


@pytest.mark.parametrize(
    ('enu', 'ned'),
    [(EAST, (0, 1, 0)), (NORTH, (1, 0, 0)), (UP, (0, 0, -1)), (-EAST, (0, -1, 0)), (-NORTH, (-1, 0, 0))],
)
def test_each_axis_of_the_world(enu, ned):
    assert frames.ned_from_enu(enu).tolist() == list(ned)
    assert frames.ned_from_enu(np.array(ned, float)).tolist() == enu.tolist()


@pytest.mark.parametrize(('flu', 'frd'), [(FORWARD, (1, 0, 0)), (LEFT, (0, -1, 0)), (UP, (0, 0, -1))])
def test_each_axis_of_the_body(flu, frd):
    assert frames.frd_from_flu(flu).tolist() == list(frd)
    assert frames.twist_to_autopilot(np.r_[flu, flu]).tolist() == [*frd, *frd]


@pytest.mark.parametrize(
    ('name', 'rpy_enu', 'rpy_ned'),
    [
        ('nose east', (0, 0, 0), (0, 0, QUARTER)),
        ('nose north', (0, 0, QUARTER), (0, 0, 0)),
        ('nose west', (0, 0, math.pi), (0, 0, -QUARTER)),
        ('right wing down stays right wing down', (0.3, 0, QUARTER), (0.3, 0, 0)),
        ('nose down is positive in ROS, negative there', (0, 0.2, QUARTER), (0, -0.2, 0)),
    ],
)
def test_each_angle_of_an_attitude(name, rpy_enu, rpy_ned):
    R = frames.rotation_to_autopilot(rotation_rpy(*rpy_enu))
    assert frames.roll_pitch_yaw(R) == pytest.approx(rpy_ned, abs=1e-12)


def test_in_a_local_world_x_stays_and_a_turn_to_the_left_is_negative():
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation_rpy(0, 0, 0.4), (1.0, 2.0, 3.0)
    there = frames.pose_to_autopilot(T, 'local_frd')
    assert there[:3, 3].tolist() == [1.0, -2.0, -3.0]
    assert frames.roll_pitch_yaw(there[:3, :3]) == pytest.approx((0, 0, -0.4), abs=1e-12)


@pytest.mark.parametrize(('enu', 'ned'), [(0.0, QUARTER), (QUARTER, 0.0), (math.pi, -QUARTER), (-QUARTER, math.pi)])
def test_each_heading(enu, ned):
    assert math.cos(frames.heading_to_ned(enu) - ned) == pytest.approx(1.0, abs=1e-15)


def test_forward_of_a_vehicle_that_looks_north_is_north_and_its_left_is_west():
    assert frames.world_velocity(2 * FORWARD, QUARTER) == pytest.approx(2 * NORTH)
    assert frames.world_velocity(LEFT, QUARTER) == pytest.approx(-EAST)
    assert frames.world_velocity(UP, QUARTER) == pytest.approx(UP)


def test_variances_go_with_their_axes_and_covariances_with_their_signs():
    covariance = np.diag([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    covariance[0, 2] = covariance[2, 0] = 0.5  # east with up
    there = frames.pose_covariance_to_autopilot(covariance)
    assert np.diag(there).tolist() == [2.0, 1.0, 3.0, 5.0, 4.0, 6.0]
    assert there[1, 2] == -0.5  # east with down
    body = frames.twist_covariance_to_autopilot(covariance)
    assert np.diag(body).tolist() == np.diag(covariance).tolist()
    assert body[0, 2] == -0.5


@pytest.mark.parametrize('world', ['local_ned', 'local_frd'])
def test_a_thousand_random_poses_twists_and_covariances_come_back_to_a_billionth(world):
    rng = np.random.default_rng(1)
    for _ in range(1000):
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = rotation_rpy(*rng.uniform(-3, 3, 3)), rng.uniform(-1e3, 1e3, 3)
        twist, root = rng.normal(0, 5, 6), rng.normal(0, 1, (6, 6))
        covariance, yaw = root @ root.T, float(rng.uniform(-math.pi, math.pi))
        pairs = [
            (T, frames.pose_to_autopilot(frames.pose_to_autopilot(T, world), world)),
            (twist, frames.twist_to_autopilot(frames.twist_to_autopilot(twist))),
            (twist, mavros.twist_of_setpoint(mavros.setpoint_velocity(twist, yaw), yaw)),
            (np.r_[twist[:3], 0, 0, twist[5]], px4.twist_of_setpoint(px4.trajectory_setpoint(twist, yaw, 1), yaw)),
            (yaw, frames.heading_to_ned(frames.heading_to_ned(yaw))),
            (rotation_rpy(*frames.roll_pitch_yaw(T[:3, :3])), T[:3, :3]),
        ]
        to = frames.pose_covariance_to_autopilot
        pairs.append((covariance, to(to(covariance, world), world)))
        for a, b in pairs:
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


def test_an_attitude_there_is_still_a_rotation():
    R = frames.rotation_to_autopilot(rotation_rpy(0.3, -0.8, 2.0))
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)


def test_wrong_shapes_are_refused_by_name():
    with pytest.raises(ValueError, match=r'vector: expected shape \(3,\)'):
        frames.ned_from_enu(np.zeros(2))
    with pytest.raises(ValueError, match='twist: expected'):
        frames.twist_to_autopilot(np.zeros(3))


def test_a_state_carried_on_lies_on_its_circle():
    speed, rate, seconds = 2.0, 0.5, 0.1
    state = VehicleState(10, np.eye(4), np.array([speed, 0, 0, 0, 0, rate]))
    T = state.at(10 + round(seconds * 1e9)).T_odom_base
    angle, radius = rate * seconds, speed / rate
    exact = [radius * math.sin(angle), radius * (1 - math.cos(angle)), 0]
    np.testing.assert_allclose(T[:3, 3], exact, atol=1e-4)
    assert frames.roll_pitch_yaw(T[:3, :3])[2] == pytest.approx(angle)


def test_covariances_that_say_nothing_are_none():
    assert known_covariance(np.zeros(36)) is None
    assert known_covariance(np.r_[-1.0, np.zeros(35)]) is None
    assert known_covariance(np.full(36, np.nan)) is None
    assert known_covariance(np.eye(6).ravel()).tolist() == np.eye(6).tolist()
