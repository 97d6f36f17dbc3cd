# SPDX-License-Identifier: Apache-2.0
"""Poses on a plane: forward, left, heading; and velocities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Planar:
    """A level pose: x forward and y left of the frame it is given in, m; heading counter-clockwise, rad."""

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.0

    def __matmul__(self, other: Planar) -> Planar:
        """Compose: `other`, which is given in this pose's frame, in the frame this one is given in."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return Planar(
            self.x_m + c * other.x_m - s * other.y_m,
            self.y_m + s * other.x_m + c * other.y_m,
            wrapped(self.yaw_rad + other.yaw_rad),
        )

    @property
    def inverse(self) -> Planar:
        """The frame it is given in, seen from this pose."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return Planar(-c * self.x_m - s * self.y_m, s * self.x_m - c * self.y_m, -self.yaw_rad)

    @property
    def array(self) -> NDArray[np.float64]:
        """(3,) x m, y m, heading rad."""
        return np.array([self.x_m, self.y_m, self.yaw_rad])


@dataclass(frozen=True)
class Command:
    """A velocity in the vehicle's frame (FLU): m/s and rad/s."""

    forward: float = 0.0
    left: float = 0.0
    up: float = 0.0
    yaw_rate: float = 0.0


def wrapped(angle_rad: float) -> float:
    """The same angle from -pi to pi."""
    return math.remainder(angle_rad, 2 * math.pi)
