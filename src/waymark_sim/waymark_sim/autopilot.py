# SPDX-License-Identifier: Apache-2.0
"""A quadrotor's autopilot for simulators with physics: from a velocity told to thrust and torque.

The body leans to accelerate: thrust acts along its up only. The attitude law is that of Lee, Leok and McClamroch,
Geometric tracking control of a quadrotor UAV on SE(3), CDC 2010, equations 10, 11 and 16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.routes.planar import Command
from waymark_sim.quadrotor import QuadrotorConfig

Floats = NDArray[np.float64]
GRAVITY_M_S2 = 9.80665
MASS_KG = 1.3
INERTIA_KG_M2 = (0.01, 0.01, 0.02)  # about forward, left, up
_MOST_M_S2 = 4.0  # to the side: a lean of 22 degrees
_ATTITUDE, _RATE = 120.0, 18.0  # per rad, per rad/s: an attitude is reached in about 0.2 s
_HEIGHT, _CLIMB = 4.0, 3.2
_WAVER_RAD_S = 0.3


@dataclass(frozen=True, eq=False)
class BodyState:
    """Motion of a rigid body.

    Attributes:
        T_map_base: (4, 4) pose, m.
        velocity_m_s: (3,) in the map.
        rates_rad_s: (3,) in the body.
    """

    T_map_base: Floats
    velocity_m_s: Floats
    rates_rad_s: Floats


class Autopilot:
    """Keeps a height, flies velocities through the air, and wavers as the quadrotor of other simulators does."""

    def __init__(self, config: QuadrotorConfig, rng: np.random.Generator) -> None:
        """Take over a vehicle.

        Args:
            config: Of the vehicle.
            rng: Of how it wavers.
        """
        self._config, self._rng = config, rng
        self._tilt = np.zeros(2)

    def waver(self) -> None:
        """Lean a little otherwise from now on: called once for each image."""
        self._tilt = self._rng.normal(0.0, self._config.tilt_rad, 2)

    def wrench(
        self, state: BodyState, command: Command, wind_m_s: tuple[float, float], t_s: float
    ) -> tuple[Floats, Floats]:
        """What the rotors do now.

        Args:
            state: Of the vehicle.
            command: Forward, left m/s through the air and yaw rate; its height it keeps by itself.
            wind_m_s: (east, north).
            t_s: Time, for the height's waver.

        Returns:
            Force and torque, N and N m, (3,) each, in the body.
        """
        R = state.T_map_base[:3, :3]
        yaw = math.atan2(R[1, 0], R[0, 0])
        thrust = MASS_KG * (self._acceleration(state, command, wind_m_s, yaw, t_s) + (0.0, 0.0, GRAVITY_M_S2))
        attitude = _attitude_for(thrust, yaw, self._tilt)
        skew = 0.5 * (attitude.T @ R - R.T @ attitude)
        error = np.array([skew[2, 1], skew[0, 2], 0.0])  # heading is flown by its rate
        spin = -_ATTITUDE * error - _RATE * state.rates_rad_s
        spin[2] = (command.yaw_rate - state.rates_rad_s[2]) / self._config.lag_s
        return np.array([0.0, 0.0, max(float(thrust @ R[:, 2]), 0.0)]), np.array(INERTIA_KG_M2) * spin

    def _acceleration(
        self, state: BodyState, command: Command, wind_m_s: tuple[float, float], yaw: float, t_s: float
    ) -> Floats:
        config = self._config
        c, s = math.cos(yaw), math.sin(yaw)
        told = np.array([c * command.forward - s * command.left, s * command.forward + c * command.left])
        side = (told - (state.velocity_m_s[:2] - wind_m_s)) / config.lag_s
        side *= min(1.0, _MOST_M_S2 / max(float(np.hypot(*side)), 1e-9))
        height = config.altitude_m + config.waver_m * math.sin(_WAVER_RAD_S * t_s)
        up = _HEIGHT * (height - state.T_map_base[2, 3]) - _CLIMB * state.velocity_m_s[2]
        return np.array([side[0], side[1], up])


def _attitude_for(thrust: Floats, yaw: float, tilt_rad: Floats) -> Floats:
    """(3, 3): up along the thrust, leaned a little more, nose at the heading."""
    up = thrust / np.linalg.norm(thrust)
    c, s = math.cos(yaw), math.sin(yaw)
    up = up + tilt_rad[0] * np.array([c, s, 0.0]) + tilt_rad[1] * np.array([-s, c, 0.0])
    up /= np.linalg.norm(up)
    left = np.cross(up, (c, s, 0.0))
    left /= np.linalg.norm(left)
    return np.column_stack([np.cross(left, up), left, up])
