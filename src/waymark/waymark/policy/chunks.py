# SPDX-License-Identifier: Apache-2.0
"""Chunks of actions laid over time: which action is due now, and how one chunk goes over into the next.

A chunk's action k is due at the time of its observation + k / fps, so what the policy's thinking took is already past
when it comes. Between two steps actions are interpolated: any control rate goes with any fps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.policy.observation import Chunk, Overlap
from waymark.types import NANOSECONDS


@dataclass(frozen=True, eq=False)
class Plan:
    """A chunk on the clock.

    Attributes:
        chunk: Its actions.
        begin_ns: When its first action is due.
        observed_ns: Stamp of the observation behind it.
        period_ns: From one action to the next.
    """

    chunk: Chunk
    begin_ns: int
    observed_ns: int
    period_ns: float

    @property
    def end_ns(self) -> float:
        """When its last action is over."""
        return self.begin_ns + len(self.chunk.actions) * self.period_ns

    def at(self, now_ns: int) -> NDArray[np.float64] | None:
        """(D,) the action that is due, between two steps a mixture of both; None before and after the plan."""
        place = (now_ns - self.begin_ns) / self.period_ns
        actions = self.chunk.actions
        if place < 0 or place >= len(actions):
            return None
        low = int(place)
        share = place - low
        high = min(low + 1, len(actions) - 1)
        before = actions[low].astype(np.float64)
        return np.asarray(before + share * (actions[high] - before), np.float64)


@dataclass(frozen=True, eq=False)
class Due:
    """An action that is due: (D,) in the units of the policy's data, and the stamp of the observation behind it."""

    action: NDArray[np.float64]
    observed_ns: int


class ActionQueue:
    """The chunk that is being carried out and the one that goes over into it. One thread at a time may use it.

    Attributes:
        gap: Largest change of a value, in units of the policy's data, where the last chunk took over: what a jump
            without any blending would have been.
    """

    def __init__(self, fps: float, blend_s: float, watchdog_s: float) -> None:
        """Prepare.

        Args:
            fps: Actions in a second of a chunk.
            blend_s: Time in which the weight goes from one chunk to the next, where the policy does not continue it.
            watchdog_s: Actions count until the observation behind them is this old.
        """
        self._period_ns = NANOSECONDS / fps
        self._blend_ns, self._watchdog_ns = blend_s * NANOSECONDS, watchdog_s * NANOSECONDS
        self._plan: Plan | None = None
        self._before: Plan | None = None
        self._joined_ns = 0
        self.gap = 0.0

    def clear(self) -> None:
        """Forget all."""
        self._plan = self._before = None

    def add(self, chunk: Chunk, observed_ns: int, now_ns: int, begin_ns: int | None = None) -> bool:
        """Take over a chunk from now on.

        Args:
            chunk: What the policy answered.
            observed_ns: Stamp of the observation.
            now_ns: The clock.
            begin_ns: `Continued.begin_ns` where it continues the last one; None: it does not, and is blended in.

        Returns:
            False where it is all past already, or older than what is being carried out; it is not used then.
        """
        plan = Plan(chunk, observed_ns if begin_ns is None else begin_ns, observed_ns, self._period_ns)
        current = self._plan
        if now_ns >= plan.end_ns or (current is not None and observed_ns <= current.observed_ns):
            return False
        old, new = None if current is None else current.at(now_ns), plan.at(now_ns)
        self.gap = 0.0 if old is None or new is None else float(np.abs(new - old).max())
        self._before = current if begin_ns is None and old is not None else None
        self._plan, self._joined_ns = plan, now_ns
        return True

    def due(self, now_ns: int) -> Due | None:
        """What is to be done now; None when the queue is dry, or what is in it too old."""
        plan = self._plan
        if plan is None or not 0 <= now_ns - plan.observed_ns <= self._watchdog_ns:
            return None
        action = plan.at(now_ns)
        if action is None:
            return None
        share = 1.0 if self._blend_ns <= 0 else (now_ns - self._joined_ns) / self._blend_ns
        old = None if self._before is None or share >= 1 else self._before.at(now_ns)
        if old is not None:
            action = share * action + (1 - share) * old
        return Due(action, plan.observed_ns)

    def left_s(self, now_ns: int) -> float:
        """How long there will be actions, s."""
        plan = self._plan
        if plan is None:
            return 0.0
        until_ns = min(plan.end_ns, plan.observed_ns + self._watchdog_ns)
        return max(0.0, (until_ns - now_ns) / NANOSECONDS)

    def length(self, now_ns: int) -> int:
        """How many actions are left."""
        return math.ceil(self.left_s(now_ns) * NANOSECONDS / self._period_ns)

    def continued(self, observed_ns: int, thinking_s: float) -> Continued | None:
        """What a policy that continues chunks must know; None where nothing is left to continue.

        Args:
            observed_ns: Stamp of the observation that it will be asked about.
            thinking_s: How long it will take, from that stamp on.
        """
        plan = self._plan
        if plan is None:
            return None
        first = max(0, round((observed_ns - plan.begin_ns) / self._period_ns))
        left = plan.chunk.raw[first:]
        if not len(left):
            return None
        delay = min(len(left), math.ceil(thinking_s * NANOSECONDS / self._period_ns))
        return Continued(Overlap(np.ascontiguousarray(left), delay), round(plan.begin_ns + first * self._period_ns))


@dataclass(frozen=True, eq=False)
class Continued:
    """What is left of a chunk, and when the first action of its continuation will be due."""

    overlap: Overlap
    begin_ns: int
