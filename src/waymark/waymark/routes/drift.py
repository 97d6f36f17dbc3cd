# SPDX-License-Identifier: Apache-2.0
"""Where on the route the vehicle is: odometry between sightings, corrected by them; and what wind odometry misses.

An extended Kalman filter over place, heading, wind and the scale of odometry. The wind it learns is the integral term
of the control: what sightings say again and again that commands did not do.
"""

from __future__ import annotations

import math

import numpy as np

from waymark.routes.config import DriftConfig
from waymark.routes.levelling import Floats
from waymark.routes.planar import Planar, wrapped
from waymark.routes.sighting import Sighting

_START_SIGMA_M, _START_SIGMA_RAD = 0.5, 0.1  # of a pose that is begun with, beside what the sighting says


class RouteDrift:
    """State: x m, y m, heading rad in the route's frame; wind m/s in it; odometry's scale less one."""

    def __init__(self, config: DriftConfig) -> None:
        self._config = config
        self._x: Floats = np.zeros(6)
        self._P: Floats = np.diag([0.0, 0.0, 0.0, config.wind**2, config.wind**2, config.odometry_scale**2])

    @property
    def pose(self) -> Planar:
        """Of the vehicle, in the route's frame."""
        return Planar(float(self._x[0]), float(self._x[1]), float(self._x[2]))

    @property
    def wind(self) -> Floats:
        """Drift that odometry does not see, (2,) m/s in the route's frame."""
        return self._x[3:5].copy()

    @property
    def sigma_m(self) -> float:
        """Standard deviation of the place, in its worst direction."""
        return float(math.sqrt(max(np.linalg.eigvalsh(self._P[:2, :2])[-1], 0.0)))

    def start(self, pose: Planar, covariance: Floats) -> None:
        """Be somewhere else; what is known of wind and odometry stays.

        Args:
            pose: In the route's frame.
            covariance: (3, 3) of x, y, heading.
        """
        self._x[:3] = pose.array
        self._P[:3], self._P[:, :3] = 0.0, 0.0
        own = np.diag([_START_SIGMA_M, _START_SIGMA_M, _START_SIGMA_RAD]) ** 2
        self._P[:3, :3] = covariance + own

    def move(self, step: Planar, seconds: float) -> None:
        """Go on by what odometry says.

        Args:
            step: Pose of the vehicle now in its frame before.
            seconds: Between the two.
        """
        config, (x, y, yaw, wind_x, wind_y, scale) = self._config, self._x
        middle = yaw + step.yaw_rad / 2
        c, s = math.cos(middle), math.sin(middle)
        # A step is a chord: it points half its turn ahead.
        length, angle = math.hypot(step.x_m, step.y_m), math.atan2(step.y_m, step.x_m) - step.yaw_rad / 2
        way = length * np.array([math.cos(angle), math.sin(angle)])
        east, north = c * way[0] - s * way[1], s * way[0] + c * way[1]
        k = 1.0 + scale
        self._x = np.array(
            [
                x + k * east + wind_x * seconds,
                y + k * north + wind_y * seconds,
                wrapped(yaw + step.yaw_rad),
                wind_x,
                wind_y,
                scale,
            ]
        )
        F = np.eye(6)
        F[0, 2], F[1, 2] = -k * north, k * east
        F[0, 3] = F[1, 4] = seconds
        F[0, 5], F[1, 5] = east, north
        place = config.odometry_noise**2 * length
        change = config.wind_change**2 * seconds
        noise = np.diag([place, place, config.yaw_drift**2 * seconds, change, change, 0.0])
        self._P = F @ self._P @ F.T + noise

    def distance(self, sighting: Sighting, keyframe: Planar) -> float:
        """How far a sighting is from what is expected, in standard deviations (Mahalanobis)."""
        residual, S = self._innovation(sighting, keyframe)
        return float(math.sqrt(residual @ np.linalg.solve(S, residual)))

    def correct(self, sighting: Sighting, keyframe: Planar) -> None:
        """Take in a sighting.

        Args:
            sighting: Of a keyframe.
            keyframe: Its pose in the route's frame.
        """
        residual, S = self._innovation(sighting, keyframe)
        gain = np.linalg.solve(S, self._P[:3]).T
        self._x = self._x + gain @ residual
        self._x[2] = wrapped(float(self._x[2]))
        rest = np.eye(6)
        rest[:, :3] -= gain
        R = self._covariance(sighting, keyframe)
        self._P = rest @ self._P @ rest.T + gain @ R @ gain.T  # Joseph's form stays positive

    def _innovation(self, sighting: Sighting, keyframe: Planar) -> tuple[Floats, Floats]:
        residual = (keyframe @ sighting.pose).array - self._x[:3]
        residual[2] = wrapped(float(residual[2]))
        return residual, self._P[:3, :3] + self._covariance(sighting, keyframe)

    def _covariance(self, sighting: Sighting, keyframe: Planar) -> Floats:
        return placed_covariance(sighting.covariance, keyframe.yaw_rad)


def placed_covariance(covariance: Floats, yaw_rad: float) -> Floats:
    """(3, 3) of x, y, heading, turned from a keyframe's frame into the one that it has this heading in."""
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    R = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(R @ covariance @ R.T)
