# SPDX-License-Identifier: Apache-2.0
"""Find the topics of a running system and receive them as they are, serialized, whatever their QoS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from waymark.errors import BackendUnavailable, RecordingError
from waymark.report.bag_metadata import OfferedQos
from waymark.report.definitions import message_definition
from waymark_ros.messages import message_class
from waymark_ros.qos import like_publisher

DEPTH = 100
IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')  # these go through the frame hub
NEVER = ('/clock', '/parameter_events')  # a player makes its own /clock


@dataclass(frozen=True)
class RecordedTopic:
    """One topic of the recording."""

    topic: str
    type_name: str
    definition: str
    qos: OfferedQos


class TopicRecorder:
    """Subscribes to every wanted topic as soon as somebody publishes it."""

    def __init__(
        self,
        node: Node,
        wanted: tuple[str, ...],
        excluded: tuple[str, ...],
        deposit: Callable[..., None],
        problem: Callable[[str], None],
    ) -> None:
        """Prepare; nothing is subscribed before `discover`.

        Args:
            node: Who subscribes.
            wanted: Topic names, resolved by the node; empty for all.
            excluded: Topic names to leave out.
            deposit: Gets each topic when it is found, then topic and message, in the ROS thread; must only deposit.
            problem: Told once for each topic that can't be recorded, and why.
        """
        self._node = node
        self._wanted = frozenset(node.resolve_topic_name(t) for t in wanted)
        self._excluded = frozenset(node.resolve_topic_name(t) for t in excluded) | frozenset(NEVER)
        self._deposit = deposit
        self._problem = problem
        self._subscriptions: dict[str, Any] = {}
        self._refused: set[str] = set()

    def discover(self) -> None:
        """Subscribe to what has appeared since the last time."""
        for topic, types in self._node.get_topic_names_and_types():
            new = topic not in self._subscriptions and topic not in self._refused and topic not in self._excluded
            if new and (not self._wanted or topic in self._wanted) and not set(types) & set(IMAGE_TYPES):
                self._subscribe(topic, types)

    def destroy(self) -> None:
        """Take all subscriptions back."""
        for subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()

    def _subscribe(self, topic: str, types: list[str]) -> None:
        publishers = self._node.get_publishers_info_by_topic(topic)
        if not publishers:
            return
        try:
            if len(types) > 1:
                raise RecordingError(f'{topic} carries several types ({", ".join(types)}) and is not recorded.')
            offered = publishers[0].qos_profile
            qos = OfferedQos(
                reliability='reliable' if offered.reliability == ReliabilityPolicy.RELIABLE else 'best_effort',
                durability='transient_local' if offered.durability == DurabilityPolicy.TRANSIENT_LOCAL else 'volatile',
            )
            recorded = RecordedTopic(topic, types[0], message_definition(types[0]), qos)
            kind = message_class(types[0])
        except (RecordingError, BackendUnavailable) as error:
            self._refused.add(topic)
            self._problem(str(error))
            return
        self._deposit(recorded)  # that it was there and silent is worth knowing too
        self._subscriptions[topic] = self._node.create_subscription(
            kind, topic, lambda cdr: self._deposit(recorded, cdr), like_publisher(offered, DEPTH), raw=True
        )
