# SPDX-License-Identifier: Apache-2.0
"""Between a policy that answers when it answers and a vehicle that must be told something at a fixed rate.

One thread thinks: it shows the policy what is fresh and lays its chunks over time. Another one asks at each control
period what is due; it never waits, and where nothing is known to be right it gets None, for the safe action.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from waymark.errors import PolicyError
from waymark.policy.chunks import ActionQueue, Due
from waymark.policy.config import PilotConfig
from waymark.policy.mapping import PolicyMapping, require_match
from waymark.policy.observation import Predictor, Request
from waymark.policy.senses import Senses
from waymark.types import NANOSECONDS

WINDOW = 100  # inferences that latencies look back on
RESET_NS = NANOSECONDS


@dataclass(frozen=True)
class PilotState:
    """What a pilot says of itself.

    Attributes:
        task: The instruction; None while there is nothing to do.
        chunks: Chunks that were used since the task began.
        drops: Requests without a chunk that could be used, ever.
        latencies_s: Median and 95th percentile of the time from a request to its answer, and the last.
        queue_length: Actions that are left.
        gap: `ActionQueue.gap` of the last chunk.
        reason: Why there is no action, '' where there is one.
    """

    task: str | None
    chunks: int
    drops: int
    latencies_s: tuple[float, float, float]
    queue_length: int
    gap: float
    reason: str


class Pilot:
    """One policy at work. `think` belongs to one thread, `tick` to another; anybody may call the rest."""

    def __init__(
        self, config: PilotConfig, mapping: PolicyMapping, predictor: Predictor, clock_ns: Callable[[], int]
    ) -> None:
        """Prepare; the policy need not be there yet.

        Args:
            config: Limits.
            mapping: Topics to features.
            predictor: The policy.
            clock_ns: The clock that observations are stamped by.
        """
        self._config, self._mapping, self._predictor, self._clock_ns = config, mapping, predictor, clock_ns
        self._lock = threading.Lock()
        self._queue = ActionQueue(mapping.fps, config.blend_s, config.watchdog_s)
        self.senses: Senses | None = None
        self._task: str | None = None
        self._turn = self._chunks = self._drops = 0
        self._asked_ns = self._last_now_ns = 0
        self._moved_s = time.monotonic()
        self._latencies_s: deque[float] = deque(maxlen=WINDOW)
        self._reason = 'no task'

    def meet(self) -> Senses:
        """Make the policy's acquaintance, once: from then on `senses` takes what comes.

        Raises:
            PolicyUnreachable: It is not there yet.
            PolicyError: The mapping does not go with it: this will not change.
        """
        if self.senses is None:
            contract = self._predictor.contract
            require_match(contract, self._mapping)
            self.senses = Senses(self._mapping, contract, self._config.max_observation_age_s)
        return self.senses

    def begin(self, task: str) -> None:
        """Act on an instruction from now on; what was planned for another one is dropped."""
        with self._lock:
            self._task, self._reason = task, 'the policy has not answered yet'
            self._turn += 1
            self._chunks = 0
            self._queue.clear()

    def stop(self) -> None:
        """Nothing is to be done any more."""
        with self._lock:
            self._task, self._reason = None, 'no task'
            self._turn += 1
            self._queue.clear()

    def think(self) -> bool:
        """Ask the policy once, where it is time to; False where it is not.

        Raises:
            PolicyError: What it was shown or answered can't be used; PolicyUnreachable: it does not answer. Both were
                counted, and the next call may go well.
        """
        with self._lock:
            task, turn = self._task, self._turn
        now_ns, senses = self._clock_ns(), self.senses
        if task is None or senses is None or 0 <= now_ns - self._asked_ns < self._config.replan_s * NANOSECONDS:
            return False
        try:
            return self._ask(senses, task, turn, now_ns)
        except PolicyError as error:
            self._drops += 1
            self._say(str(error), turn)
            raise

    def _ask(self, senses: Senses, task: str, turn: int, now_ns: int) -> bool:
        seen = senses.observe(now_ns)
        if isinstance(seen, str):
            self._say(seen, turn)
            return False
        if seen.stamp_ns == self._asked_ns:
            return False
        thinking_s = self.latencies_s()[1] + (now_ns - seen.stamp_ns) / NANOSECONDS
        with self._lock:
            can = self._predictor.contract.has_rtc and self._turn == turn
            continued = self._queue.continued(seen.stamp_ns, thinking_s) if can else None
        self._asked_ns, began_s = seen.stamp_ns, time.monotonic()
        seed = None if self._config.seed < 0 else self._config.seed
        overlap = None if continued is None else continued.overlap
        chunk = self._predictor.answer(Request(seen.arrays, task, seed, overlap))
        self._latencies_s.append(time.monotonic() - began_s)
        begin_ns = None if continued is None else continued.begin_ns
        with self._lock:
            if self._turn != turn:
                return True  # it was asked for something that is no longer wanted
            is_used = self._queue.add(chunk, seen.stamp_ns, self._clock_ns(), begin_ns)
            self._chunks += is_used
            self._drops += not is_used
        self._say('' if is_used else 'the policy is slower than its chunks are long', turn)
        return True

    def tick(self) -> Due | None:
        """What is due now; None for the safe action."""
        now_ns, now_s = self._clock_ns(), time.monotonic()
        with self._lock:
            back = self._last_now_ns - now_ns > RESET_NS
            if now_ns != self._last_now_ns:
                self._moved_s = now_s
            self._last_now_ns = now_ns
            if back:
                self._queue.clear()
                self._asked_ns = 0
            if self._task is None or now_s - self._moved_s > self._config.watchdog_s:
                return None  # a clock that stands still would keep an action young for ever
            due = self._queue.due(now_ns)
        if back and self.senses is not None:
            self.senses.clear()
        return due

    def latencies_s(self) -> tuple[float, float, float]:
        """Median, 95th percentile, last."""
        known = list(self._latencies_s) or [0.0]
        p50, p95 = np.percentile(known, [50, 95])
        return float(p50), float(p95), known[-1]

    def state(self) -> PilotState:
        """How it is."""
        with self._lock:
            length = self._queue.length(self._clock_ns())
            reason = '' if length and self._task is not None else self._reason or 'the queue is dry'
            return PilotState(
                self._task, self._chunks, self._drops, self.latencies_s(), length, self._queue.gap, reason
            )

    def _say(self, reason: str, turn: int) -> None:
        with self._lock:
            if self._turn == turn:
                self._reason = reason
