# SPDX-License-Identifier: Apache-2.0
"""A quadrotor in a simulator with physics: its autopilot, and sensors that see the way it flew."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waymark.routes.planar import Command, wrapped
from waymark_sim.autopilot import Autopilot, BodyState
from waymark_sim.quadrotor import QuadrotorConfig
from waymark_sim.sensors import Measured, Sensors


class Flown:
    """What is the same in all simulators with physics."""

    def __init__(self, config: QuadrotorConfig, seed: int) -> None:
        """Draw this flight's errors."""
        rng = np.random.default_rng((seed, 11))
        self._sensors = Sensors(config, rng)
        self.autopilot = Autopilot(config, rng)
        self._yaw: float | None = None

    def wrench(
        self, state: BodyState, command: Command, wind_m_s: tuple[float, float], t_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Force and torque in the body (see Autopilot)."""
        return self.autopilot.wrench(state, command, wind_m_s, t_s)

    def note(self, state: BodyState, wind_m_s: tuple[float, float], seconds: float) -> None:
        """Let odometry see a short way."""
        T = state.T_map_base
        yaw = math.atan2(T[1, 0], T[0, 0])
        turn = 0.0 if self._yaw is None else wrapped(yaw - self._yaw)
        self._yaw = yaw
        c, s = math.cos(yaw), math.sin(yaw)
        vx, vy = state.velocity_m_s[:2] - wind_m_s
        self._sensors.advance(float(c * vx + s * vy), float(-s * vx + c * vy), turn, seconds)

    def carried(self) -> None:
        """It was put elsewhere: odometry does not notice."""
        self._yaw = None

    def measure(self, T_map_base: NDArray[np.float64]) -> Measured:
        """Read the sensors."""
        return self._sensors.measure(T_map_base)
