# SPDX-License-Identifier: Apache-2.0
"""A pilot who knows exactly where the vehicle is: leads it along a way, to teach it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waymark.routes.planar import Command, Planar, wrapped
from waymark_sim.taught_way import pose_at

_AHEAD = 12  # points ahead that are flown to: a metre or so, what a vehicle lags by
_SIDE_GAIN, _TURN_GAIN, _SPACING_M = 1.0, 1.5, 0.1


class Pilot:
    """Flies a curve once."""

    def __init__(self, curve: NDArray[np.float64], speed_m_s: float, sideways: bool = True) -> None:
        """Take a curve.

        Args:
            curve: (N, 2) m, points 0.1 m apart.
            speed_m_s: Along it.
            sideways: Whether the vehicle can move sideways.
        """
        self._curve, self._speed, self._sideways = curve, speed_m_s, sideways
        self._at = 0

    @property
    def is_done(self) -> bool:
        """Whether the end is reached."""
        return self._at >= len(self._curve) - 3

    def command(self, pose: Planar) -> Command:
        """What leads on from an exact pose."""
        ahead = self._curve[self._at : self._at + 60]
        self._at += int(np.hypot(*(ahead - (pose.x_m, pose.y_m)).T).argmin())
        target = pose_at(self._curve, self._at + _AHEAD)
        here = pose_at(self._curve, self._at)
        left_m = (len(self._curve) - 1 - self._at) * _SPACING_M
        speed = min(self._speed, 0.4 + left_m)
        if not self._sideways:
            x, y = (pose.inverse @ target).array[:2]
            return Command(speed, 0.0, 0.0, 2.0 * speed * y / max(x * x + y * y, 0.25))
        side = _SIDE_GAIN * np.array([here.x_m - pose.x_m, here.y_m - pose.y_m])
        course = target.yaw_rad
        velocity = speed * np.array([math.cos(course), math.sin(course)]) + side
        c, s = math.cos(pose.yaw_rad), math.sin(pose.yaw_rad)
        turn = _TURN_GAIN * wrapped(target.yaw_rad - pose.yaw_rad)
        return Command(float(c * velocity[0] + s * velocity[1]), float(-s * velocity[0] + c * velocity[1]), 0.0, turn)
