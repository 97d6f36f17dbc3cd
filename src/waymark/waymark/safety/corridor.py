# SPDX-License-Identifier: Apache-2.0
"""Axes that are guarded one by one: the range of a joint, an altitude band."""

from __future__ import annotations

import numpy as np

from waymark.safety.braking import StoppingTable, braking_path
from waymark.safety.limits import Array, AxisLimits, tidied

SHARES = np.linspace(1.0, 0.0, 17)[:, None]  # from the command to braking
SLACK = 1e-9  # m or rad: rounding over a whole way to rest


class Corridor:
    """Keeps each axis where it can still stop before the end of its range."""

    def __init__(self, limits: AxisLimits, table: StoppingTable | None = None) -> None:
        """Prepare for these limits.

        Raises:
            ConfigError: A stop takes too long.
        """
        self._limits = limits
        self._table = table or StoppingTable(limits)

    def nearest(self, velocity: Array, stop: Array, go: Array, lower: Array, upper: Array) -> Array:
        """The velocity nearest to `go`, on the way from `stop`, that can stop within the range.

        Args:
            velocity: (n,) of the last tick.
            stop: (n,) of the next tick if the axis brakes.
            go: (n,) of the next tick as wanted; like `stop` within all limits, hence also all between.
            lower: (n,) how far the axis may go from where it is, <= 0, m or rad.
            upper: (n,) likewise, >= 0.

        Returns:
            (n,); `stop` where nothing fits.
        """
        dt = self._limits.period_s
        reach = self._table.reach(go, (go - velocity) / dt) + np.abs(go) * dt
        if (reach <= upper).all() and (reach <= -lower).all():
            return go
        choices = stop + SHARES * (go - stop)
        choices[0], choices[-1] = go, stop
        fits = self._fits(velocity, choices, lower, upper)
        fits[-1] = True
        chosen = choices[np.argmax(fits, axis=0), np.arange(len(go))]
        return tidied(chosen, self._limits)

    def can_stop(self, velocity: Array, acceleration: Array, lower: Array, upper: Array) -> bool:
        """Whether braking from this state (the tick is over) stays within the range on every axis."""
        ahead = braking_path(velocity, acceleration, self._limits)[1:].cumsum(axis=0) * self._limits.period_s
        return bool(((ahead >= lower - SLACK) & (ahead <= upper + SLACK)).all())

    def _fits(self, velocity: Array, choices: Array, lower: Array, upper: Array) -> Array:
        dt = self._limits.period_s
        moved = braking_path(choices, (choices - velocity) / dt, self._limits).cumsum(axis=0) * dt
        return (moved.max(axis=0) <= upper + SLACK) & (moved.min(axis=0) >= lower - SLACK)  # type: ignore[no-any-return]
