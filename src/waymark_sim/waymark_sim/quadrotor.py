# SPDX-License-Identifier: Apache-2.0
"""A quadrotor that flies the velocities it is told, late and with the wind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import rotation_rpy
from waymark.routes.planar import Command, Planar
from waymark_sim.sensors import Measured, SensorConfig, Sensors

_STEP_S = 0.02


@dataclass(frozen=True)
class QuadrotorConfig(SensorConfig):
    """How well it flies, and measures.

    Attributes:
        altitude_m: That its autopilot keeps.
        waver_m: By which it does so.
        lag_s: Time constant of velocity and yaw rate.
        tilt_rad: Standard deviation of roll and pitch, anew at each image.
    """

    altitude_m: float = 20.0
    waver_m: float = 0.4
    lag_s: float = 0.3
    tilt_rad: float = 0.012


class Quadrotor:
    """Flies at constant height."""

    def __init__(self, config: QuadrotorConfig, start: Planar, seed: int) -> None:
        """Hover somewhere.

        Args:
            config: Of vehicle and sensors.
            start: x east m, y north m, heading from east rad.
            seed: Of all that is drawn.
        """
        self._config = config
        self._rng = np.random.default_rng((seed, 11))
        self.pose = start
        self._velocity = np.zeros(2)  # through the air, in the map
        self._yaw_rate = 0.0
        self._time_s = 0.0
        self._sensors = Sensors(config, self._rng)
        self._tilt = np.zeros(2)

    def fly(self, command: Command, wind_m_s: tuple[float, float], seconds: float) -> None:
        """Follow a command for some time."""
        for _ in range(max(round(seconds / _STEP_S), 1)):
            self._advance(command, wind_m_s, _STEP_S)
        self._tilt = self._rng.normal(0.0, self._config.tilt_rad, 2)

    def carry(self, pose: Planar) -> None:
        """Put it somewhere else; its odometry does not notice."""
        self.pose = pose
        self._velocity[:] = 0.0

    @property
    def T_map_base(self) -> NDArray[np.float64]:
        """(4, 4) exact pose, m."""
        T = np.eye(4)
        T[:3, :3] = rotation_rpy(float(self._tilt[0]), float(self._tilt[1]), self.pose.yaw_rad)
        waver = self._config.waver_m * math.sin(0.3 * self._time_s)
        T[:3, 3] = self.pose.x_m, self.pose.y_m, self._config.altitude_m + waver
        return T

    def measure(self) -> Measured:
        """Read the sensors."""
        return self._sensors.measure(self.T_map_base)

    def _advance(self, command: Command, wind_m_s: tuple[float, float], dt: float) -> None:
        share = 1.0 - math.exp(-dt / self._config.lag_s)
        yaw = self.pose.yaw_rad
        c, s = math.cos(yaw), math.sin(yaw)
        told = np.array([c * command.forward - s * command.left, s * command.forward + c * command.left])
        self._velocity += share * (told - self._velocity)
        self._yaw_rate += share * (command.yaw_rate - self._yaw_rate)
        vx, vy = self._velocity
        turn = self._yaw_rate * dt
        self.pose = Planar(self.pose.x_m + (vx + wind_m_s[0]) * dt, self.pose.y_m + (vy + wind_m_s[1]) * dt, yaw + turn)
        self._sensors.advance(float(c * vx + s * vy), float(-s * vx + c * vy), turn, dt)
        self._time_s += dt
