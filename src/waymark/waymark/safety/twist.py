# SPDX-License-Identifier: Apache-2.0
"""The state of a base or a drone: velocity and acceleration of the last tick, and the next allowed ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waymark.safety.braking import StoppingTable, brake
from waymark.safety.corridor import Corridor
from waymark.safety.fence import Fence
from waymark.safety.ground import FenceGuard
from waymark.safety.intervention import Intervention, Reason
from waymark.safety.limits import ROUNDING, Array, AxisLimits, clamp, is_viable, settled, step, tidied
from waymark.safety.pose import Pose

AXES = ('linear.x', 'linear.y', 'linear.z', 'angular.x', 'angular.y', 'angular.z')
UP = [2]


@dataclass(frozen=True)
class TwistRules:
    """What holds for a twist.

    Attributes:
        limits: Of six axes.
        fence: Or None.
        altitude_m: Lowest and highest z, the margin already taken off; or None.
    """

    limits: AxisLimits
    fence: Fence | None = None
    altitude_m: tuple[float, float] | None = None

    @property
    def needs_pose(self) -> bool:
        """True when the vehicle's position must be known."""
        return self.fence is not None or self.altitude_m is not None


class _Guards:
    """Rules with what is computed from them once."""

    def __init__(self, rules: TwistRules) -> None:
        self.rules, limits = rules, rules.limits
        self.ground = FenceGuard(rules.fence, limits, StoppingTable(limits)) if rules.fence is not None else None
        self.corridor = Corridor(limits.take(UP)) if rules.altitude_m is not None else None

    def room_up(self, pose: Pose) -> tuple[Array, Array]:
        """How far down (<= 0) and up (>= 0) the vehicle may go, m; no further out than it is."""
        low, high = self.rules.altitude_m or (0.0, 0.0)
        return np.array([min(0.0, low - pose.z_m)]), np.array([max(0.0, high - pose.z_m)])

    def can_stop(self, pose: Pose | None, velocity: Array, acceleration: Array) -> bool:
        """Whether braking under these rules keeps the vehicle where it may be."""
        if pose is None:
            return True
        if self.corridor and not self.corridor.can_stop(velocity[UP], acceleration[UP], *self.room_up(pose)):
            return False
        return self.ground is None or self.ground.can_stop(pose, velocity, acceleration)


class TwistMotion:
    """Moves from tick to tick within the rules."""

    def __init__(self, rules: TwistRules) -> None:
        """Start at rest.

        Raises:
            ConfigError: A stop takes too long.
        """
        self._guards = _Guards(rules)
        self._next: _Guards | None = None
        self.stop_now()

    @property
    def needs_pose(self) -> bool:
        """True when `tick` needs to know where the vehicle is."""
        return (self._next or self._guards).rules.needs_pose

    @property
    def limits(self) -> AxisLimits:
        """The limits in force: the old ones for the moment that it takes to get inside new, tighter ones."""
        return self._guards.rules.limits

    @property
    def is_at_rest(self) -> bool:
        """True when nothing moves."""
        return not self.velocity.any()

    def change(self, rules: TwistRules) -> None:
        """Follow other rules as soon as the state fits them; until then the old limits lead to it, fast as they can.

        Raises:
            ConfigError: A stop takes too long.
        """
        pending = _Guards(rules)
        # Where it may be holds at once; how it may move is what a moving vehicle must get into.
        self._guards = _Guards(TwistRules(self.limits, rules.fence, rules.altitude_m))
        self._next = pending

    def stop_now(self) -> None:
        """Zero at once: the e-stop, and the only way around acceleration and jerk limits."""
        self.velocity, self.acceleration, self._last_goal = np.zeros(6), np.zeros(6), np.zeros(6)

    def tick(self, target: Array, pose: Pose | None) -> list[Intervention]:
        """Move on by one tick towards a twist (6,); `velocity` is the outcome. Says what stood in the way."""
        limits, top = self.limits, self.limits.velocity
        goal = clamp(target, -top, top)
        aim, rate = goal, (goal - self._last_goal) / limits.period_s
        if self._next is not None:
            aim, rate = self._towards_next(pose, goal, rate)
            limits = self.limits
        go, acceleration = step(self.velocity, self.acceleration, aim, rate, limits)
        safe = go if pose is None else self._guarded(goal, go, pose)
        if safe is not go:
            safe = tidied(safe, limits)
            acceleration = (safe - self.velocity) / limits.period_s
        said = [] if safe is target or (safe == target).all() else self._explain(target, goal, go, safe)
        self.velocity, self.acceleration, self._last_goal = safe, acceleration, goal
        return said

    def _towards_next(self, pose: Pose | None, goal: Array, rate: Array) -> tuple[Array, Array]:
        """Switch to the new rules where the state fits them, else head for where it will."""
        assert self._next is not None
        wanted = self._next.rules.limits
        if not is_viable(self.velocity, self.acceleration, wanted).all():
            return settled(self.velocity, self.acceleration, self.limits, wanted), np.zeros(6)
        if not self._next.can_stop(pose, self.velocity, self.acceleration):
            return np.zeros(6), np.zeros(6)
        self._guards, self._next = self._next, None
        return clamp(goal, -wanted.velocity, wanted.velocity), rate

    def _guarded(self, goal: Array, go: Array, pose: Pose) -> Array:
        guards, limits = self._guards, self.limits
        if guards.ground is None and guards.corridor is None:
            return go
        stop = brake(self.velocity, self.acceleration, limits)[0]
        if guards.corridor is not None:
            lower, upper = guards.room_up(pose)
            height = guards.corridor.nearest(self.velocity[UP], stop[UP], go[UP], lower, upper)
            if height[0] != go[2]:
                go = go.copy()
                go[2] = height[0]
        if guards.ground is not None:
            return guards.ground.nearest(pose, self.velocity, self.acceleration, goal, stop, go)
        return go

    def _explain(self, target: Array, goal: Array, go: Array, safe: Array) -> list[Intervention]:
        """Which limit changed which axis; called only when one did."""
        said, limits = [], self.limits
        for i in np.flatnonzero(safe != target):
            asked, allowed = float(target[i]), float(safe[i])
            if goal[i] != target[i]:
                said.append(Intervention(AXES[i], Reason.VELOCITY, asked, float(goal[i])))
            if go[i] != goal[i]:
                said.append(
                    Intervention(AXES[i], rate_reason(int(i), self.velocity, goal, limits), asked, float(go[i]))
                )
            if safe[i] != go[i]:
                said.append(Intervention(AXES[i], Reason.ALTITUDE if i == 2 else Reason.FENCE, asked, allowed))
        return said


def rate_reason(axis: int, velocity: Array, goal: Array, limits: AxisLimits) -> Reason:
    """Whether acceleration or jerk kept an axis from its goal."""
    is_slower = abs(goal[axis]) < abs(velocity[axis])
    most = (limits.deceleration if is_slower else limits.acceleration)[axis]
    wanted = abs(goal[axis] - velocity[axis]) / limits.period_s
    return Reason.ACCELERATION if wanted > most + ROUNDING else Reason.JERK
