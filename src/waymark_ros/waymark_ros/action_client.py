# SPDX-License-Identifier: Apache-2.0
"""rclpy's action client for those who ask in one thread and hear in another."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.action import ActionClient


class ThreadedActionClient(ActionClient):
    """Loses no answer. rclpy's (Jazzy) drops one that comes before it has noted the question it has just sent.

    It says «Ignoring unexpected cancel response» then, and the future is never done. Seen with goals that are
    refused at once, where the machine is busy.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As rclpy's."""
        self._asking = threading.Lock()
        super().__init__(*arguments, **named)

    def send_goal_async(self, *arguments: Any, **named: Any) -> Any:
        """As rclpy's."""
        with self._asking:
            return super().send_goal_async(*arguments, **named)

    def _cancel_goal_async(self, goal_handle: Any) -> Any:
        with self._asking:
            return super()._cancel_goal_async(goal_handle)

    def _get_result_async(self, goal_handle: Any) -> Any:
        with self._asking:
            return super()._get_result_async(goal_handle)

    async def execute(self, taken_data: Any) -> None:
        """As rclpy's, once what is being asked is noted; callbacks run without the lock."""
        with self._asking:
            pass
        await super().execute(taken_data)
