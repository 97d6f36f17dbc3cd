# SPDX-License-Identifier: Apache-2.0
"""A differential-drive base that drives the speeds it is told, late, over small bumps, and odometry that errs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import rotation_of, rotation_rpy
from waymark.routes.planar import Command, Planar
from waymark_sim.sensors import Measured

_STEP_S = 0.02


@dataclass(frozen=True)
class RoverConfig:
    """How well it drives and measures.

    Attributes:
        camera_m: Height of the camera above the ground.
        lag_s: Time constant of speed and yaw rate.
        bump_rad: Standard deviation of roll and pitch, anew at each image.
        odometry_scale: Error of the way that odometry measures, as a share; its sign is the seed's.
        odometry_turn_rad_s: By which its heading drifts while it drives; its sign is the seed's.
        attitude_noise_rad: Standard deviation of the attitude's error, each time.
    """

    camera_m: float = 0.5
    lag_s: float = 0.2
    bump_rad: float = 0.01
    odometry_scale: float = 0.05
    odometry_turn_rad_s: float = 0.01
    attitude_noise_rad: float = 0.002


class Rover:
    """Drives forward, backward and round; never sideways: that part of a command is not obeyed."""

    def __init__(self, config: RoverConfig, start: Planar, seed: int) -> None:
        """Stand somewhere.

        Args:
            config: Of base and sensors.
            start: x east m, y north m, heading from east rad.
            seed: Of all that is drawn.
        """
        self._config, self.pose = config, start
        self._rng = np.random.default_rng((seed, 18))
        self._speed, self._yaw_rate = 0.0, 0.0
        self._odometry = Planar()
        sign = self._rng.choice((-1.0, 1.0), 2)
        self._scale = 1.0 + float(sign[0]) * config.odometry_scale
        self._turn = float(sign[1]) * config.odometry_turn_rad_s
        self._bump = np.zeros(2)

    def drive(self, command: Command, seconds: float) -> None:
        """Follow a command for some time."""
        for _ in range(max(round(seconds / _STEP_S), 1)):
            self._advance(command, _STEP_S)
        self._bump = self._rng.normal(0.0, self._config.bump_rad, 2)

    def carry(self, pose: Planar) -> None:
        """Put it somewhere else; its odometry does not notice."""
        self.pose, self._speed = pose, 0.0

    @property
    def T_map_base(self) -> NDArray[np.float64]:
        """(4, 4) exact pose of the place of the camera, level with it and heading like the base, m."""
        T = np.eye(4)
        T[:3, :3] = rotation_rpy(float(self._bump[0]), float(self._bump[1]), self.pose.yaw_rad)
        T[:3, 3] = self.pose.x_m, self.pose.y_m, self._config.camera_m
        return T

    def measure(self) -> Measured:
        """Read the sensors."""
        error = self._rng.normal(0.0, self._config.attitude_noise_rad, 2)
        R = self.T_map_base[:3, :3] @ rotation_of(np.r_[error, 0.0])
        return Measured(self._odometry, self._config.camera_m, R)

    def _advance(self, command: Command, dt: float) -> None:
        share = 1.0 - math.exp(-dt / self._config.lag_s)
        self._speed += share * (command.forward - self._speed)
        self._yaw_rate += share * (command.yaw_rate - self._yaw_rate)
        way, turn = self._speed * dt, self._yaw_rate * dt
        self.pose = self.pose @ Planar(way, 0.0, turn)
        drift = self._turn * dt if abs(self._speed) > 0.01 else 0.0
        self._odometry = self._odometry @ Planar(self._scale * way, 0.0, turn + drift)
