# SPDX-License-Identifier: Apache-2.0
"""Topics whose two ends do not fit: one asks for more than the other offers, and nothing arrives.

rclpy has an event for it, but its executor waits anew for each event of each topic with every message: with ten nodes
in a process that was half of what the ROS thread did. The graph knows it too, and is asked now and then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from rclpy.duration import Duration
from rclpy.exceptions import InvalidHandle
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

from waymark.types import NANOSECONDS

ENDLESS_NS = 9_000_000_000 * NANOSECONDS  # what the graph calls endless differs between middlewares, and is more
NOT_OURS = ('/rosout', '/parameter_events')


class Misfits:
    """Reports each other end of a node's topics that does not fit, once."""

    def __init__(self, node: Any, report: Callable[[str], None]) -> None:
        """Look at the topics of `node`; tell `report` in a sentence."""
        self._node, self._report = node, report
        self._told: set[tuple[str, bytes]] = set()

    def look(self) -> None:
        """Ask the graph."""
        try:
            inwards = _by_topic(self._node.subscriptions)
            outwards = _by_topic(self._node.publishers)
        except InvalidHandle:  # one was taken back this moment: the next look sees the rest
            return
        for topic, asked in inwards.items():
            for end in self._node.get_publishers_info_by_topic(topic):
                self._compare(end, topic, [misfit(end.qos_profile, qos) for qos in asked], PUBLISHER_OFFERS_LESS)
        for topic, offered in outwards.items():
            for end in self._node.get_subscriptions_info_by_topic(topic):
                self._compare(end, topic, [misfit(qos, end.qos_profile) for qos in offered], SUBSCRIBER_ASKS_MORE)

    def _compare(self, end: Any, topic: str, policies: list[str], sentence: str) -> None:
        """Report an end that none of the node's own fits."""
        gid = (topic, bytes(end.endpoint_gid))
        if all(policies) and gid not in self._told:
            self._told.add(gid)
            self._report(sentence.format(node=end.node_name, topic=topic, policy=policies[0]))


PUBLISHER_OFFERS_LESS = (
    'QoS: {node}, a publisher of {topic}, offers less {policy} than this node asks for; nothing of it arrives. '
    'Raise its {policy}.'
)
SUBSCRIBER_ASKS_MORE = (
    'QoS: {node}, a subscriber of {topic}, asks for more {policy} than is offered and gets nothing. Lower its {policy}.'
)


def _by_topic(ends: Iterable[Any]) -> dict[str, list[QoSProfile]]:
    found: dict[str, list[QoSProfile]] = {}
    for end in ends:
        if end.topic_name not in NOT_OURS:
            found.setdefault(end.topic_name, []).append(end.qos_profile)
    return found


def misfit(offered: QoSProfile, asked: QoSProfile) -> str:
    """The policy by which a publisher and a subscriber do not fit, '' where they do.

    rclpy's own comparison takes a duration that was never set for a short one, and what the graph says for endless.
    """
    wants_more = {
        'RELIABILITY': asked.reliability == ReliabilityPolicy.RELIABLE
        and offered.reliability == ReliabilityPolicy.BEST_EFFORT,
        'DURABILITY': asked.durability == DurabilityPolicy.TRANSIENT_LOCAL
        and offered.durability == DurabilityPolicy.VOLATILE,
        'DEADLINE': _seconds(asked.deadline) < _seconds(offered.deadline),
        'LIVELINESS': asked.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC
        and offered.liveliness != LivelinessPolicy.MANUAL_BY_TOPIC
        or _seconds(asked.liveliness_lease_duration) < _seconds(offered.liveliness_lease_duration),
    }
    return next((policy for policy, is_so in wants_more.items() if is_so), '')


def _seconds(duration: Duration) -> float:
    return duration.nanoseconds / NANOSECONDS if 0 < duration.nanoseconds < ENDLESS_NS else math.inf
