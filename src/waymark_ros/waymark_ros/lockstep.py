# SPDX-License-Identifier: Apache-2.0
"""As fast as the slowest node allows: a frame goes out when every topic of `wait_for` has answered the last one."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node

from waymark.errors import ConfigError
from waymark.types import NANOSECONDS
from waymark_ros.messages import message_class
from waymark_ros.qos import RESULTS

POLL_S = 0.05
SETTLE_S = 1.0  # how long the graph must be unchanged before the first frame: discovery is then done


class Lockstep:
    """Knows which topics have answered the frame that is out."""

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = frozenset(topics)
        self._changed = threading.Condition()
        self._stamp_ns = -1
        self._missing: set[str] = set()

    def expect(self, stamp_ns: int) -> None:
        """A frame with this stamp goes out now."""
        with self._changed:
            self._stamp_ns = stamp_ns
            self._missing = set(self._topics)

    def answer(self, topic: str, stamp_ns: int) -> None:
        """A message with this stamp came on a topic; any thread."""
        with self._changed:
            if stamp_ns == self._stamp_ns:
                self._missing.discard(topic)
                self._changed.notify_all()

    def wait(self, timeout_s: float, is_stopping: Callable[[], bool]) -> list[str]:
        """Wait until all have answered; returns the topics that have not, in time or before stopping."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self._missing and not is_stopping() and time.monotonic() < deadline:
                self._changed.wait(POLL_S)
            return sorted(self._missing)


def stamp_of(cdr: bytes) -> int:
    """Stamp in ns of a serialized message whose first field is std_msgs/Header.

    Source: OMG DDS-XTypes, CDR encapsulation: 4 bytes, the second one's lowest bit set for little endian.
    """
    seconds, nanoseconds = struct.unpack_from('<iI' if cdr[1] & 1 else '>iI', cdr, 4)
    return int(seconds) * NANOSECONDS + int(nanoseconds)


def subscribe_answers(
    node: Node, topics: Sequence[str], lockstep: Lockstep, timeout_s: float, is_stopping: Callable[[], bool]
) -> list[Any]:
    """Listen to the answers once their publishers are there, and return the subscriptions.

    Raises:
        ConfigError: A topic has no publisher in time.
    """
    subscriptions = []
    for topic in topics:
        resolved = node.resolve_topic_name(topic)
        kind = _wait_for_publisher(node, resolved, timeout_s, is_stopping)
        if kind is None:
            return subscriptions
        subscriptions.append(
            node.create_subscription(
                message_class(kind),
                resolved,
                lambda cdr, topic=topic: lockstep.answer(topic, stamp_of(cdr)),
                RESULTS,
                raw=True,
            )
        )
    return subscriptions


def wait_until_settled(node: Node, is_stopping: Callable[[], bool]) -> None:
    """Wait until nobody has joined or left any topic for SETTLE_S, so that the first frame finds all who want it."""
    seen: list[tuple[str, int, int]] = []
    since = time.monotonic()
    while time.monotonic() - since < SETTLE_S and not is_stopping():
        topics = [name for name, _ in node.get_topic_names_and_types()]
        now = [(name, node.count_publishers(name), node.count_subscribers(name)) for name in topics]
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(POLL_S)


def _wait_for_publisher(node: Node, topic: str, timeout_s: float, is_stopping: Callable[[], bool]) -> str | None:
    deadline = time.monotonic() + timeout_s
    while not is_stopping():
        publishers = node.get_publishers_info_by_topic(topic)
        if publishers:
            return str(publishers[0].topic_type)
        if time.monotonic() > deadline:
            raise ConfigError(
                f'wait_for: nothing has published {topic} within {timeout_s:g} s. '
                'Start the node that does, or take it out.'
            )
        time.sleep(POLL_S)
    return None
