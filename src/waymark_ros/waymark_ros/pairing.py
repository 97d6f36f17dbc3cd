# SPDX-License-Identifier: Apache-2.0
"""Bring together what belongs to the same stamp, in whichever order it arrives."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

A = TypeVar('A')
B = TypeVar('B')


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
