# SPDX-License-Identifier: Apache-2.0
"""What the safety filter publishes: commands at each period, its state on change, every intervention once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory
from waymark_msgs.msg import Intervention as InterventionMsg
from waymark_msgs.msg import SafetyState

from waymark.safety import Command, Intervention, Output, SafetyConfig, State
from waymark_ros.qos import COMMANDS_OUT, RESULTS, STATE
from waymark_ros.safety_messages import (
    intervention_to_msg,
    output_to_trajectory,
    output_to_twist,
    output_to_twist_stamped,
    state_to_msg,
)


class SafetyOutputs:
    """The publishers of one filter; used by its worker thread alone."""

    def __init__(self, node: Node, config: SafetyConfig) -> None:
        """Offer the topics."""
        self._node, self._config = node, config
        self.kind: Any = Twist if config.output == 'twist' else TwistStamped
        self.topic = 'joint_trajectory' if config.is_arm else 'cmd_vel'
        if config.is_arm:
            self.kind = JointTrajectory
        self.kind_name = f'{self.kind.__module__.partition(".")[0]}/msg/{self.kind.__name__}'
        self._command = node.create_publisher(self.kind, self.topic, COMMANDS_OUT)
        self._state = node.create_publisher(SafetyState, 'safety_state', STATE)
        self._interventions = node.create_publisher(InterventionMsg, 'interventions', RESULTS)
        self._last_state: tuple[Any, ...] | None = None
        self._said_of: Command | None = None
        self._said: set[tuple[str, str]] = set()
        self.counts: Counter[str] = Counter()

    def send(self, output: Output, e_stop: bool, now_ns: int) -> None:
        """Publish the outcome of a tick: the command first."""
        if output.values is not None:
            self._command.publish(self._message(output, now_ns))
        source = output.command.source if output.command else ''
        state = (output.state, source, e_stop, output.hand_over, output.reason)
        if state != self._last_state:
            self._last_state = state
            self._state.publish(state_to_msg(output, e_stop, now_ns))
            self._tell(output, source)
        if output.command is not self._said_of:
            self._said_of = output.command
            self._said.clear()
        if output.command is not None:
            for intervention in output.interventions:
                self._say_once(intervention, output.command)

    def refuse(self, refusal: Intervention, command: Command) -> None:
        """Publish that a command does not count."""
        self.counts[refusal.reason.value] += 1
        self._interventions.publish(intervention_to_msg(refusal, command))

    def snapshot(self) -> dict[str, str]:
        """How often each limit or refusal was said, as text."""
        return {'interventions': ' '.join(f'{k}={n}' for k, n in sorted(self.counts.items())) or 'none'}

    def _say_once(self, intervention: Intervention, command: Command) -> None:
        """A command is held for several ticks; what is changed about it is one intervention."""
        key = (intervention.axis, intervention.reason.value)
        if key not in self._said:
            self._said.add(key)
            self.counts[intervention.reason.value] += 1
            self._interventions.publish(intervention_to_msg(intervention, command))

    def _message(self, output: Output, now_ns: int) -> Any:
        if self._config.is_arm:
            return output_to_trajectory(output, self._config.joints, 1.0 / self._config.rate_hz)
        if self.kind is Twist:
            return output_to_twist(output)
        return output_to_twist_stamped(output, now_ns, self._config.base_frame)

    def _tell(self, output: Output, source: str) -> None:
        text = f'following {source}' if source else output.reason
        if output.state is State.STOPPED:
            self._node.get_logger().warning(text)
        else:
            self._node.get_logger().info(text)
