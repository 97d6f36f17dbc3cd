# SPDX-License-Identifier: Apache-2.0
"""Axes: ROS's (REP-103: east north up, forward left up) to an autopilot's (north east down, forward right down).

Each of these changes undoes itself, and is exact: axes are swapped and signs turned, nothing is computed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape

Floats = NDArray[np.float64]

NED_FROM_ENU: Floats = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
FRD_FROM_FLU: Floats = np.diag([1.0, -1.0, -1.0])
# Of a world whose x points anywhere, not east: its x stays, as that of a body does.
WORLDS: dict[str, Floats] = {'local_ned': NED_FROM_ENU, 'local_frd': FRD_FROM_FLU}


def ned_from_enu(vector: Floats) -> Floats:
    """(3,) east, north, up as north, east, down; and back."""
    require_shape('vector', vector, (3,))
    return NED_FROM_ENU @ vector


def frd_from_flu(vector: Floats) -> Floats:
    """(3,) forward, left, up as forward, right, down; and back."""
    require_shape('vector', vector, (3,))
    return FRD_FROM_FLU @ vector


def rotation_to_autopilot(R_world_base: Floats, world: str = 'local_ned') -> Floats:
    """Attitude (3, 3): from FLU in ENU (or in a world whose x points anywhere) to FRD in NED (or local FRD); and back.

    Args:
        R_world_base: Rotation of the body in the world.
        world: 'local_ned', where the ROS world is ENU, or 'local_frd', where its x points anywhere.
    """
    require_shape('R_world_base', R_world_base, (3, 3))
    return np.asarray(WORLDS[world] @ R_world_base @ FRD_FROM_FLU)


def pose_to_autopilot(T_world_base: Floats, world: str = 'local_ned') -> Floats:
    """Pose (4, 4), m; see `rotation_to_autopilot`."""
    require_shape('T_world_base', T_world_base, (4, 4))
    T = np.eye(4)
    T[:3, :3] = rotation_to_autopilot(T_world_base[:3, :3], world)
    T[:3, 3] = WORLDS[world] @ T_world_base[:3, 3]
    return T


def twist_to_autopilot(twist: Floats) -> Floats:
    """(6,) linear m/s and angular rad/s of the body: FLU to FRD; and back."""
    require_shape('twist', twist, (6,))
    return np.concatenate([FRD_FROM_FLU @ twist[:3], FRD_FROM_FLU @ twist[3:]])


def pose_covariance_to_autopilot(covariance: Floats, world: str = 'local_ned') -> Floats:
    """(6, 6) of x, y, z, m, and of turns about the world's axes, rad, as ROS gives it; and back."""
    return _turned(covariance, WORLDS[world])


def twist_covariance_to_autopilot(covariance: Floats) -> Floats:
    """(6, 6) of linear and angular velocity of the body, FLU to FRD; and back."""
    return _turned(covariance, FRD_FROM_FLU)


def _turned(covariance: Floats, M: Floats) -> Floats:
    require_shape('covariance', covariance, (6, 6))
    J = np.zeros((6, 6))
    J[:3, :3] = J[3:, 3:] = M
    return np.asarray(J @ covariance @ J.T)


def heading_to_ned(yaw_rad: float) -> float:
    """From counter-clockwise from east to clockwise from north, -pi to pi; and back."""
    return math.remainder(math.pi / 2 - yaw_rad, 2 * math.pi)


def world_velocity(velocity_base: Floats, yaw_rad: float) -> Floats:
    """(3,) forward, left, up of a level body as (3,) x, y, z of the world in which it has this heading, m/s."""
    require_shape('velocity_base', velocity_base, (3,))
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    x, y, z = velocity_base
    return np.array([c * x - s * y, s * x + c * y, z])


def base_velocity(velocity_world: Floats, yaw_rad: float) -> Floats:
    """The way back from `world_velocity`."""
    return world_velocity(velocity_world, -yaw_rad)


def roll_pitch_yaw(R: Floats) -> tuple[float, float, float]:
    """Angles, rad, with R = Rz(yaw) Ry(pitch) Rx(roll): MAVLink's order, as ROS's. Pitch is -pi/2 to pi/2."""
    require_shape('R', R, (3, 3))
    pitch = math.atan2(-R[2, 0], math.hypot(R[0, 0], R[1, 0]))
    return math.atan2(R[2, 1], R[2, 2]), pitch, math.atan2(R[1, 0], R[0, 0])
