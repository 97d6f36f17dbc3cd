# SPDX-License-Identifier: Apache-2.0
"""Spin nodes in a thread, and end it in the one order that rclpy survives.

`Executor.shutdown` frees what a spinning thread waits on without waiting for that thread, and a node destroyed under
one has crashed the process: first the thread ends, then the executor, then the nodes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rclpy.node import Node

BREATH_S = 0.01  # between errors that rclpy itself raises, so that none can take a whole core


class Spinner:
    """A thread that runs the callbacks of nodes, one at a time.

    Args:
        on_error: Told what a callback or rclpy itself raised; spinning goes on. Any error is raised in the thread,
            and ends it, where there is nobody to tell.
        context: rclpy's default when None.
        executor: rclpy's single-threaded one when None.
    """

    def __init__(
        self, on_error: Callable[[Exception], None] | None = None, context: Any = None, executor: Any = None
    ) -> None:
        from rclpy.executors import SingleThreadedExecutor

        self._executor = executor or SingleThreadedExecutor(context=context)
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
        from rclpy.exceptions import InvalidHandle
        from rclpy.executors import ExternalShutdownException, ShutdownException

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
