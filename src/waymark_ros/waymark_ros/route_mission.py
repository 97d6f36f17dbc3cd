# SPDX-License-Identifier: Apache-2.0
"""A person at a simulated vehicle: releases the filter, leads the way once, and has it repeated."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any

from geometry_msgs.msg import TwistStamped
from std_srvs.srv import Trigger
from waymark_msgs.action import RepeatRoute, TeachRoute

from waymark.errors import RouteError
from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark.routes import Command
from waymark.types import NANOSECONDS
from waymark_ros.action_client import ThreadedActionClient
from waymark_ros.qos import COMMANDS_OUT
from waymark_ros.route_work import command_to_msg

PATIENCE_S = 5.0  # an image may be lost
READY_S = 60.0  # a node may be loading its model
ANSWER_S = 20.0
LATE, LATE_S = 4.0, 30.0  # a flight may take this many times what it should, and so much besides
Steps = Generator[None, None, None]


class RouteMission:
    """Goes on with each step, in the worker of the simulator's node.

    Attributes:
        title: What goes on, for people.
        is_done: Whether all of it is.
        is_begun: Whether the nodes are there and the filter is released.
    """

    _answer_by_s = 0.0  # until then the follower's answer to the last image is awaited

    def __init__(self, node: Any, flight: Any, config: FlightSimulatorConfig) -> None:
        """Prepare.

        Args:
            node: A ManagedNode that is being configured.
            flight: A waymark_sim.live.LiveFlight.
            config: Of the mission.
        """
        self._node, self._flight, self._config = node, flight, config
        self._teach = ThreadedActionClient(node, TeachRoute, 'teach_route')
        self._repeat = ThreadedActionClient(node, RepeatRoute, 'repeat_route')
        self._release = node.create_client(Trigger, 'safety_filter/release')
        self._lead = node.create_publisher(TwistStamped, 'cmd/operator', COMMANDS_OUT)
        self._name = config.route_id or f'{datetime.now():%Y%m%d-%H%M%S}'
        self._stamp_ns, self._steps = 0, self._plan()
        self._is_teaching = True
        self.title, self.is_done, self.is_begun, self._is_flown = 'waiting for the nodes', False, False, False

    @property
    def is_waiting(self) -> bool:
        """Whether time should stand still: on a busy machine the vehicle would outrun who steers it."""
        return (self._config.waits or self._is_teaching) and time.monotonic() < self._answer_by_s

    def observe(self, stamp_ns: int, sees: bool) -> None:
        """Go on.

        Args:
            stamp_ns: Of this step.
            sees: Whether an image was published with it.

        Raises:
            RouteError: It can't be done; why.
        """
        if sees:
            self._stamp_ns = stamp_ns
            self._answer_by_s = time.monotonic() + PATIENCE_S if self._is_flown else 0.0
        self.is_done = self.is_done or next(self._steps, 'done') == 'done'

    def destroy(self) -> None:
        """Take the clients back."""
        self._teach.destroy()
        self._repeat.destroy()
        self._node.destroy_client(self._release)

    def _plan(self) -> Steps:
        for name, client in (('teach_route', self._teach), ('repeat_route', self._repeat)):
            yield from self._until(client.server_is_ready, READY_S, f'nobody offers the action {name}')
        yield from self._until(self._release.service_is_ready, READY_S, 'there is no safety_filter')
        yield from self._released()
        self.is_begun = True
        yield from self._taught()
        if self._config.mission == 'teach_and_repeat':
            self._flight.carry_to_start(self._config.beside_m)
            yield from self._repeated(backwards=False)
        for lap in itertools.count() if self._config.mission == 'patrol' else ():
            yield from self._repeated(backwards=lap % 2 == 0)

    def _released(self) -> Steps:
        deadline_s = time.monotonic() + READY_S  # its service is there before it is active
        while True:
            answer = yield from self._answer(self._release.call_async(Trigger.Request()), ANSWER_S, 'safety_filter')
            if answer.success:
                return
            if time.monotonic() > deadline_s:
                raise RouteError(f'the safety filter stays latched: {answer.message}.')
            yield

    def _taught(self) -> Steps:
        pilot = self._flight.pilot()
        goal = yield from self._goal(self._teach, TeachRoute.Goal(route_id=self._name))
        self.title = 'teaching'
        result, deadline_ns = goal.get_result_async(), self._stamp_ns + self._patience_ns()
        while not pilot.is_done and not result.done():
            if self._stamp_ns > deadline_ns:
                raise RouteError('the vehicle does not follow `cmd/operator`. Look at the safety filter.')
            self._tell(pilot.command(self._flight.pose))
            yield
        self._tell(Command())
        if not result.done():
            yield from self._answer(goal.cancel_goal_async(), ANSWER_S, 'teach_route')
        taught = yield from self._answer(result, ANSWER_S, 'teach_route')
        self._say(taught.result, 'taught')
        self._is_teaching = False

    def _repeated(self, backwards: bool) -> Steps:
        request = RepeatRoute.Goal(route_id=self._name, backwards=backwards, max_speed=self._config.speed)
        goal = yield from self._goal(self._repeat, request)
        self.title = 'repeating'
        result, deadline_ns = goal.get_result_async(), self._stamp_ns + self._patience_ns()
        while not result.done():
            if self._stamp_ns > deadline_ns:
                raise RouteError('the end of the route was not reached in four times what it should take.')
            yield
        self._say(result.result().result, 'repeated')

    def _say(self, result: Any, what: str) -> None:
        self._is_flown = False
        if not result.success:
            raise RouteError(f'the route {self._name!r} was not {what}: {result.message}')
        self._node.get_logger().info(f'{what} the route {self._name!r}: {result.message}')

    def _patience_ns(self) -> int:
        """Simulated time after which a flight is given up."""
        return round((LATE * self._config.length / self._config.speed + LATE_S) * NANOSECONDS)

    def _tell(self, command: Command) -> None:
        self._lead.publish(command_to_msg(command, self._stamp_ns, 'base_link'))

    def _goal(self, client: ThreadedActionClient, goal: Any) -> Generator[None, None, Any]:
        sent = client.send_goal_async(goal, feedback_callback=self._on_feedback)
        handle = yield from self._answer(sent, ANSWER_S, client._action_name)
        if not handle.accepted:
            raise RouteError('route_follower refused the goal; its log says why.')
        self._is_flown = True
        return handle

    def _on_feedback(self, msg: Any) -> None:
        said, self._answer_by_s = msg.feedback, 0.0
        if hasattr(said, 'progress'):
            self.title = f'repeating   {100 * said.progress:3.0f} %   {said.lateral_error:+.2f} m beside'
        else:
            self.title = f'teaching   {said.keyframe_count} keyframes, {said.length:.0f} m'

    def _answer(self, future: Any, limit_s: float, who: str) -> Generator[None, None, Any]:
        yield from self._until(future.done, limit_s, f'{who} has not answered for {limit_s:.0f} s')
        return future.result()

    def _until(self, condition: Callable[[], bool], limit_s: float, failure: str) -> Steps:
        deadline_s = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline_s:
                raise RouteError(f'{failure}. Look at the other nodes.')
            yield
