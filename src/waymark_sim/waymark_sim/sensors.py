# SPDX-License-Identifier: Apache-2.0
"""What a vehicle's sensors say: odometry through the air, height, attitude; each with its errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import rotation_of
from waymark.routes.planar import Planar


@dataclass(frozen=True)
class SensorConfig:
    """How well it measures.

    Attributes:
        odometry_scale: Error of the way that odometry measures, as a share; its sign is the seed's.
        odometry_turn_rad_s: By which its heading drifts; its sign is the seed's.
        height_bias: Standard deviation of the height's error, once per flight, as a share. height_noise: each time.
        attitude_bias_rad: Standard deviation of the attitude's error, once per flight. attitude_noise_rad: each time.
    """

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


class Sensors:
    """The sensors of one flight."""

    def __init__(self, config: SensorConfig, rng: np.random.Generator) -> None:
        """Draw this flight's errors."""
        self._config, self._rng = config, rng
        self._odometry = Planar()
        sign = rng.choice((-1.0, 1.0), 2)
        self._scale = 1.0 + sign[0] * config.odometry_scale
        self._turn = float(sign[1]) * config.odometry_turn_rad_s
        self._height_bias = 1.0 + rng.normal(0.0, config.height_bias)
        self._attitude_bias = rng.normal(0.0, config.attitude_bias_rad, 2)

    def advance(self, forward_m_s: float, left_m_s: float, turn_rad: float, seconds: float) -> None:
        """Count a short way through the air.

        Args:
            forward_m_s: Velocity through the air, in the vehicle's heading.
            left_m_s: The same to its left.
            turn_rad: By which the heading changed.
            seconds: How long.
        """
        way = self._scale * seconds
        step = Planar(forward_m_s * way, left_m_s * way, turn_rad + self._turn * seconds)
        self._odometry = self._odometry @ step

    def measure(self, T_map_base: NDArray[np.float64]) -> Measured:
        """Read them at an exact pose (4, 4)."""
        config = self._config
        height = T_map_base[2, 3] * self._height_bias * (1.0 + self._rng.normal(0.0, config.height_noise))
        error = self._attitude_bias + self._rng.normal(0.0, config.attitude_noise_rad, 2)
        R = T_map_base[:3, :3] @ rotation_of(np.r_[error, 0.0])
        return Measured(self._odometry, float(height), R)
