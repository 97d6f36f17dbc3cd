# SPDX-License-Identifier: Apache-2.0
"""Services that take long: the node's worker answers them step by step, in turn with its other work.

The ROS thread takes the request and later sends the answer; between the two it serves the container's other nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from waymark_ros.frames import Inbox
from waymark_ros.runner import Guard

LANE = 'request'

Steps = Callable[[Any, Any], Iterator[None]]  # (request, response), with a `yield` wherever other work may come between


@dataclass(eq=False)
class Job:
    """A request that is being answered.

    Attributes:
        name: Of the service.
        steps: Its work, which fills the response.
        answer: Done when the answer is known.
    """

    name: str
    steps: Iterator[None]
    answer: Future


class Requests:
    """The services of one node. Their responses have `success` and `message`.

    One request is worked on at a time, the others wait in the middleware. Whatever goes wrong with one becomes an
    answer with success false and the sentence, and is counted like any other problem of the node.
    """

    def __init__(self, node: Node, guard: Guard) -> None:
        self._node, self._guard = node, guard
        self._group = MutuallyExclusiveCallbackGroup()  # not the node's own: that one must not wait for an answer
        self._services: list[Any] = []
        self._inbox: Inbox | None = None
        self._job: Job | None = None
        self.answered = 0

    def serve(self, srv_type: Any, name: str, steps: Steps) -> None:
        """Offer a service.

        Args:
            srv_type: Its response has `success` and `message`.
            name: As of any service: '~/encode_image'.
            steps: A generator that fills the response; it runs in the worker thread and yields after each small part.
        """

        async def callback(request: Any, response: Any) -> Any:
            job = Job(name.rpartition('/')[2], steps(request, response), Future())
            self._begin(job)
            # rclpy resumes this whenever its thread wakes up, and `_finish` wakes it.
            problem = await job.answer
            if problem:
                return srv_type.Response(success=False, message=problem)
            response.success = True
            return response

        self._services.append(self._node.create_service(srv_type, name, callback, callback_group=self._group))

    def open(self, inbox: Inbox) -> None:
        """Take requests from now on, into this inbox."""
        inbox.add_lane(LANE, 1, self._step, takes_turns=True)
        self._inbox = inbox

    def close(self) -> None:
        """Refuse requests from now on, and the one that waits; its inbox is closed already."""
        self._inbox, job = None, self._job
        if job is not None:
            self._finish(job, self._inactive())

    def destroy(self) -> None:
        """Take all services back."""
        for service in self._services:
            self._node.destroy_service(service)
        self._services.clear()

    def _begin(self, job: Job) -> None:
        inbox = self._inbox
        if inbox is None:
            job.answer.set_result(self._inactive())
            return
        self._job = job
        if not inbox.deposit(LANE, job):  # closed in this very moment
            self._finish(job, self._inactive())

    def _step(self, job: Job) -> None:
        """Do one part of a job in the worker thread, and line up for the next."""
        with self._guard(job.name, lambda problem: self._finish(job, problem)):
            try:
                next(job.steps)
            except StopIteration:
                return self._finish(job, '')
            inbox = self._inbox
            if inbox is not None:
                inbox.deposit(LANE, job)
        return None

    def _finish(self, job: Job, problem: str) -> None:
        if not job.answer.done():
            self.answered += 1
            self._job = None
            job.answer.set_result(problem)
            if self._node.executor is not None:
                self._node.executor.wake()

    def _inactive(self) -> str:
        return f'{self._node.get_name()} is not active: configure and activate it first.'
