# SPDX-License-Identifier: Apache-2.0
"""An answer that comes before the question is noted is not lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from rclpy.action import ActionServer
from ros_camera import TestCamera
from waymark_msgs.action import TeachRoute

from waymark_ros.action_client import ThreadedActionClient

pytestmark = pytest.mark.ros


class AnsweredFirst:
    """A client's handle whose sending returns only after the answer was taken."""

    def __init__(self, handle: Any, taken: threading.Event) -> None:
        self._handle, self._taken = handle, taken

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._handle, name)
        if not name.startswith('send_'):
            return call

        def send(*arguments: Any) -> Any:
            self._taken.clear()
            number = call(*arguments)
            assert self._taken.wait(10.0)
            return number

        return send


class Client(ThreadedActionClient):
    """Tells when it has taken an answer."""

    def __init__(self, node: Any) -> None:
        super().__init__(node, TeachRoute, 'teach_route')
        self.taken = threading.Event()
        self._client_handle = AnsweredFirst(self._client_handle, self.taken)

    async def execute(self, taken_data: Any) -> None:
        self.taken.set()
        await super().execute(taken_data)


def test_goals_and_results_are_answered_although_the_answer_is_faster_than_the_asker(spinning):
    node = spinning(TestCamera(name='asker'))

    def execute(goal: Any) -> Any:
        goal.succeed()
        return TeachRoute.Result(success=True, keyframe_count=7)

    server, client = ActionServer(node, TeachRoute, 'teach_route', execute), Client(node)
    assert client.wait_for_server(timeout_sec=20)
    asked = client.send_goal_async(TeachRoute.Goal(route_id='barn'))
    assert node.wait_for(asked.done, 20.0)
    result = asked.result().get_result_async()
    assert node.wait_for(result.done, 20.0)
    assert result.result().result.keyframe_count == 7
    client.destroy()
    server.destroy()
