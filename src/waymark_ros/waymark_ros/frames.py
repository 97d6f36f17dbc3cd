# SPDX-License-Identifier: Apache-2.0
"""One image topic, many nodes of this process: received once, decoded once, handed on by reference.

`Inbox` is where a node's work waits (each lane keeps the newest, what it pushes out is counted). `FrameHub` holds one
channel per image topic; a channel is fed by a ROS subscription or by an image source in the same process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from waymark.types import Frame
from waymark_ros.conversions import compressed_to_frame, image_to_frame
from waymark_ros.qos import images_in


class Delivery:
    """An image on its way to several nodes; the first that asks decodes it, all share the result (or the error)."""

    def __init__(self, decode: Callable[[], Frame]) -> None:
        self.received_ns = time.monotonic_ns()
        self._decode: Callable[[], Frame] | None = decode
        self._lock = threading.Lock()
        self._frame: Frame | None = None
        self._error: Exception | None = None

    def frame(self) -> Frame:
        """The decoded image.

        Raises:
            MessageError: The message can't be used; each receiver is told.
        """
        with self._lock:
            if self._decode is not None:
                try:
                    self._frame = self._decode()
                except Exception as error:  # noqa: BLE001 - kept for every receiver, raised below
                    self._error = error
                self._decode = None
        if self._error is not None:
            raise self._error
        assert self._frame is not None
        return self._frame


@dataclass
class Lane:
    """One kind of work of a node: a handler and the items that wait for it."""

    handle: Callable[[Any], None]
    items: deque[Any]
    takes_turns: bool = False
    received: int = 0
    skipped: int = 0


class Inbox:
    """The work that waits for a node's one worker thread. ROS callbacks only deposit."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lanes: dict[str, Lane] = {}
        self._last: Lane | None = None
        self._is_open = True

    def add_lane(
        self, name: str, depth: int, handle: Callable[[Any], None], is_first: bool = False, takes_turns: bool = False
    ) -> None:
        """Add a lane that keeps the newest `depth` items.

        Args:
            name: Of the lane.
            depth: How many items may wait.
            handle: What the worker calls with an item.
            is_first: Served before the lanes that there are, instead of after them.
            takes_turns: While items wait here and elsewhere, every second one that is served comes from here.
        """
        lane = {name: Lane(handle, deque(maxlen=depth), takes_turns)}
        with self._changed:
            self._lanes = {**lane, **self._lanes} if is_first else {**self._lanes, **lane}

    def deposit(self, lane: str, item: Any) -> bool:
        """Leave an item, unless the inbox is closed; a full lane drops its oldest, which is counted as skipped."""
        with self._changed:
            if not self._is_open:
                return False
            target = self._lanes[lane]
            target.received += 1
            target.skipped += len(target.items) == target.items.maxlen
            target.items.append(item)
            self._changed.notify()
            return True

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is something to take, this long at most; False when there is nothing, or it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_open or self._has_work(), timeout_s)
            return self._is_open and self._has_work()

    def take(self, timeout_s: float | None = None) -> tuple[Callable[[Any], None], Any] | None:
        """Wait for the next item, lanes in the order they were added; None when closed or nothing came in time."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_open or self._has_work(), timeout_s)
            waiting = [x for x in self._lanes.values() if x.items]
            if not self._is_open or not waiting:
                return None
            turns = [x for x in waiting if x.takes_turns and x is not self._last]
            others = [x for x in waiting if not x.takes_turns]
            self._last = (turns or others or waiting)[0]
            return self._last.handle, self._last.items.popleft()

    def drain(self) -> list[tuple[Callable[[Any], None], Any]]:
        """Take all that still waits in a closed inbox, for a node that must lose nothing."""
        with self._changed:
            left = [(lane.handle, item) for lane in self._lanes.values() for item in lane.items]
            for lane in self._lanes.values():
                lane.items.clear()
            return left

    def waiting(self, lane: str) -> int:
        """How many items wait in the lane."""
        return len(self._lanes[lane].items)

    def skipped(self, lane: str) -> int:
        """How many items of the lane were pushed out by newer ones."""
        return self._lanes[lane].skipped

    def received(self, lane: str) -> int:
        """How many items were left in the lane."""
        return self._lanes[lane].received

    def close(self) -> None:
        """Wake the worker and let it end; `drain` gives what still waits."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def _has_work(self) -> bool:
        return any(lane.items for lane in self._lanes.values())


