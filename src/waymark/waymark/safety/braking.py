# SPDX-License-Identifier: Apache-2.0
"""Where a vehicle comes to rest when it brakes as its limits allow: simulated tick by tick, for many states at once."""

from __future__ import annotations

import numpy as np

from waymark.errors import ConfigError
from waymark.safety.limits import UNLIMITED, Array, AxisLimits, gain

LONGEST_S = 60.0  # a vehicle that takes longer to stop has no limits worth the name
STRIDE = 4  # ticks between looks whether all is at rest
SPEEDS = 33  # of the table, from 0 to the largest


def brake(velocity: Array, acceleration: Array, limits: AxisLimits) -> tuple[Array, Array]:
    """As `step` towards a target of 0 that stays there, but for rounding."""
    ticks = BrakingTicks(velocity, acceleration, limits)
    moved = ticks.next() * limits.period_s
    return moved, (moved - velocity) / limits.period_s


class BrakingTicks:
    """Brakes tick by tick; fast, for it runs hundreds of times per control period at a fence.

    Velocities are in m/s (rad/s) per dt here: a landing on 0 is then exact, and half of the divisions fall away.
    """

    def __init__(self, velocity: Array, acceleration: Array, limits: AxisLimits) -> None:
        """Begin after a tick with this velocity and acceleration, (..., n) each."""
        self._u, self._braking = velocity / limits.period_s, -acceleration
        self._q, self._rate = limits.change, limits.deceleration
        self._double, self._half = 2.0 / limits.change, 0.5 * limits.change

    def next(self) -> Array:
        """The velocity of the next tick over dt, (..., n)."""
        u, before, q = self._u, self._braking, self._q
        size = np.abs(u)
        m = np.sqrt(size * self._double + 0.25)
        m -= 0.5
        np.floor(m, out=m)
        n = m + 1.0
        m *= n
        m *= self._half
        m += size
        m /= n  # A, see limits.py
        np.minimum(m, self._rate, out=m)
        np.copysign(m, u, out=m)
        np.maximum(m, before - q, out=m)
        np.minimum(m, before + q, out=m)
        self._braking, self._u = m, u - m
        return self._u


def braking_path(velocity: Array, acceleration: Array, limits: AxisLimits) -> Array:
    """Velocities of the ticks from a state on, until rest on all axes.

    Args:
        velocity: (..., n) of a first tick that is already decided, viable.
        acceleration: (..., n) of that tick.
        limits: Of n axes.

    Returns:
        (T, ..., n); the first is `velocity`, the last all zeros (at least one).

    Raises:
        ConfigError: It takes longer than LONGEST_S.
    """
    dt = limits.period_s
    if (limits.change >= UNLIMITED).all():
        return _straight_path(velocity, limits)
    ticks, path = BrakingTicks(velocity, acceleration, limits), [velocity / dt]
    while path[-1].any():
        if len(path) * dt > LONGEST_S:
            raise _too_long()
        path += [ticks.next() for _ in range(STRIDE)]
    return np.stack(path) * dt


def _straight_path(velocity: Array, limits: AxisLimits) -> Array:
    """As `braking_path` without any limit of jerk: each tick takes the same off."""
    less = limits.deceleration * limits.period_s
    size = np.abs(velocity)
    count = int(np.ceil((size / np.where(less > 0, less, np.inf)).max(initial=0.0)))
    if count * limits.period_s > LONGEST_S:
        raise _too_long()
    index = np.arange(count + 1).reshape(-1, *(1,) * np.ndim(velocity))
    return np.copysign(np.maximum(size - index * less, 0.0), velocity)


def _too_long() -> ConfigError:
    return ConfigError(
        f'stopping takes longer than {LONGEST_S:g} s: raise max_acceleration or max_jerk, or lower max_velocity.'
    )


class StoppingTable:
    """An upper bound, quickly found, of how far each axis still moves from any state."""

    def __init__(self, limits: AxisLimits) -> None:
        """Simulate stops from SPEEDS speeds of each axis.

        Raises:
            ConfigError: A stop takes longer than LONGEST_S.
        """
        self._limits = limits
        self._axes = np.arange(len(limits.velocity))
        speeds = np.linspace(0.0, 1.0, SPEEDS)[:, None] * limits.velocity
        path = braking_path(speeds, np.zeros_like(speeds), limits)
        # Of a speed between two, the distance of the next higher: it grows with the speed.
        self._distance = np.abs(path[1:]).sum(axis=0) * limits.period_s  # (SPEEDS, n)
        late = np.floor(limits.acceleration / limits.change) + 2.0
        longest = self._distance[-1] + limits.velocity * late * limits.period_s
        self.longest_m = float(longest[:2].sum() + limits.velocity[:2].sum() * limits.period_s)  # over the ground
        self._per_speed = (SPEEDS - 1) / np.where(limits.velocity > 0, limits.velocity, np.inf)

    def reach(self, velocity: Array, acceleration: Array) -> Array:
        """At least how far, in either direction, an axis may move from this tick on, m or rad; (..., n)."""
        limits, size = self._limits, np.abs(acceleration)
        # While the acceleration is taken back the speed is at most `peak`, and from there on it brakes.
        added = gain(size, limits)
        peak = np.minimum(np.abs(velocity) + added, np.maximum(limits.velocity, np.abs(velocity)))
        index = np.minimum(np.ceil(peak * self._per_speed), SPEEDS - 1).astype(np.intp)
        ticks = np.floor(size / limits.change) + 2.0
        distance: Array = self._distance[index, self._axes] + peak * ticks * limits.period_s
        return distance
