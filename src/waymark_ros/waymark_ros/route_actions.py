# SPDX-License-Identifier: Apache-2.0
"""Actions of a node: one goal at a time, worked on by the node's worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future


@dataclass(eq=False)
class Run:
    """A goal that is being worked on.

    Attributes:
        kind: The action, as waymark_msgs.action.TeachRoute.
        goal: rclpy's handle.
        done: Done with ('succeed', 'canceled' or 'abort', the result).
        session: What the worker made of it; None before it began.
        wants_cancel: Whether the client asked for the end.
        fed_s: When it last got what it works with, steady; before that, when it began.
    """

    kind: Any
    goal: Any
    done: Future = field(default_factory=Future)
    session: Any = None
    wants_cancel: bool = False
    fed_s: float = field(default_factory=time.monotonic)


class RouteActions:
    """Offers the actions while the node is configured; refuses goals while it is inactive or busy."""

    def __init__(self, node: Any, kinds: dict[str, Any], wake: Callable[[Run], None]) -> None:
        """Offer.

        Args:
            node: A ManagedNode that is being configured.
            kinds: Action by name.
            wake: Called in the ROS thread where the worker should look at a run: it began, or should end.
        """
        self._node, self._wake, self._lock = node, wake, threading.Lock()
        self._run: Run | None = None
        group = ReentrantCallbackGroup()  # a goal that is worked on must not keep a cancel request waiting
        self._servers = [
            ActionServer(
                node,
                kind,
                name,
                execute_callback=self._executor(kind),
                goal_callback=self._on_goal,
                cancel_callback=self._on_cancel,
                callback_group=group,
            )
            for name, kind in kinds.items()
        ]

    @property
    def current(self) -> Run | None:
        """What is being worked on."""
        return self._run

    def end(self, run: Run, outcome: str, result: Any) -> None:
        """Answer a goal, once; any thread.

        Args:
            run: The goal.
            outcome: 'succeed', 'canceled' (only where the client asked for it) or 'abort'.
            result: Of its action.
        """
        with self._lock:
            if run.done.done():
                return
            self._run = None if self._run is run else self._run
            run.done.set_result((outcome, result))
        if self._node.executor is not None:
            self._node.executor.wake()

    def destroy(self) -> None:
        """Take the actions back."""
        for server in self._servers:
            server.destroy()

    def _on_goal(self, _: Any) -> GoalResponse:
        """One at a time: accepted goals are executed in this thread right after, so `_run` is set by then."""
        if not self._node.is_active or self._run is not None:
            self._node.get_logger().warning(
                f'goal refused: {"another goal is being worked on" if self._run else "the node is not active"}'
            )
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_cancel(self, _: Any) -> CancelResponse:
        run = self._run
        if run is None:
            return CancelResponse.REJECT  # it has just ended
        run.wants_cancel = True
        self._wake(run)
        return CancelResponse.ACCEPT

    def _executor(self, kind: Any) -> Callable[[Any], Any]:
        async def execute(goal: Any) -> Any:
            run = Run(kind, goal)
            with self._lock:
                is_free = self._run is None and self._node.is_active
                self._run = run if is_free else self._run
            if not is_free:
                goal.abort()
                return kind.Result(success=False, message='another goal is being worked on.')
            self._wake(run)
            outcome, result = await run.done
            getattr(goal, outcome)()
            return result

        return execute
