# SPDX-License-Identifier: Apache-2.0
"""What smolvla_policy says: commands for the safety filter, and a heartbeat of how it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from geometry_msgs.msg import TwistStamped
from std_msgs.msg import Header as HeaderMsg
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from waymark.policy.chunks import Due
from waymark.policy.mapping import NOWHERE, PolicyMapping
from waymark.policy.pilot import PilotState
from waymark_ros.conversions import ns_to_time
from waymark_ros.qos import COMMANDS_OUT, RESULTS


class PolicyOutputs:
    """Publishers of `cmd/policy` and `~/status`.

    Attributes:
        driving: Whether the last command was an action of the policy.
    """

    def __init__(self, node: Any, mapping: PolicyMapping, base_frame: str) -> None:
        """Create the publishers, while the node is configured."""
        self._node, self._mapping, self._base_frame = node, mapping, base_frame
        self._is_arm = mapping.output == 'joint_trajectory'
        kind = JointTrajectory if self._is_arm else TwistStamped
        self._commands = node.create_publisher(kind, 'cmd/policy', COMMANDS_OUT)
        self._status = node.create_publisher(DiagnosticStatus, '~/status', RESULTS)
        self._stamp_ns = 0
        self.driving = False

    def act(self, due: Due) -> None:
        """Publish an action, with the stamp of the observation behind it."""
        self._stamp_ns, self.driving = due.observed_ns, True
        self._publish(commanded(self._mapping, due))

    def hold(self) -> None:
        """The safe action: zero for what moves by velocities. An arm is told nothing; the safety filter holds it.

        It carries the stamp of the last action: a newer one would have the filter refuse the policy's next.
        """
        if not self._is_arm and self._stamp_ns:
            self._publish({})
        self.driving = False

    def say(self, state: PilotState, mode: str, facts: dict[str, str]) -> None:
        """Publish the heartbeat."""
        p50, p95, last = state.latencies_s
        values = {
            'state': mode,
            'instruction': state.task or '',
            'latency_p50_ms': f'{1000 * p50:.1f}',
            'latency_p95_ms': f'{1000 * p95:.1f}',
            'latency_last_ms': f'{1000 * last:.1f}',
            'queue_length': str(state.queue_length),
            'chunks': str(state.chunks),
            'drops': str(state.drops),
            'seam': f'{state.gap:.4g}',
            **facts,
        }
        holds = mode == 'holding'
        msg = DiagnosticStatus(
            level=DiagnosticStatus.WARN if holds else DiagnosticStatus.OK,
            name=self._node.get_name(),
            message=f'holding: {state.reason}' if holds else mode,
            hardware_id='waymark',
            values=[KeyValue(key=k, value=v) for k, v in values.items()],
        )
        self._node.publish_latest(self._status, msg)

    def _publish(self, values: dict[str, float]) -> None:
        header = HeaderMsg(stamp=ns_to_time(self._stamp_ns), frame_id=self._base_frame)
        self._commands.publish(trajectory_of(values, header) if self._is_arm else twist_of(values, header))


def commanded(mapping: PolicyMapping, due: Due) -> dict[str, float]:
    """What an action says by axis or joint, in ROS's units."""
    rows = zip(mapping.actions, due.action, strict=True)
    return {row.field: row.to_ros(float(number)) for row, number in rows if row.field != NOWHERE}


def twist_of(values: Mapping[str, float], header: HeaderMsg) -> TwistStamped:
    """A twist of its axes ('linear.x': m/s); those that are not named are zero."""
    msg = TwistStamped(header=header)
    for field, value in values.items():
        kind, _, axis = field.partition('.')
        setattr(getattr(msg.twist, kind), axis, value)
    return msg


def trajectory_of(values: Mapping[str, float], header: HeaderMsg) -> JointTrajectory:
    """Positions of joints by name, wanted at once: one point without a time."""
    point = JointTrajectoryPoint(positions=list(values.values()))
    return JointTrajectory(header=header, joint_names=list(values), points=[point])
