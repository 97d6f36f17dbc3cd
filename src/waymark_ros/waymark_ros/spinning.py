# SPDX-License-Identifier: Apache-2.0
"""Spin nodes in a thread, and end it in the one order that rclpy survives.

`Executor.shutdown` frees what a spinning thread waits on without waiting for that thread, and a node destroyed under
one has crashed the process: first the thread ends, then the executor, then the nodes.

Before each wait rclpy goes through every entity of every node, .7 ms of the interpreter for a container of nine nodes,
to hear one message of hundreds a second. So the thread lets a few gather: it waits anew after a millisecond for each
node at the earliest, and `Drain` then takes all that a subscription holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.subscription import Subscription

BREATH_S = 0.01  # between errors that rclpy itself raises, so that none can take a whole core
GATHER_S = 0.001  # per node, from one wait to the next
AT_ONCE = 50  # messages that one subscription takes before the others get theirs


class PacedExecutor(SingleThreadedExecutor):
    """rclpy's, which lets messages gather before it waits anew."""

    _waited_s = 0.0

    def _wait_for_ready_callbacks(self, *arguments: Any, **options: Any) -> Any:
        """As rclpy's, whose name it is; were it another, nothing would gather and all would work."""
        pause_s = self._waited_s + GATHER_S * len(self.get_nodes()) - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        self._waited_s = time.monotonic()
        return super()._wait_for_ready_callbacks(*arguments, **options)


class Drain:
    """A callback that is called with the message, then with all that wait behind it.

    Attributes:
        subscription: It is the callback of; None until that is known.
    """

    def __init__(self, callback: Callable[[Any], None]) -> None:
        self._callback = callback
        self.subscription: Subscription | None = None

    def __call__(self, msg: Any) -> None:
        """Handle what came."""
        self._callback(msg)
        source = self.subscription
        for _ in range(AT_ONCE if source is not None else 0):
            try:
                with source.handle:
                    taken = source.handle.take_message(source.msg_type, source.raw)
            except InvalidHandle:  # the callback took the subscription back
                return
            if taken is None:
                return
            self._callback(taken[0])


class Spinner:
    """A thread that runs the callbacks of nodes, one at a time.

    Args:
        on_error: Told what a callback or rclpy itself raised; spinning goes on. Any error is raised in the thread,
            and ends it, where there is nobody to tell.
        context: rclpy's default when None.
        executor: A PacedExecutor when None.
    """

    def __init__(
        self, on_error: Callable[[Exception], None] | None = None, context: Any = None, executor: Any = None
    ) -> None:
        self._executor = executor or PacedExecutor(context=context)
        self._on_error = on_error
        self._nodes: list[Node] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._spin, name='ros', daemon=True)

    def add(self, node: Node) -> None:
        """Spin a node too, from now on; the spinner destroys it at the end."""
        self._nodes.append(node)
        self._executor.add_node(node)

    def start(self) -> None:
        """Start, once."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """End the thread, then the executor and the nodes.

        Returns:
            False when a callback held the thread for longer; executor and nodes are left alone then.
        """
        self._ended.set()
        if self._thread.is_alive():
            self._executor.create_task(lambda: None)  # something to do, after which the thread looks up
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return False
        self._executor.shutdown()
        while self._nodes:
            self._nodes.pop().destroy_node()
        return True

    def _spin(self) -> None:
        # Not spin_until_future_complete: rclpy hangs a callback on the future in each turn, a gigabyte in an hour.
        while not self._ended.is_set() and self._executor.context.ok():
            try:
                self._executor.spin_once()
            except InvalidHandle:
                continue  # a subscription was taken back while rclpy waited on it: wait on the rest
            except (ExternalShutdownException, ShutdownException):
                return
            except Exception as error:
                if self._on_error is None:
                    raise
                self._on_error(error)
                threading.Event().wait(BREATH_S)
