# SPDX-License-Identifier: Apache-2.0
"""Where a vehicle is and how it moves, as ROS says it (nav_msgs/Odometry)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.image.rotation import rotation_of
from waymark.types import NANOSECONDS

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VehicleState:
    """A pose and a velocity.

    Attributes:
        stamp_ns: When.
        T_odom_base: (4, 4) pose of the body (FLU) in a world with z up, m.
        twist: (6,) of the body, in the body: linear m/s, angular rad/s.
        pose_covariance: (6, 6) x, y, z and turns about the world's axes; None where unknown.
        twist_covariance: (6, 6); None where unknown.
    """

    stamp_ns: int
    T_odom_base: Floats
    twist: Floats
    pose_covariance: Floats | None = None
    twist_covariance: Floats | None = None

    def __post_init__(self) -> None:
        require_shape('T_odom_base', self.T_odom_base, (4, 4))
        require_shape('twist', self.twist, (6,))
        require_finite('T_odom_base', self.T_odom_base)
        require_finite('twist', self.twist)

    def at(self, stamp_ns: int) -> VehicleState:
        """Carry it on to another moment, at constant velocity."""
        seconds = (stamp_ns - self.stamp_ns) / NANOSECONDS
        T = self.T_odom_base.copy()
        R = T[:3, :3]
        # The mean of the attitudes on the way, to second order.
        T[:3, 3] += R @ rotation_of(self.twist[3:] * seconds / 2) @ self.twist[:3] * seconds
        T[:3, :3] = R @ rotation_of(self.twist[3:] * seconds)
        return replace(self, stamp_ns=stamp_ns, T_odom_base=T)


def known_covariance(values: Floats) -> Floats | None:
    """(6, 6) of a message's 36 numbers; None where they say nothing.

    ROS means unknown where all are zero, or the first is negative; numbers that are not finite are none either.
    """
    require_shape('values', values, (36,))
    covariance = np.asarray(values, np.float64).reshape(6, 6)
    is_known = np.isfinite(covariance).all() and covariance.any() and (np.diag(covariance) >= 0).all()
    return covariance if is_known else None
