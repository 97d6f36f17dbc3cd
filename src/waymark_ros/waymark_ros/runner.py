# SPDX-License-Identifier: Apache-2.0
"""Start a process of nodes and end it in order. Errors are caught here and nowhere else: at start-up and in Guard."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from waymark.environment import prepare_ros
from waymark.errors import ConfigError, WaymarkError
from waymark_ros.realtime import stand_back
from waymark_ros.turns import Turns

if TYPE_CHECKING:
    from waymark_ros.lifecycle import ManagedNode

EXIT_ERROR = 1
# A user's Ctrl-C is answered within 3 s: nodes get this long, then the process ends without them.
SHUTDOWN_S = 2.5
CALLBACK_S = 0.5  # of them, for a callback that is just running
START_GRACE_S = 0.5  # of them, for a node that is just being configured
LAST_WORDS_S = 0.2  # the other nodes' last diagnostics still travel to the recorder
THROTTLE_S = 5.0
RECENT_S = 30.0  # diagnostics show a problem as a warning for this long


class Guard:
    """Callback guard: whatever a message does to a node, the node goes on.

    `with guard('image'):` counts and logs (throttled) what is raised inside, and swallows it; `guard('image', tell)`
    calls `tell` with the sentence too. Any thread may use it.
    """

    def __init__(self, warn: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._warn = warn
        self._clock = clock
        self._lock = threading.Lock()
        self._last_said: dict[str, float] = {}
        self._last_s: float | None = None
        self.errors = 0
        self.last_error = ''

    @contextmanager
    def __call__(self, what: str, tell: Callable[[str], None] = lambda problem: None) -> Iterator[None]:
        """Guard what is done with `what`."""
        try:
            yield
        except WaymarkError as error:
            self.count(f'{what}: {error}')
            tell(str(error))
        except Exception as error:  # noqa: BLE001 - this is the guard
            self.count(f'{what}: {type(error).__name__}: {error}')
            tell(f'{type(error).__name__}: {error}')

    @property
    def is_recent(self) -> bool:
        """True when the last problem is less than RECENT_S ago."""
        return self.was_within(RECENT_S)

    def was_within(self, seconds: float) -> bool:
        """True when the last problem is less than this and less than RECENT_S ago."""
        return self._last_s is not None and self._clock() - self._last_s < min(seconds, RECENT_S)

    def count(self, problem: str) -> None:
        """Count a problem and say it, at most once in THROTTLE_S for each text, whatever the numbers in it."""
        kind = re.sub(r'\d+(\.\d+)?', '#', problem)
        with self._lock:
            self.errors += 1
            self.last_error = problem
            self._last_s = now = self._clock()
            is_due = now - self._last_said.get(kind, -THROTTLE_S) >= THROTTLE_S
            if is_due:
                self._last_said = {k: t for k, t in self._last_said.items() if now - t < THROTTLE_S}
                self._last_said[kind] = now
            text = f'{problem} ({self.errors} so far)'
        if is_due:
            self._warn(text)


def attempt(logger: Any, what: str, body: Callable[[], None], is_reported: bool = False) -> str | None:
    """Run a lifecycle transition's body, since rclpy would swallow what it raises without a word.

    Args:
        logger: Of the node.
        what: What can not be done then, as a verb.
        body: May raise.
        is_reported: The caller reports a user's error itself; it is not logged then.

    Returns:
        What went wrong, None when nothing did.
    """
    try:
        body()
    except WaymarkError as error:
        if not is_reported:
            logger.error(f'can not {what}: {error}')
        return str(error)
    except Exception as error:  # noqa: BLE001
        logger.error(f'can not {what}:\n{traceback.format_exc()}')
        return f'{type(error).__name__}: {error}'
    return None


class Process:
    """One ROS process: context, executor, nodes; ended by a signal, by a node, or by an error.

    Attributes:
        turns: Which of the nodes that stand back work now.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._errors: list[str] = []
        self._nodes: list[ManagedNode] = []
        self.turns = Turns()
        self._guard = Guard(lambda text: print(f'warning: {text}', file=sys.stderr))

    def request_stop(self, error: str | None = None) -> None:
        """End the process soon; with an error its exit code says so. Any thread may call this."""
        if error:
            self._errors.append(error)
        self._stop.set()

    def run_worker(
        self, name: str, logger: Any, body: Callable[[], None], on_death: Callable[[str], None], nice: int = 0
    ) -> None:
        """Run a worker thread's body; one that dies ends the process with a sentence instead of going silent."""
        stand_back(nice)
        problem = attempt(logger, 'go on', body, is_reported=True)
        if problem:
            on_death(problem)
            self.request_stop(f'{name}: {problem}')

    def run(self, build: Callable[[Process], Sequence[ManagedNode]], ros_args: Sequence[str]) -> int:
        """Build the nodes, start them, wait, end them. Returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())
        faulthandler.enable()
        prepare_ros()
        import rclpy
        from rclpy.signals import SignalHandlerOptions

        from waymark_ros.spinning import Spinner

        # rclpy's own handlers end the context at once, under the nodes' feet.
        try:
            rclpy.init(args=list(ros_args), signal_handler_options=SignalHandlerOptions.NO)
        except Exception as error:  # rcl's own error types, which say what is wrong in their first line
            raise ConfigError(f'ROS arguments {" ".join(ros_args)!r}: {str(error).splitlines()[0]}') from None
        spinner = Spinner(self._on_ros_error)
        try:
            self._nodes = list(build(self))
            for node in self._nodes:
                spinner.add(node)
            spinner.start()
            self._start_and_wait()
        finally:
            watchdog = threading.Timer(SHUTDOWN_S, self._give_up, ['did not stop'])
            watchdog.daemon = True
            watchdog.start()
            self._end_nodes()
            has_stopped = spinner.stop(CALLBACK_S)
            rclpy.try_shutdown()
            if not has_stopped:  # a thread left in rcl while Python finalizes aborts the process
                spinner.stop(timeout_s=1.0)
            watchdog.cancel()
        for error in self._errors:
            print(f'error: {error}', file=sys.stderr)
        return EXIT_ERROR if self._errors else 0

    def _on_ros_error(self, error: Exception) -> None:
        """A message that rclpy can't take must not end the process. At its end entities go while rclpy looks on."""
        if self._stop.is_set():
            return
        self._guard.count(f'{type(error).__name__} in a ROS callback: {" ".join(str(error).split())}')

    def _start_and_wait(self) -> None:
        """Start the nodes in a thread: a signal reaches the main one also while a library loads a model for minutes."""
        failures: list[BaseException] = []

        def start() -> None:
            try:
                self._start_nodes()
            except BaseException as error:  # noqa: BLE001 - raised below, in the main thread
                failures.append(error)
                self._stop.set()

        starter = threading.Thread(target=start, name='start', daemon=True)
        starter.start()
        self._stop.wait()
        starter.join(START_GRACE_S)
        if starter.is_alive():
            self._give_up('was still being configured')
        if failures:
            raise failures[0]

    def _start_nodes(self) -> None:
        """Configure all, then activate receivers before image sources, so that no first frame is missed."""
        nodes = [n for n in self._nodes if n.autostarts]
        for node in nodes:
            if self._stop.is_set():
                return
            node.configure_or_raise()
        for node in sorted(nodes, key=lambda n: n.starts_last):
            if self._stop.is_set():
                return
            node.activate_or_raise()

    def _end_nodes(self) -> None:
        """Sources stop first, then those that use their images; the recorder last, so that it has all."""
        for node in sorted(self._nodes, key=lambda n: (not n.starts_last, n.closes_last)):
            if node.closes_last:
                time.sleep(LAST_WORDS_S)
            node.end()

    def _give_up(self, what: str) -> None:
        print(f'error: a node {what} when its time was up; the process ends without it.', file=sys.stderr, flush=True)
        os._exit(EXIT_ERROR)


def main_guard(body: Callable[[], int]) -> None:
    """Run a program's body; what a user can fix becomes one sentence and an exit code."""
    try:
        code = body()
    except WaymarkError as error:
        print(f'error: {error}', file=sys.stderr)
        code = EXIT_ERROR
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def run_node(node_class: Callable[..., ManagedNode]) -> None:
    """Main of a node that runs alone, as `ros2 run waymark_ros NAME` does."""

    def body() -> int:
        prepare_ros()
        from waymark_ros.frames import FrameHub

        def build(process: Process) -> Sequence[ManagedNode]:
            return [node_class(hub=FrameHub(), process=process)]

        return Process().run(build, sys.argv[1:])

    main_guard(body)
