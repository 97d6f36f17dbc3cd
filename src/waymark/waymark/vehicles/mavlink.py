# SPDX-License-Identifier: Apache-2.0
"""MAVLink: the fields of the messages that are sent, in the order of the protocol, without a library.

Source: the common message set (mavlink.io/en/messages/common.html). pymavlink's `NAME_send(*fields)` takes them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.rotation import quaternion_xyzw
from waymark.vehicles.frames import (
    pose_covariance_to_autopilot,
    pose_to_autopilot,
    roll_pitch_yaw,
    twist_covariance_to_autopilot,
    twist_to_autopilot,
)
from waymark.vehicles.state import VehicleState

Floats = NDArray[np.float64]

FRAMES = {'local_ned': 1, 'local_frd': 20}  # MAV_FRAME_LOCAL_NED, MAV_FRAME_LOCAL_FRD
BODY_NED, BODY_FRD = 8, 12  # the first is forward, right, down of a level vehicle, whatever its name says
ONBOARD_CONTROLLER, NO_AUTOPILOT, ACTIVE = 18, 8, 4  # MAV_TYPE, MAV_AUTOPILOT_INVALID, MAV_STATE
ESTIMATOR_VISION = 2
# Bits of what is NOT asked for: position (0 to 2), acceleration (6 to 8), yaw (10). Velocity and yaw rate are.
VELOCITY_AND_YAW_RATE = 0b0000_0101_1100_0111
_UPPER = np.triu_indices(6)


def odometry(state: VehicleState, world: str, resets: int) -> tuple[Any, ...]:
    """Fields of ODOMETRY: a pose in `world`, velocities in the body (FRD).

    Args:
        state: What is sent; its stamp becomes time_usec. Unknown covariances are NaN in their first field.
        world: 'local_ned' where the odometry's x points east, 'local_frd' where it points anywhere.
        resets: How often the pose has jumped.
    """
    T, twist = pose_to_autopilot(state.T_odom_base, world), twist_to_autopilot(state.twist)
    x, y, z, w = quaternion_xyzw(T[:3, :3])
    pose, speed = state.pose_covariance, state.twist_covariance
    return (
        state.stamp_ns // 1000,
        FRAMES[world],
        BODY_FRD,
        *T[:3, 3].tolist(),
        [w, x, y, z],
        *twist.tolist(),
        _upper(None if pose is None else pose_covariance_to_autopilot(pose, world)),
        _upper(None if speed is None else twist_covariance_to_autopilot(speed)),
        resets % 256,
        ESTIMATOR_VISION,
        0,
    )


def vision_position_estimate(state: VehicleState, world: str, resets: int) -> tuple[Any, ...]:
    """Fields of VISION_POSITION_ESTIMATE: position and angles in `world`; see `odometry`."""
    T = pose_to_autopilot(state.T_odom_base, world)
    pose = state.pose_covariance
    covariance = _upper(None if pose is None else pose_covariance_to_autopilot(pose, world))
    return (state.stamp_ns // 1000, *T[:3, 3].tolist(), *roll_pitch_yaw(T[:3, :3]), covariance, resets % 256)


def velocity_target(twist: Floats, boot_ms: int, system: int, component: int) -> tuple[Any, ...]:
    """Fields of SET_POSITION_TARGET_LOCAL_NED: velocity and yaw rate of the body, nothing else.

    Args:
        twist: (6,) what `cmd_vel` asks of the body (FLU), m/s and rad/s; roll and pitch rates have no place in it.
        boot_ms: Since the sender's start.
        system: Number of the autopilot's system.
        component: And of its component.
    """
    require_shape('twist', twist, (6,))
    frd = twist_to_autopilot(twist)
    nothing = (0.0, 0.0, 0.0)
    velocity = tuple(frd[:3].tolist())
    return (
        boot_ms % 2**32,
        system,
        component,
        BODY_NED,
        VELOCITY_AND_YAW_RATE,
        *nothing,
        *velocity,
        *nothing,
        0.0,
        float(frd[5]),
    )


def heartbeat() -> tuple[int, ...]:
    """Fields of HEARTBEAT: a computer on board that is no autopilot."""
    return (ONBOARD_CONTROLLER, NO_AUTOPILOT, 0, 0, ACTIVE)


def _upper(covariance: Floats | None) -> list[float]:
    """The 21 numbers of the upper triangle, row by row; the first is NaN where they are unknown."""
    if covariance is None:
        return [math.nan, *[0.0] * 20]
    return [float(v) for v in covariance[_UPPER]]
