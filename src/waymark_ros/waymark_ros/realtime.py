# SPDX-License-Identifier: Apache-2.0
"""A loop at a fixed rate on absolute steady deadlines, with real-time scheduling where the system permits."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from waymark.types import NANOSECONDS

PRIORITY = 50
SWITCH_S = 0.0005  # another Python thread gives the interpreter back after this, not after 5 ms
WINDOW = 3000  # ticks that the statistics look back on: a minute at 50 Hz


def ask_for_realtime() -> str:
    """Give the calling thread real-time scheduling; returns how it is scheduled, with the remedy when refused."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (PermissionError, OSError) as error:
        return f'normal, real-time refused ({error.strerror}): grant CAP_SYS_NICE or an rtprio of {PRIORITY}'
    return f'SCHED_FIFO {PRIORITY}'


def shorten_pauses() -> None:
    """Keep the interpreter's own pauses short in this process: thread switches and garbage collection."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()  # what is there at start is not looked through again


def stand_back(nice: int) -> None:
    """Let other threads go before the calling one; threads that it makes from now on do the same.

    Args:
        nice: As of nice(1), 0 to 19; a thread can not come forward again.
    """
    if nice > 0:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)


def run_standing_back(nice: int, body: Callable[[], None]) -> None:
    """Run a body so that threads it makes stand back: in a thread of its own, where `nice` asks for it.

    Raises:
        Exception: What the body raised.
    """
    failures: list[BaseException] = []

    def run() -> None:
        stand_back(nice)
        try:
            body()
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked
            failures.append(error)

    if nice == 0:
        run()
    else:
        thread = threading.Thread(target=run, name='standing back')
        thread.start()
        thread.join()
    if failures:
        raise failures[0]


class Ticker:
    """Calls a function at a fixed rate. One thread runs it, others may read its statistics."""

    def __init__(self, rate_hz: float) -> None:
        """Prepare."""
        self.period_ns = round(NANOSECONDS / rate_hz)
        self.ticks = 0
        self.missed = 0  # deadlines that nothing was done for
        self._urgent = threading.Event()
        self._done_ns: deque[int] = deque(maxlen=WINDOW)
        self._late_ns: deque[int] = deque(maxlen=WINDOW)  # from deadline to done

    def hurry(self) -> None:
        """Have `early` called now instead of waiting for the next deadline; any thread may call this."""
        self._urgent.set()

    def run(
        self, tick: Callable[[], None], is_over: Callable[[], bool], early: Callable[[], None] = lambda: None
    ) -> None:
        """Call `tick` at each deadline until it is over. A missed deadline is left out, not made up for.

        Args:
            tick: Work of a period.
            is_over: Asked before each.
            early: Called between two deadlines when somebody is in a hurry; the deadlines stay.
        """
        deadline = time.monotonic_ns()
        while not is_over():
            tick()
            done = time.monotonic_ns()
            self._done_ns.append(done)
            self._late_ns.append(done - deadline)
            self.ticks += 1
            deadline += self.period_ns
            if done >= deadline + self.period_ns:
                skipped = (done - deadline) // self.period_ns
                self.missed += skipped
                deadline += skipped * self.period_ns
            while (left_ns := deadline - time.monotonic_ns()) > 0 and self._urgent.wait(left_ns / NANOSECONDS):
                self._urgent.clear()
                early()

    def snapshot(self) -> dict[str, str]:
        """Rate over the last minute, latency from deadline to done, missed deadlines; as text."""
        done, late = list(self._done_ns), list(self._late_ns)
        rate = (len(done) - 1) * NANOSECONDS / (done[-1] - done[0]) if len(done) > 1 else 0.0
        p50, p95, worst = np.percentile(late or [0], [50, 95, 100]) / 1e6
        return {
            'rate_hz': f'{rate:.1f}',
            'latency_p50_ms': f'{p50:.1f}',
            'latency_p95_ms': f'{p95:.1f}',
            'latency_max_ms': f'{worst:.1f}',
            'frames': str(self.ticks),
            'missed_periods': str(self.missed),
        }
