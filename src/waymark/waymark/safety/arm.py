# SPDX-License-Identifier: Apache-2.0
"""The state of an arm: commanded position, velocity and acceleration of each joint, and the next allowed ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waymark.safety.braking import StoppingTable, brake
from waymark.safety.corridor import Corridor
from waymark.safety.intervention import Intervention, Reason
from waymark.safety.limits import (
    REST,
    ROUNDING,
    Array,
    AxisLimits,
    bounds,
    clamp,
    is_viable,
    settled,
    step,
)


@dataclass(frozen=True)
class ArmRules:
    """What holds for n joints.

    Attributes:
        joints: Their names.
        limits: Of n axes.
        lower: (n,) smallest position, rad or m.
        upper: (n,) largest position.
    """

    joints: tuple[str, ...]
    limits: AxisLimits
    lower: Array
    upper: Array


class ArmMotion:
    """Moves commanded positions from tick to tick within the rules."""

    def __init__(self, rules: ArmRules) -> None:
        """Start without a position.

        Raises:
            ConfigError: A stop takes too long.
        """
        self.rules = rules
        self._next: ArmRules | None = None
        self._prepare(rules)
        self.position: Array | None = None
        self.velocity, self.acceleration = np.zeros(len(rules.joints)), np.zeros(len(rules.joints))

    @property
    def limits(self) -> AxisLimits:
        """The limits in force: the old ones for the moment that it takes to get inside new, tighter ones."""
        return self.rules.limits

    @property
    def is_at_rest(self) -> bool:
        """True when nothing moves."""
        return not self.velocity.any()

    def change(self, rules: ArmRules) -> None:
        """Follow other rules, as soon as the state fits them.

        Raises:
            ConfigError: A stop takes too long.
        """
        Corridor(rules.limits)
        self._next = rules
        self.rules = ArmRules(rules.joints, self.limits, rules.lower, rules.upper)

    def start_at(self, position: Array) -> None:
        """Begin at the joints' measured positions, at rest."""
        self.position = self._last_goal = np.array(position, np.float64)
        self.stop_now()

    def stop_now(self) -> None:
        """Hold the last commanded position at once: the e-stop."""
        self.velocity, self.acceleration = np.zeros_like(self.velocity), np.zeros_like(self.velocity)
        if self.position is not None:
            self._last_goal = self.position

    def hold(self) -> list[Intervention]:
        """Move on by one tick, coming to rest as the limits allow."""
        self._switch()
        self._last_goal = self._advance(brake(self.velocity, self.acceleration, self.limits)[0], self._last_goal)
        return []

    def tick(self, target: Array) -> list[Intervention]:
        """Move on by one tick towards positions (n,); says what stood in the way."""
        assert self.position is not None
        self._switch()
        lower, upper = self._room()
        goal = clamp(target, *self._range())
        stop = brake(self.velocity, self.acceleration, self.limits)[0]
        if self._next is not None:
            aim = settled(self.velocity, self.acceleration, self.limits, self._next.limits)
            go = step(self.velocity, self.acceleration, aim, np.zeros_like(aim), self.limits)[0]
            safe = self._corridor.nearest(self.velocity, stop, go, lower, upper)
        else:
            safe = self._track(goal, stop, lower, upper)
        self._last_goal = goal
        position = self._advance(safe, goal)
        return [] if (position == target).all() else self._explain(target, goal, position, safe)

    def _track(self, goal: Array, stop: Array, lower: Array, upper: Array) -> Array:
        """Velocity of the next tick towards the goal."""
        assert self.position is not None
        limits, dt = self.limits, self.limits.period_s
        gap = goal - self.position
        wanted = gap / dt
        rate = (wanted - self.velocity) / dt
        least, most, _ = bounds(self.velocity, self.acceleration, wanted - self.velocity, limits)
        # A goal that moves on at `own` can be followed from here; one that stands is met slowly enough to stop on it.
        own = (goal - self._last_goal) / dt
        easy = np.minimum(np.minimum(limits.acceleration, limits.deceleration), limits.change) * dt
        is_hit = (rate >= least - ROUNDING) & (rate <= most + ROUNDING) & (np.abs(wanted - own) <= easy + ROUNDING)
        is_hit &= np.abs(wanted) <= limits.velocity + ROUNDING
        if not is_hit.all():
            ahead = np.copysign(limits.velocity, gap)
            chase = step(self.velocity, self.acceleration, ahead, np.zeros_like(ahead), limits)[0]
            # The goal is a wall for a joint that can't follow it: brake so as to come to rest on it.
            low, high = np.where(gap < 0, gap, lower), np.where(gap > 0, gap, upper)
            still = (gap == 0) & ~is_hit
            low, high = np.where(still, 0.0, low), np.where(still, 0.0, high)
            chased = self._corridor.nearest(self.velocity, stop, chase, low, high)
            wanted = np.where(is_hit, wanted, chased)
        return self._corridor.nearest(self.velocity, stop, wanted, lower, upper)

    def _switch(self) -> None:
        """Take the new rules as soon as the state fits them."""
        pending = self._next
        if pending is None or not is_viable(self.velocity, self.acceleration, pending.limits).all():
            return
        if Corridor(pending.limits).can_stop(self.velocity, self.acceleration, *self._room()):
            self.rules, self._next = pending, None
            self._prepare(pending)

    def _prepare(self, rules: ArmRules) -> None:
        self._corridor = Corridor(rules.limits, StoppingTable(rules.limits))

    def _room(self) -> tuple[Array, Array]:
        """How far each joint may go down (<= 0) and up (>= 0); no further out than it is."""
        assert self.position is not None
        return np.minimum(0.0, self.rules.lower - self.position), np.maximum(0.0, self.rules.upper - self.position)

    def _range(self) -> tuple[Array, Array]:
        """Where each joint may be; no further out than it is."""
        assert self.position is not None
        return np.minimum(self.rules.lower, self.position), np.maximum(self.rules.upper, self.position)

    def _advance(self, velocity: Array, goal: Array) -> Array:
        assert self.position is not None
        position = clamp(self.position + velocity * self.limits.period_s, *self._range())
        position = np.where(np.abs(position - goal) < REST, goal, position)  # bit for bit what was asked for
        self.acceleration = (velocity - self.velocity) / self.limits.period_s
        self.velocity, self.position = velocity, position
        return position

    def _explain(self, target: Array, goal: Array, position: Array, safe: Array) -> list[Intervention]:
        """Which limit kept which joint from its target; called only when one did."""
        said, dt = [], self.limits.period_s
        for i in np.flatnonzero(position != target):
            asked, allowed, name = float(target[i]), float(position[i]), self.rules.joints[i]
            if goal[i] != target[i]:
                said.append(Intervention(name, Reason.POSITION, asked, float(goal[i])))
            if position[i] != goal[i]:
                before = position[i] - safe[i] * dt
                is_fast = abs(goal[i] - before) > self.limits.velocity[i] * dt + ROUNDING
                at_top = abs(safe[i]) >= self.limits.velocity[i] - ROUNDING
                rate = abs(self.acceleration[i])
                at_rate = rate >= min(self.limits.acceleration[i], self.limits.deceleration[i]) - ROUNDING
                why = Reason.VELOCITY if is_fast and at_top else Reason.ACCELERATION if at_rate else Reason.JERK
                if why is Reason.JERK and self.limits.jerk[i] == np.inf:
                    why = Reason.ACCELERATION
                said.append(Intervention(name, why, asked, allowed))
        return said
