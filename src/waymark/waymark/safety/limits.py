# SPDX-License-Identifier: Apache-2.0
"""Velocity, acceleration and jerk limits per axis: from one control tick to the next, the nearest allowed velocity.

Everything here is vectorised over leading axes: a state is (..., n), with n axes or joints.

Notation: dt the control period, q = jerk * dt the largest change of acceleration in one tick. An acceleration a that is
taken back as fast as jerk allows adds F(a) = dt * sum_{i >= 0} max(a - i q, 0) to the velocity, this tick included.
A(R) is its inverse, the largest a with F(a) <= R: for R between F(m q) and F((m + 1) q) the sum has m + 1 terms, so

    m = floor((sqrt(1 + 8 R / (dt q)) - 1) / 2),   A(R) = (R / dt + q m (m + 1) / 2) / (m + 1).

A state is viable when v + F(a - q) <= v_max where a > 0, likewise for -v, and |v| <= v_max, |a| <= a_max: then the
acceleration can be brought to 0 before |v| passes v_max. A tick chooses the next a from

    max(-a_max, a - q, -A(v_max + v)) <= a' <= min(a_max, a + q, A(v_max - v)).

This interval is never empty from a viable state, and each a' in it leads to a viable state. Not empty: each lower bound
is at most each upper bound. -a_max <= a + q and a - q <= a_max since |a| <= a_max; A >= 0 as |v| <= v_max; and
a - q <= A(v_max - v) is what viable says (where a <= q, the left side is not positive). Viable again: v' = v + a' dt
and F(a') <= v_max - v give v' + F(a' - q) = v + F(a') <= v_max. By induction the limits hold for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

UNLIMITED = 1e12  # m/s^2 in one tick: stands for 'any', and keeps the formulas free of inf * 0
ROUNDING = 1e-9  # a command that is on a limit is not over it
REST = 1e-12  # m/s or rad/s: what rounding leaves of a velocity that was braked to 0


@dataclass(frozen=True)
class AxisLimits:
    """What each axis may do.

    Attributes:
        velocity: (n,) largest |v|, m/s or rad/s; 0 for an axis that must not move.
        acceleration: (n,) largest |a| of one tick, m/s^2 or rad/s^2.
        deceleration: (n,) the same for a tick that brings v nearer to 0; a tick that crosses 0 keeps the smaller one.
        jerk: (n,) largest change of a from tick to tick over dt, m/s^3 or rad/s^3; inf for none.
        period_s: dt, s.

    Raises:
        ValueError: Shapes differ, a value is negative or NaN, or deceleration differs from acceleration where jerk is
            limited: the interval above would then be empty when v changes its sign.
    """

    velocity: Array
    acceleration: Array
    deceleration: Array
    jerk: Array
    period_s: float
    change: Array = field(init=False, repr=False)  # q, (n,)
    is_symmetric: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ('velocity', 'acceleration', 'deceleration', 'jerk'):
            values = np.array(getattr(self, name), np.float64, ndmin=1)
            if values.shape != np.shape(np.atleast_1d(self.velocity)) or not (values >= 0).all():
                raise ValueError(f'{name}: expected {np.size(self.velocity)} values of at least 0, got {values}')
            object.__setattr__(self, name, values)
        if not self.period_s > 0:
            raise ValueError(f'period_s: must be above 0, got {self.period_s}')
        moves = self.velocity > 0
        change = np.where(moves, np.minimum(self.jerk * self.period_s, UNLIMITED), UNLIMITED)
        if (change <= 0).any() or (np.minimum(self.acceleration, self.deceleration)[moves] <= 0).any():
            raise ValueError('an axis that may move needs acceleration, deceleration and jerk above 0')
        differs = moves & (self.acceleration != self.deceleration)
        if (differs & (change < UNLIMITED)).any():
            raise ValueError('deceleration must equal acceleration on an axis whose jerk is limited')
        object.__setattr__(self, 'change', change)
        object.__setattr__(self, 'is_symmetric', not differs.any())

    @classmethod
    def of(
        cls,
        velocity: ArrayLike,
        acceleration: ArrayLike,
        jerk: ArrayLike | None = None,
        period_s: float = 0.02,
        deceleration: ArrayLike | None = None,
    ) -> AxisLimits:
        """Make limits of plain numbers; without `jerk` none, without `deceleration` the acceleration."""
        v, a = np.array(velocity, np.float64, ndmin=1), np.array(acceleration, np.float64, ndmin=1)
        j = np.full(v.shape, np.inf) if jerk is None else np.array(jerk, np.float64, ndmin=1)
        return cls(v, a, a if deceleration is None else np.array(deceleration, np.float64, ndmin=1), j, period_s)

    def take(self, axes: list[int]) -> AxisLimits:
        """The limits of some axes."""
        v, a, d, j = (r[axes] for r in (self.velocity, self.acceleration, self.deceleration, self.jerk))
        return AxisLimits(v, a, d, j, self.period_s)


def clamp(values: Any, lower: Any, upper: Any) -> Array:
    """As np.clip, in a third of its time for few values."""
    return np.minimum(np.maximum(values, lower), upper)  # type: ignore[no-any-return]


def tidied(velocity: Array, limits: AxisLimits) -> Array:
    """Without what rounding added: not above the largest velocity, and 0 where it is almost; (..., n)."""
    inside = clamp(velocity, -limits.velocity, limits.velocity)
    return np.where(np.abs(inside) < REST, 0.0, inside)


def gain(acceleration: Array, limits: AxisLimits) -> Array:
    """F: what an acceleration >= 0 adds to the velocity until it is taken back, m/s; (..., n)."""
    m = np.floor(acceleration / limits.change)
    added: Array = ((m + 1) * acceleration - limits.change * m * (m + 1) / 2) * limits.period_s
    return added


def largest_acceleration(room: Array, limits: AxisLimits) -> Array:
    """A: the largest acceleration that adds no more than `room` >= 0 m/s to the velocity; (..., n)."""
    q, per_tick = limits.change, room / limits.period_s
    m = np.floor((np.sqrt(1.0 + 8.0 * per_tick / q) - 1.0) * 0.5)
    return (per_tick + q * m * (m + 1.0) * 0.5) / (m + 1.0)


def bounds(velocity: Array, acceleration: Array, gap: Array, limits: AxisLimits) -> tuple[Array, Array, Array]:
    """What may be chosen in the next tick from a viable state.

    Args:
        velocity: (..., n).
        acceleration: (..., n).
        gap: (..., n) how far the velocity is from the one asked for.
        limits: Of n axes.

    Returns:
        Smallest and largest acceleration, and the size of the one that comes to 0 just when the gap is closed.
    """
    q, top = limits.change, limits.velocity
    rooms = np.empty((3, *np.shape(gap)))  # together: the cost is in the number of calls
    np.add(top, velocity, out=rooms[0])
    np.subtract(top, velocity, out=rooms[1])
    np.abs(gap, out=rooms[2])
    np.maximum(rooms, 0.0, out=rooms)  # rounding
    down, up, closing = largest_acceleration(rooms, limits)
    least, most = rate_bounds(velocity, limits)
    lower = np.maximum(np.maximum(least, acceleration - q), -down)
    upper = np.minimum(np.minimum(most, acceleration + q), up)
    return lower, upper, closing


def rate_bounds(velocity: Array, limits: AxisLimits) -> tuple[Array, Array]:
    """What acceleration and deceleration limits alone allow; each (..., n) or (n,)."""
    faster = limits.acceleration
    if limits.is_symmetric:
        return -faster, faster
    slower = limits.deceleration
    to_zero = np.abs(velocity) / limits.period_s
    # Up to zero at the full deceleration, beyond it no more than the smaller of the two.
    back = np.where(to_zero >= slower, slower, np.maximum(to_zero, np.minimum(slower, faster)))
    return -np.where(velocity > 0, back, faster), np.where(velocity < 0, back, faster)


def is_viable(velocity: Array, acceleration: Array, limits: AxisLimits) -> NDArray[np.bool_]:
    """(..., n) whether the limits can be kept from this state on."""
    speed = velocity * np.where(acceleration < 0, -1.0, 1.0)
    rest = np.maximum(np.abs(acceleration) - limits.change, 0.0)
    fits = (np.abs(velocity) <= limits.velocity) & (speed + gain(rest, limits) <= limits.velocity + ROUNDING)
    return fits & (np.abs(acceleration) <= np.maximum(limits.acceleration, limits.deceleration) + ROUNDING)


def step(
    velocity: Array, acceleration: Array, target: Array, target_rate: Array, limits: AxisLimits
) -> tuple[Array, Array]:
    """The nearest allowed velocity to a target, one tick on.

    A target that moves within the limits is followed bit for bit. Any other is approached at the largest acceleration
    that still comes to 0 on it: a step to 0 stops the vehicle and never reverses it.

    Args:
        velocity: (..., n) of the last tick, viable together with `acceleration`.
        acceleration: (..., n) of the last tick.
        target: (..., n) velocity asked for; finite.
        target_rate: (..., n) how fast the target itself changes, from tick to tick.
        limits: Of n axes.

    Returns:
        Velocity and acceleration of the new tick, (..., n), viable.
    """
    dt, top = limits.period_s, limits.velocity
    goal = clamp(target, -top, top)
    gap = goal - velocity
    wanted = gap / dt
    if not (gap.any() or acceleration.any()):
        return goal, wanted
    lower, upper, closing = bounds(velocity, acceleration, gap, limits)
    is_direct = (
        (wanted >= lower - ROUNDING)
        & (wanted <= upper + ROUNDING)
        # Else the target is met at a rate that it does not keep, and overshot in the next tick.
        & (np.abs(wanted - target_rate) <= limits.change + ROUNDING)
    )
    if is_direct.all():
        return goal, wanted
    sought = clamp(np.copysign(closing, gap), lower, upper)
    moved = np.where(is_direct, goal, tidied(velocity + sought * dt, limits))
    return moved, (moved - velocity) / dt


def settled(velocity: Array, acceleration: Array, limits: AxisLimits, wanted: AxisLimits) -> Array:
    """(..., n) velocity to head for under the old limits, so that the state becomes viable under the wanted ones."""
    rest = np.maximum(np.abs(acceleration) - limits.change, 0.0)
    end = velocity + np.copysign(gain(rest, limits), acceleration)
    return clamp(end, -wanted.velocity, wanted.velocity)
