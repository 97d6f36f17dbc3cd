# SPDX-License-Identifier: Apache-2.0
"""A process of its own for what a test does to one: killed at a moment, or short of disk."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable


def run_forked(act: Callable[[], str]) -> str:
    """What `act` returns in a forked process, or its traceback."""
    pid, reading = _fork(act)
    with os.fdopen(reading, encoding='utf-8') as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


def kill_after(seconds: float, act: Callable[[], str]) -> str | None:
    """Kill (-9) a forked process that does `act`; None, or what it returned where it was done before that."""
    pid, reading = _fork(act)
    with os.fdopen(reading, encoding='utf-8') as pipe:
        was_done = bool(select.select([pipe], [], [], seconds)[0])
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return pipe.read() if was_done else None


def _fork(act: Callable[[], str]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            said = act()
        except BaseException:
            said = traceback.format_exc()
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    return pid, reading
