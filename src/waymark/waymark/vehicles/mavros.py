# SPDX-License-Identifier: Apache-2.0
"""MAVROS: it changes axes itself, so that it wants ROS's; what is left is which frame a velocity is in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.vehicles.frames import base_velocity, world_velocity

Floats = NDArray[np.float64]


def setpoint_velocity(twist: Floats, yaw_enu_rad: float) -> Floats:
    """(6,) for /mavros/setpoint_velocity/cmd_vel in its default frame (local ENU).

    With the parameter mav_frame BODY_NED of that plug-in it wants the body's own, and `cmd_vel` is remapped as it is.

    Args:
        twist: (6,) what `cmd_vel` asks of the body (FLU), m/s and rad/s.
        yaw_enu_rad: Heading of the vehicle, counter-clockwise from east.
    """
    require_shape('twist', twist, (6,))
    return np.concatenate([world_velocity(twist[:3], yaw_enu_rad), twist[3:]])


def twist_of_setpoint(setpoint: Floats, yaw_enu_rad: float) -> Floats:
    """(6,) of the body (FLU): the way back."""
    require_shape('setpoint', setpoint, (6,))
    return np.concatenate([base_velocity(setpoint[:3], yaw_enu_rad), setpoint[3:]])
