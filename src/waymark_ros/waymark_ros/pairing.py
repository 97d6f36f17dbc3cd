# SPDX-License-Identifier: Apache-2.0
"""Bring together what belongs to the same stamp, in whichever order it arrives."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

A = TypeVar('A')
B = TypeVar('B')
_IN_VAIN = 10  # firsts in a row that waited for nothing: after them none waits until a second half comes


class StampPairs(Generic[A, B]):
    """Waits for both halves of a pair with exactly the same stamp; keeps the last `depth` halves of each kind."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._firsts: OrderedDict[int, A] = OrderedDict()
        self._seconds: OrderedDict[int, B] = OrderedDict()
        self.unpaired = 0

    def add_first(self, stamp_ns: int, item: A) -> tuple[A, B] | None:
        """Add the one half; returns the pair when the other half waits already."""
        if stamp_ns in self._seconds:
            return item, self._seconds.pop(stamp_ns)
        self._keep(self._firsts, stamp_ns, item)
        return None

    def add_second(self, stamp_ns: int, item: B) -> tuple[A, B] | None:
        """Add the other half; returns the pair when the first half waits already."""
        if stamp_ns in self._firsts:
            return self._firsts.pop(stamp_ns), item
        self._keep(self._seconds, stamp_ns, item)
        return None

    def clear(self) -> None:
        """Forget all that waits."""
        self._firsts.clear()
        self._seconds.clear()

    def _keep(self, waiting: OrderedDict[int, A] | OrderedDict[int, B], stamp_ns: int, item: A | B) -> None:
        waiting[stamp_ns] = item  # type: ignore[assignment]
        if len(waiting) > self._depth:
            waiting.popitem(last=False)
            self.unpaired += 1


class OptionalPairs(Generic[A, B]):
    """Gives each first half the second with exactly its stamp, where that comes in time. Firsts leave in their order.

    A first half leaves alone when a second half with a later stamp has come (they come in order, so its own never
    will), when it has waited long enough, when too many wait, and at once while nobody sends second halves.

    Attributes:
        paired: How many left with their second half.
        alone: How many left without.
    """

    def __init__(self, wait_s: float, depth: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty.

        Args:
            wait_s: How long a first half waits.
            depth: How many halves of each kind may wait.
            clock: Steady, s.
        """
        self._wait_s, self._depth, self._clock = wait_s, depth, clock
        self._firsts: deque[tuple[int, A, float]] = deque()
        self._seconds: OrderedDict[int, B] = OrderedDict()
        self._newest_ns = -1
        self._in_vain = 0
        self.paired = self.alone = 0

    @property
    def is_answered(self) -> bool:
        """False while firsts do not wait any more, since none of the last ones got its second half."""
        return self._in_vain < _IN_VAIN

    def add_first(self, stamp_ns: int, item: A) -> list[tuple[A, B | None]]:
        """Add a first half; returns who leaves now."""
        self._firsts.append((stamp_ns, item, self._clock() + self._wait_s))
        return self.due()

    def add_second(self, stamp_ns: int, item: B) -> list[tuple[A, B | None]]:
        """Add a second half; returns who leaves now."""
        self._seconds[stamp_ns] = item
        if len(self._seconds) > self._depth:
            self._seconds.popitem(last=False)
        self._newest_ns, self._in_vain = max(self._newest_ns, stamp_ns), 0
        return self.due()

    def due(self) -> list[tuple[A, B | None]]:
        """Who leaves now, since its second half is there or its time is up."""
        leaving: list[tuple[A, B | None]] = []
        while self._firsts and self._leaves(*self._firsts[0]):
            stamp_ns, item, _ = self._firsts.popleft()
            leaving.append((item, self._second_of(stamp_ns)))
        return leaving

    def patience_s(self) -> float | None:
        """How long until the next one's time is up; None while nobody waits."""
        return max(self._firsts[0][2] - self._clock(), 0.0) if self._firsts else None

    def clear(self) -> list[tuple[A, B | None]]:
        """Stamps start anew: returns who waited, in order, and forgets all."""
        waiting = [(item, self._second_of(stamp_ns)) for stamp_ns, item, _ in self._firsts]
        self._firsts.clear()
        self._seconds.clear()
        self._newest_ns, self._in_vain = -1, 0
        return waiting

    def _leaves(self, stamp_ns: int, item: A, until_s: float) -> bool:
        is_known = stamp_ns in self._seconds or stamp_ns < self._newest_ns
        return is_known or not self.is_answered or len(self._firsts) > self._depth or self._clock() >= until_s

    def _second_of(self, stamp_ns: int) -> B | None:
        second = self._seconds.pop(stamp_ns, None)
        self.paired += second is not None
        self.alone += second is None
        self._in_vain += second is None and stamp_ns > self._newest_ns
        return second
