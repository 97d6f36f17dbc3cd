# SPDX-License-Identifier: Apache-2.0
"""Keeps a vehicle inside a fence: whatever it does, it must still be able to brake before the border."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waymark.safety.braking import StoppingTable, braking_path
from waymark.safety.fence import Fence
from waymark.safety.limits import Array, AxisLimits, step
from waymark.safety.pose import Pose, planar_paths

PLANE = [0, 1, 5]  # linear.x, linear.y, angular.z of a twist
SHARES = np.linspace(1.0, 0.0, 11)[1:-1, None]
BORDERS = 4  # nearest ones, along which the vehicle may slide
TURNS_RAD = np.radians([15, -15, 40, -40, 65, -65, 90])
SLACK_M = 1e-9


class FenceGuard:
    """Finds the nearest command whose braking never leads further outside than the vehicle already is.

    Braking is always such a command: the tick before was chosen so that braking after it stays inside.
    """

    def __init__(self, fence: Fence, limits: AxisLimits, table: StoppingTable) -> None:
        """Prepare.

        Args:
            fence: Where the vehicle may be.
            limits: Of the six axes of a twist.
            table: Made for the same limits.
        """
        self._fence, self._limits, self._plane, self._table = fence, limits, limits.take(PLANE), table
        self._scale = 1.0 / np.maximum(self._plane.velocity, 1e-3)
        self._known = (math.inf, math.inf, -math.inf)  # x, y, clearance there

    def nearest(self, pose: Pose, velocity: Array, acceleration: Array, goal: Array, stop: Array, go: Array) -> Array:
        """The velocity of the next tick that is nearest to `go` and safe.

        Args:
            pose: Where the vehicle is, at the begin of the tick.
            velocity: (6,) of the last tick.
            acceleration: (6,) of the last tick.
            goal: (6,) velocity asked for.
            stop: (6,) of the next tick if it brakes.
            go: (6,) of the next tick as wanted, within the limits.

        Returns:
            (6,); `go` itself where that is safe, `stop` where nothing else is.
        """
        if self._is_far(pose, velocity, go):
            return go
        line = stop + SHARES * (go - stop)
        choices = np.concatenate([go[None], line, self._slides(pose, velocity, acceleration, goal), stop[None]])
        choices[:, 2:5] = go[2:5]  # altitude is guarded for itself
        away = (((choices - go)[:, PLANE] * self._scale) ** 2).sum(axis=1)
        rates = (choices - velocity) / self._limits.period_s
        path = braking_path(choices[:, PLANE], rates[:, PLANE], self._plane)
        if self._stays(pose, path[:, :1])[0]:
            return go
        away[~self._stays(pose, path)] = np.inf
        best = int(np.argmin(away))
        return choices[best if np.isfinite(away[best]) else -1]  # type: ignore[no-any-return]

    def can_stop(self, pose: Pose, velocity: Array, acceleration: Array) -> bool:
        """Whether braking from now on (the tick is over) leads no further outside."""
        path = braking_path(velocity[None, PLANE], acceleration[None, PLANE], self._plane)[1:]
        return bool(len(path) == 0 or self._stays(pose, path)[0])

    def _is_far(self, pose: Pose, velocity: Array, go: Array) -> bool:
        """Far enough from every border for any way to brake."""
        x, y, known = self._known
        if known - math.hypot(pose.x_m - x, pose.y_m - y) >= self._table.longest_m:
            return True
        clearance = float(self._fence.clearance(np.array([[pose.x_m, pose.y_m]]))[0])
        self._known = (pose.x_m, pose.y_m, clearance)
        if clearance >= self._table.longest_m:
            return True
        dt = self._limits.period_s
        reach = self._table.reach(go, (go - velocity) / dt) + np.abs(go) * dt
        return clearance >= float(reach[0] + reach[1])

    def _slides(self, pose: Pose, velocity: Array, acceleration: Array, goal: Array) -> Array:
        """(S, 6) what is asked for in other directions: its part along the nearest borders, or turned aside."""
        along = self._fence.directions(np.array([pose.x_m, pose.y_m]), BORDERS)
        turns = TURNS_RAD + math.atan2(goal[1], goal[0])
        angles = np.concatenate([np.arctan2(along[:, 1], along[:, 0]) - pose.yaw_rad, turns])
        c, s = np.cos(angles), np.sin(angles)
        part = c * goal[0] + s * goal[1]
        targets = np.repeat(goal[None], len(angles), axis=0)
        targets[:, 0], targets[:, 1] = c * part, s * part
        at, rate = np.broadcast_to(velocity, targets.shape), np.broadcast_to(acceleration, targets.shape)
        return step(at, rate, targets, np.zeros_like(targets), self._limits)[0]

    def _stays(self, pose: Pose, path: Array) -> NDArray[np.bool_]:
        """(C,) which of (T, C, 3) velocities lead no further outside than the vehicle is."""
        here = np.array([pose.x_m, pose.y_m])
        places = here + planar_paths(pose.yaw_rad, path, self._limits.period_s)
        now = float(self._fence.outside(here[None])[0])
        outside = self._fence.outside_from(here, places.reshape(-1, 2)).reshape(places.shape[:2])
        return outside.max(axis=0) <= now + SLACK_M  # type: ignore[no-any-return]
