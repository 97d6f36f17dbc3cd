# SPDX-License-Identifier: Apache-2.0
"""A quadrotor that flies the velocities it is told, late and with the wind, and sensors that err."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import rotation_of, rotation_rpy
from waymark.routes.planar import Command, Planar

_STEP_S = 0.02


@dataclass(frozen=True)
class QuadrotorConfig:
    """How well it flies and measures.

    Attributes:
        altitude_m: That its autopilot keeps.
        waver_m: By which it does so.
        lag_s: Time constant of velocity and yaw rate.
        tilt_rad: Standard deviation of roll and pitch, anew at each image.
        odometry_scale: Error of the way that odometry measures, as a share; its sign is the seed's.
        odometry_turn_rad_s: By which its heading drifts; its sign is the seed's.
        height_bias: Standard deviation of the height's error, once per flight, as a share. height_noise: each time.
        attitude_bias_rad: Standard deviation of the attitude's error, once per flight. attitude_noise_rad: each time.
    """

    altitude_m: float = 20.0
    waver_m: float = 0.4
    lag_s: float = 0.3
    tilt_rad: float = 0.012
    odometry_scale: float = 0.05
    odometry_turn_rad_s: float = 0.01
    height_bias: float = 0.01
    height_noise: float = 0.005
    attitude_bias_rad: float = 0.003
    attitude_noise_rad: float = 0.002


@dataclass(frozen=True, eq=False)
class Measured:
    """What its sensors say with an image.

    Attributes:
        odometry: Pose since the start by the way through the air: it knows nothing of wind.
        height_m: Above ground.
        R_world_base: (3, 3) attitude.
    """

    odometry: Planar
    height_m: float
    R_world_base: NDArray[np.float64]


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
        self._odometry = Planar()
        self._time_s = 0.0
        sign = self._rng.choice((-1.0, 1.0), 2)
        self._scale = 1.0 + sign[0] * config.odometry_scale
        self._turn = float(sign[1]) * config.odometry_turn_rad_s
        self._height_bias = 1.0 + self._rng.normal(0.0, config.height_bias)
        self._attitude_bias = self._rng.normal(0.0, config.attitude_bias_rad, 2)
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
        config, T = self._config, self.T_map_base
        height = T[2, 3] * self._height_bias * (1.0 + self._rng.normal(0.0, config.height_noise))
        error = self._attitude_bias + self._rng.normal(0.0, config.attitude_noise_rad, 2)
        R = T[:3, :3] @ rotation_of(np.r_[error, 0.0])
        return Measured(self._odometry, float(height), R)

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
        way = self._scale * dt
        step = Planar((c * vx + s * vy) * way, (-s * vx + c * vy) * way, turn + self._turn * dt)
        self._odometry = self._odometry @ step
        self._time_s += dt
