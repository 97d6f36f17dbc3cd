# SPDX-License-Identifier: Apache-2.0
"""Who may drive: operator before navigation before policy. Which commands count, and for how long."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from waymark.safety.intervention import Intervention, Reason
from waymark.safety.limits import Array
from waymark.types import NANOSECONDS

SOURCES = ('operator', 'navigation', 'policy')  # the first wins


@dataclass(frozen=True, eq=False)
class Command:
    """What a source wants.

    Attributes:
        source: One of SOURCES.
        stamp_ns: Of the image behind it, node clock.
        values: (n,) a twist or joint positions; or (k, n) positions to go through.
        times_s: (k,) when to be there, s after the stamp, rising; None for (n,) values, wanted at once.
        joints: Names of the n joints, in this order; empty for a twist.
        frame_id: Of the header, given back with what is said about the command.
    """

    source: str
    stamp_ns: int
    values: Array
    times_s: Array | None = None
    joints: tuple[str, ...] = ()
    frame_id: str = ''


@dataclass(frozen=True)
class Ages:
    """How old a command may be.

    Attributes:
        watchdog_s: After its arrival, steady time.
        max_command_age_s: After its stamp, node clock.
        max_ahead_s: How far a stamp may be ahead of the clock.
        handover_s: How long a higher source must have been silent, steady time.
    """

    watchdog_s: float
    max_command_age_s: float
    max_ahead_s: float
    handover_s: float


class Source:
    """The last valid command of one source, and when it was heard."""

    def __init__(self) -> None:
        self.command: Command | None = None
        self.heard_ns: int | None = None  # steady; of any message, also of one that was refused
        self.arrived_ns = 0  # steady; of the command
        self.age_at_arrival_s = 0.0
        self.counts: Counter[str] = Counter()
        self._last_stamp_ns: int | None = None

    def take(self, command: Command, problem: Reason | None, ages: Ages, now_ns: int, steady_ns: int) -> Reason | None:
        """Keep a command if it may count; `problem` is what is wrong with its content."""
        self.heard_ns = steady_ns
        refused = problem or self._refuse_stamp(command.stamp_ns, ages, now_ns)
        self.counts[refused.value if refused else 'accepted'] += 1
        if problem is not None:
            self.command = None  # who sends nonsense is not to be followed any longer
        if refused is None:
            self.command, self.arrived_ns = command, steady_ns
            self.age_at_arrival_s = (now_ns - command.stamp_ns) / NANOSECONDS
            self._last_stamp_ns = command.stamp_ns
        return refused

    def is_fresh(self, ages: Ages, now_ns: int, steady_ns: int) -> bool:
        """Whether its command still counts, by both clocks."""
        if self.command is None or not 0 <= steady_ns - self.arrived_ns <= ages.watchdog_s * NANOSECONDS:
            return False
        age_s = (now_ns - self.command.stamp_ns) / NANOSECONDS
        return -ages.max_ahead_s <= age_s <= ages.max_command_age_s

    def elapsed_s(self, steady_ns: int) -> float:
        """Time since the command's stamp, whatever the node's clock did meanwhile."""
        return self.age_at_arrival_s + (steady_ns - self.arrived_ns) / NANOSECONDS

    def _refuse_stamp(self, stamp_ns: int, ages: Ages, now_ns: int) -> Reason | None:
        ahead_s = (stamp_ns - now_ns) / NANOSECONDS
        last = self._last_stamp_ns
        if last is not None and (last - now_ns) / NANOSECONDS > ages.max_ahead_s:
            last = None  # the clock was set back: what it said before is no measure
        if stamp_ns <= 0:
            return Reason.ZERO_STAMP
        if ahead_s > ages.max_ahead_s:
            return Reason.AHEAD
        if -ahead_s > ages.max_command_age_s:
            return Reason.TOO_OLD
        # An equal stamp is a further step from the same image (a policy's chunk); its age is bounded all the same.
        return Reason.NOT_NEWER if last is not None and stamp_ns < last else None


class Arbiter:
    """Chooses the source to follow. A higher one takes over at once, a lower one when the higher has been silent."""

    def __init__(self, size: int, joints: tuple[str, ...] = ()) -> None:
        """Expect commands of `size` values, for these joints ('()' for a twist)."""
        self._size, self._joints = size, joints
        self._released_ns: int | None = None  # node clock
        self.sources = {name: Source() for name in SOURCES}

    def receive(self, command: Command, ages: Ages, now_ns: int, steady_ns: int) -> Intervention | None:
        """Take a command; what is said when it is refused.

        Raises:
            ValueError: There is no such source.
        """
        if command.source not in self.sources:
            raise ValueError(f'source: expected one of {", ".join(SOURCES)}, got {command.source!r}')
        source = self.sources[command.source]
        problem, command = self._checked(command)
        if problem is None and self._is_from_before_release(command, ages, now_ns):
            source.heard_ns = steady_ns
            source.counts[Reason.BEFORE_RELEASE.value] += 1
            refused: Reason | None = Reason.BEFORE_RELEASE
        else:
            refused = source.take(command, problem, ages, now_ns, steady_ns)
        if refused is None:
            return None
        return Intervention('', refused, (now_ns - command.stamp_ns) / NANOSECONDS, ages.max_command_age_s)

    def choose(self, ages: Ages, now_ns: int, steady_ns: int) -> Source | None:
        """The source to follow in this tick, or None."""
        for source in self.sources.values():
            if source.is_fresh(ages, now_ns, steady_ns):
                return source
            if source.heard_ns is not None and steady_ns - source.heard_ns < ages.handover_s * NANOSECONDS:
                return None  # it was there a moment ago: nobody below takes the wheel yet
        return None

    def forget(self, now_ns: int) -> None:
        """Nothing that was said or seen until now counts from here on."""
        self._released_ns = now_ns
        for source in self.sources.values():
            source.command = None

    def silence_s(self, steady_ns: int) -> float:
        """Time since the last valid command of any source."""
        arrived = [s.arrived_ns for s in self.sources.values() if s.counts['accepted']]
        return (steady_ns - max(arrived)) / NANOSECONDS if arrived else math.inf

    def _is_from_before_release(self, command: Command, ages: Ages, now_ns: int) -> bool:
        released = self._released_ns
        if released is not None and (released - now_ns) / NANOSECONDS > ages.max_ahead_s:
            released = self._released_ns = None  # the clock was set back
        return released is not None and 0 < command.stamp_ns <= released

    def _checked(self, command: Command) -> tuple[Reason | None, Command]:
        """What is wrong with its content, and the command with its joints in our order."""
        values, times = command.values, command.times_s
        if self._joints and set(command.joints) != set(self._joints):
            return Reason.JOINTS, command
        count = values.shape[0] if values.ndim == 2 else 0
        is_path = times is not None
        if values.shape[-1:] != (self._size,) or values.ndim != 1 + is_path or (times is not None and (
            times.shape != (count,) or count == 0
        )):  # fmt: skip
            return Reason.SIZE, command
        if not np.isfinite(values).all() or (times is not None and not np.isfinite(times).all()):
            return Reason.NOT_FINITE, command
        if times is not None and ((np.diff(times) <= 0).any() or times[0] < 0):
            return Reason.SIZE, command
        if command.joints and command.joints != self._joints:
            order = [command.joints.index(name) for name in self._joints]
            command = replace(command, values=values[..., order], joints=self._joints)
        return None, command
