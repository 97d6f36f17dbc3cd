# SPDX-License-Identifier: Apache-2.0
"""PX4 over DDS: the fields of three messages of px4_msgs, by name, to be put into a message and published.

Source of names and meanings: px4_msgs of PX4 1.14 and later. The px4_msgs package itself is not needed here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.rotation import quaternion_xyzw
from waymark.vehicles.frames import (
    frd_from_flu,
    heading_to_ned,
    ned_from_enu,
    pose_covariance_to_autopilot,
    pose_to_autopilot,
    twist_covariance_to_autopilot,
    twist_to_autopilot,
    world_velocity,
)
from waymark.vehicles.state import VehicleState

Floats = NDArray[np.float64]

POSE_FRAMES = {'local_ned': 1, 'local_frd': 2}  # VehicleOdometry.POSE_FRAME_NED, POSE_FRAME_FRD
VELOCITY_FRAME_BODY_FRD = 3
_UNKNOWN = [math.nan] * 3


def vehicle_odometry(
    state: VehicleState, timestamp_us: int, world: str = 'local_frd', resets: int = 0
) -> dict[str, Any]:
    """Fields of px4_msgs/VehicleOdometry for /fmu/in/vehicle_visual_odometry.

    Args:
        state: Its covariances are given as variances; NaN where unknown, by which PX4 takes its own parameters.
        timestamp_us: PX4's time at which `state` was true.
        world: 'local_ned' where the odometry's x points east, 'local_frd' where it points anywhere.
        resets: How often the pose has jumped.
    """
    T, twist = pose_to_autopilot(state.T_odom_base, world), twist_to_autopilot(state.twist)
    pose, speed = _UNKNOWN * 2, _UNKNOWN * 2
    if state.pose_covariance is not None:
        pose = np.diag(pose_covariance_to_autopilot(state.pose_covariance, world)).tolist()
    if state.twist_covariance is not None:
        speed = np.diag(twist_covariance_to_autopilot(state.twist_covariance)).tolist()
    x, y, z, w = quaternion_xyzw(T[:3, :3])
    return {
        'timestamp': timestamp_us,
        'timestamp_sample': timestamp_us,
        'pose_frame': POSE_FRAMES[world],
        'position': T[:3, 3].tolist(),
        'q': [w, x, y, z],
        'velocity_frame': VELOCITY_FRAME_BODY_FRD,
        'velocity': twist[:3].tolist(),
        'angular_velocity': twist[3:].tolist(),
        'position_variance': pose[:3],
        'orientation_variance': pose[3:],
        'velocity_variance': speed[:3],
        'reset_counter': resets % 256,
        'quality': 0,
    }


def trajectory_setpoint(twist: Floats, yaw_enu_rad: float, timestamp_us: int) -> dict[str, Any]:
    """Fields of px4_msgs/TrajectorySetpoint for /fmu/in/trajectory_setpoint.

    Args:
        twist: (6,) what `cmd_vel` asks of the body (FLU); roll and pitch rates have no place in it.
        yaw_enu_rad: Heading of the vehicle, counter-clockwise from east: PX4 wants velocities in the world.
        timestamp_us: PX4's time.
    """
    require_shape('twist', twist, (6,))
    velocity = ned_from_enu(world_velocity(twist[:3], yaw_enu_rad))
    return {
        'timestamp': timestamp_us,
        'position': _UNKNOWN,
        'velocity': velocity.tolist(),
        'acceleration': _UNKNOWN,
        'jerk': _UNKNOWN,
        'yaw': math.nan,
        'yawspeed': float(frd_from_flu(twist[3:])[2]),
    }


def offboard_control_mode(timestamp_us: int) -> dict[str, Any]:
    """Fields of px4_msgs/OffboardControlMode: velocities are given. PX4 wants it at 2 Hz and more."""
    others = dict.fromkeys(('position', 'acceleration', 'attitude', 'body_rate'), False)
    return {'timestamp': timestamp_us, 'velocity': True, **others}


def twist_of_setpoint(fields: dict[str, Any], yaw_enu_rad: float) -> Floats:
    """(6,) FLU twist that a `trajectory_setpoint` asks for: the way back."""
    yaw_ned = heading_to_ned(yaw_enu_rad)
    body = frd_from_flu(world_velocity(np.asarray(fields['velocity'], np.float64), -yaw_ned))
    return np.concatenate([body, [0.0, 0.0, -float(fields['yawspeed'])]])