@dataclass
class Channel:
    """One image topic inside this process."""

    topic: str
    receivers: dict[Node, tuple[Callable[[Delivery], None], int, str]] = field(default_factory=dict)
    has_local_source: bool = False
    decoded: int = 0
    owner: Node | None = None
    depth: int = 0
    subscription: Any = None


class FrameHub:
    """Image topics of this process. Nodes in one container share one hub; a node alone has its own."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._channels: dict[str, Channel] = {}

    def add_source(self, topic: str) -> None:
        """Say that a node of this process produces `topic`: it is no longer read over DDS here."""
        with self._lock:
            channel = self._channels.setdefault(topic, Channel(topic))
            channel.has_local_source = True
            self._resubscribe(channel)

    def remove_source(self, topic: str) -> None:
        """Take back `add_source`."""
        with self._lock:
            channel = self._channels.setdefault(topic, Channel(topic))
            channel.has_local_source = False
            self._resubscribe(channel)

    def publish(self, topic: str, delivery: Delivery) -> None:
        """Hand an image to every node of this process that listens to `topic`."""
        with self._lock:
            receivers = list(self._channels.setdefault(topic, Channel(topic)).receivers.values())
        for deposit, _, _ in receivers:
            deposit(delivery)

    def subscribe(
        self, node: Node, topic: str, deposit: Callable[[Delivery], None], depth: int, transport: str
    ) -> None:
        """Deliver `topic` (fully resolved) to `deposit` from now on.

        Args:
            node: The receiver; the first one of a topic owns the ROS subscription, so that ROS tools show it.
            topic: Resolved name of the raw image topic.
            deposit: Called in a ROS or source thread; must only deposit.
            depth: How many images may wait in DDS.
            transport: 'raw' or 'compressed'.
        """
        with self._lock:
            channel = self._channels.setdefault(topic, Channel(topic))
            channel.receivers[node] = (deposit, depth, transport)
            self._resubscribe(channel)

    def unsubscribe(self, node: Node, topic: str) -> None:
        """Stop delivering to that node."""
        with self._lock:
            channel = self._channels.get(topic)
            if channel is not None and channel.receivers.pop(node, None) is not None:
                self._resubscribe(channel)

    def has_local_source(self, topic: str) -> bool:
        """True when images of `topic` come from this process."""
        with self._lock:
            return topic in self._channels and self._channels[topic].has_local_source

    def has_receivers(self, topic: str) -> bool:
        """True when a node of this process listens to images of `topic`."""
        with self._lock:
            return topic in self._channels and bool(self._channels[topic].receivers)

    def decoded(self, topic: str) -> int:
        """How many ROS images of `topic` were decoded in this process, for all its nodes together."""
        with self._lock:
            return self._channels[topic].decoded if topic in self._channels else 0

    def _resubscribe(self, channel: Channel) -> None:
        """Make the ROS subscription what it should be: one, owned by a live receiver, none beside a local source."""
        wanted = next(iter(channel.receivers), None) if not channel.has_local_source else None
        depth = max((depth for _, depth, _ in channel.receivers.values()), default=0)
        if channel.owner is wanted and depth <= channel.depth:
            return
        if channel.subscription is not None and channel.owner is not None:
            channel.owner.destroy_subscription(channel.subscription)
            channel.subscription = None
        channel.owner, channel.depth = wanted, depth
        if wanted is None:
            return
        _, _, transport = channel.receivers[wanted]
        if transport == 'compressed':
            kind, topic, convert = CompressedImage, f'{channel.topic}/compressed', compressed_to_frame
        else:
            kind, topic, convert = Image, channel.topic, image_to_frame

        def decode(msg: Any) -> Frame:
            channel.decoded += 1
            return convert(msg)

        channel.subscription = wanted.create_subscription(
            kind,
            topic,
            lambda msg: self.publish(channel.topic, Delivery(lambda: decode(msg))),
            images_in(depth),
        )
