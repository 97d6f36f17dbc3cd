# SPDX-License-Identifier: Apache-2.0
"""Nodes of one process that stand back take turns, so that a core stays free for those that steer.

Priorities alone don't do that: the threads of a process share one interpreter, and a thread that steers waits for it
while the one that holds it waits for a core behind all the others that only look.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

PATIENCE_S = 0.5  # nobody waits longer: one that hangs must not stop the others


class Turns:
    """Lets few work at once; of those that wait, the one goes first that has had the least time.

    Source of the order: start-time fair queuing (Goyal, Vin, Cheng, 1996): who was idle has saved nothing up.
    """

    def __init__(self, at_once: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            at_once: How many; None: one less than there are cores, at least one.
            clock: Steady, s.
        """
        self.changed = threading.Condition()
        self.free = max(1, len(os.sched_getaffinity(0)) - 1) if at_once is None else at_once
        self.waiting: list[Turn] = []
        self.now_s = 0.0  # virtual: where the last one began that got its turn
        self.clock = clock


class Turn:
    """One node's: `with turn:` work. The calling thread waits for its turn, for half a second at most."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._due_s, self._began_s = turns, 0.0, 0.0

    def __enter__(self) -> None:
        turns = self._turns
        with turns.changed:
            self._due_s = max(self._due_s, turns.now_s)
            turns.waiting.append(self)
            turns.changed.wait_for(self._is_next, PATIENCE_S)
            turns.waiting.remove(self)
            turns.free -= 1
            turns.now_s = max(turns.now_s, self._due_s)
            self._began_s = turns.clock()
            turns.changed.notify_all()

    def __exit__(self, *exception: object) -> None:
        turns = self._turns
        with turns.changed:
            self._due_s += turns.clock() - self._began_s
            turns.free += 1
            turns.changed.notify_all()

    def _is_next(self) -> bool:
        return self._turns.free > 0 and min(self._turns.waiting, key=lambda turn: turn._due_s) is self
