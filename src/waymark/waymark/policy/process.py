# SPDX-License-Identifier: Apache-2.0
"""Start a policy process in its own interpreter, and start it again when it has ended or hangs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from waymark.environments import find_interpreter, source_path
from waymark.errors import BackendUnavailable
from waymark.policy.greeting import Address
from waymark.policy.serving import ServeConfig, ServeRequest

MAX_BACKOFF_S = 30.0
STOP_S = 1.0


class PolicyProcess:
    """A policy process that this process owns; it listens at a unix socket in a folder that only this user enters."""

    def __init__(self, config: ServeConfig, python: str = '', clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare.

        Args:
            config: What it serves.
            python: Interpreter that has lerobot; '': the one of .venv-models.
            clock: Steady, s.

        Raises:
            BackendUnavailable: There is no such interpreter.
        """
        self._python = Path(python).expanduser() if python else find_interpreter('models')
        if not os.access(self._python, os.X_OK):
            raise BackendUnavailable(f'python: {str(self._python)!r} is no program. Name one that has lerobot.')
        self._clock, self._kept = clock, contextlib.ExitStack()
        self._path = self._kept.enter_context(source_path())
        folder = self._kept.enter_context(tempfile.TemporaryDirectory(prefix='waymark-policy-'))
        self.address = Address(path=str(Path(folder) / 'socket'))
        self._request = ServeRequest(config, str(self.address), parent=os.getpid())
        self._child: subprocess.Popen[bytes] | None = None
        self._next_s = self._backoff_s = 0.0
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return None if self._child is None or self._child.poll() is not None else self._child.pid

    def ensure(self) -> bool:
        """Start it where it does not run, not more often than the back-off permits; True where it was started now."""
        now = self._clock()
        if self.pid is not None or now < self._next_s:
            return False
        self._backoff_s = min(MAX_BACKOFF_S, max(0.5, 2 * self._backoff_s))
        self._next_s = now + self._backoff_s
        environment = os.environ | {'PYTHONPATH': self._path, 'PYTHONNOUSERSITE': '1'}
        command = [str(self._python), '-m', 'waymark.policy', 'serve', self._request.to_json()]
        # A session of its own: Ctrl-C reaches the node, which ends this one when the vehicle has its safe action.
        self._child = subprocess.Popen(command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL)
        self.starts += 1
        return True

    def is_well(self) -> None:
        """It answered: its next start, if one is needed, does not wait."""
        self._backoff_s = self._next_s = 0.0

    def kill(self) -> None:
        """End one that hangs, at once."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def stop(self) -> None:
        """End it for good."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_S)
            self.kill()
        self._kept.close()


class Silence:
    """How long a peer that had answered leaves questions unanswered. Who is not asked is not silent."""

    def __init__(self) -> None:
        """Nothing is known of the peer: one that still loads is not silent either."""
        self._is_known = False
        self._since_s: float | None = None

    def answered(self) -> None:
        """It is there."""
        self._is_known, self._since_s = True, None

    def unanswered(self, asked_s: float) -> None:
        """A question of that moment (of a steady clock, s) was left unanswered."""
        if self._is_known and self._since_s is None:
            self._since_s = asked_s

    def seconds(self, now_s: float) -> float:
        """Since the first question that was left unanswered; 0 where there is none."""
        return 0.0 if self._since_s is None else now_s - self._since_s

    def forget(self) -> None:
        """Another peer begins in its place."""
        self._is_known, self._since_s = False, None
