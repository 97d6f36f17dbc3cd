# SPDX-License-Identifier: Apache-2.0
"""What comes in for the safety filter. ROS callbacks only deposit, without a lock; the filter's thread takes it all."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from nav_msgs.msg import Odometry
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from waymark.safety import SOURCES, Command, SafetyFilter
from waymark_ros.conversions import time_to_ns
from waymark_ros.qos import COMMANDS_IN, STATE
from waymark_ros.safety_messages import command_type, joint_positions, odometry_pose
from waymark_ros.safety_outputs import SafetyOutputs

KEPT = 16  # commands of a source that may wait for the next tick; a burst pushes the oldest out
ANSWER_S = 0.5


class SafetyInputs:
    """Subscriptions of one filter, and the mailboxes between the ROS thread and the filter's."""

    def __init__(self, node: Any, core: SafetyFilter, outputs: SafetyOutputs, hurry: Callable[[], None]) -> None:
        """Subscribe.

        Args:
            node: Whose topics these are.
            core: Gets what comes in.
            outputs: Publishes what it refuses.
            hurry: Wakes the filter's thread.
        """
        config = core.config
        self._node, self._config, self._core, self._outputs, self._hurry = node, config, core, outputs, hurry
        self._orders: deque[Callable[[], object]] = deque()
        self._commands: dict[str, deque[tuple[Command, int, int]]] = {name: deque(maxlen=KEPT) for name in SOURCES}
        self._pushed_out = 0
        kind, convert = command_type(config.is_arm)
        self.topics = tuple(f'cmd/{name}' for name in SOURCES)
        self._subscriptions = [
            node.create_subscription(kind, topic, self._taker(name, convert), COMMANDS_IN)
            for name, topic in zip(SOURCES, self.topics, strict=True)
        ]
        # Twice: the latched reader gets what was said before, the other one what a publisher without latching says.
        for qos in (STATE, COMMANDS_IN):
            self._subscriptions.append(node.create_subscription(Bool, 'e_stop', self._on_e_stop, qos))
        if config.is_arm:
            self._add(JointState, 'joint_states', self._on_joints)
        elif config.fence_xy_m or config.altitude_band_m:
            self._add(Odometry, 'odometry', self._on_odometry)

    def put(self, order: Callable[[], object]) -> None:
        """Have the filter's thread do something before its next tick."""
        self._orders.append(order)

    def stop(self, order: Callable[[], object]) -> None:
        """As `put`, and wake the filter's thread: an e-stop does not wait for the period to end."""
        self._orders.append(order)
        self._hurry()

    def ask(self, question: Callable[[], str]) -> str:
        """Have the filter's thread answer before its next tick."""
        answer: list[str] = []
        done = threading.Event()

        def order() -> None:
            answer.append(question())
            done.set()

        self.put(order)
        return answer[0] if done.wait(ANSWER_S) else 'the filter did not answer in time; try again'

    def drain(self) -> None:
        """Give the filter all that has come; called by its thread. Commands first: a release forgets them."""
        for waiting in self._commands.values():
            while waiting:
                command, now_ns, steady_ns = waiting.popleft()
                refusal = self._core.receive(command, now_ns, steady_ns)
                if refusal is not None:
                    self._outputs.refuse(refusal, command)
        while self._orders:
            self._orders.popleft()()

    def snapshot(self) -> dict[str, str]:
        """What each source sent, as text."""
        sources = self._core.arbiter.sources.items()
        counts = {name: ' '.join(f'{k}={n}' for k, n in sorted(s.counts.items())) or 'silent' for name, s in sources}
        return {**counts, 'pushed_out': str(self._pushed_out), 'e_stop': self._core.e_stop or 'released'}

    def destroy(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _add(self, kind: Any, topic: str, callback: Callable[[Any], None]) -> None:
        self._subscriptions.append(self._node.create_subscription(kind, topic, callback, COMMANDS_IN))

    def _taker(self, name: str, convert: Callable[[str, Any], Command]) -> Callable[[Any], None]:
        waiting = self._commands[name]

        def take(msg: Any) -> None:
            if len(waiting) == KEPT:
                self._pushed_out += 1
            waiting.append((convert(name, msg), self._node.get_clock().now().nanoseconds, time.monotonic_ns()))

        return take

    def _on_e_stop(self, msg: Bool) -> None:
        self.stop(lambda: self._core.press(msg.data, 'topic e_stop'))

    def _on_odometry(self, msg: Odometry) -> None:
        if msg.header.frame_id.strip('/') != self._config.fence_frame.strip('/'):
            self._node.guard.count(
                f'odometry is in frame {msg.header.frame_id!r}, the fence in {self._config.fence_frame!r}; '
                'remap `odometry` or set fence_frame.'
            )
            return
        pose, stamp_ns = odometry_pose(msg), time_to_ns(msg.header.stamp)
        now_ns, steady_ns = self._node.get_clock().now().nanoseconds, time.monotonic_ns()
        self.put(lambda: self._report(self._core.set_pose(pose, stamp_ns, now_ns, steady_ns)))

    def _on_joints(self, msg: JointState) -> None:
        positions, steady_ns = joint_positions(msg, self._config.joints), time.monotonic_ns()
        self.put(lambda: self._report(self._core.set_joints(positions, steady_ns)))

    def _report(self, problem: str) -> None:
        if problem:
            self._node.guard.count(problem)
