# SPDX-License-Identifier: Apache-2.0
"""What a node says about itself on /diagnostics, once a second, in sentences and numbers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible

from waymark_ros.qos import RESULTS, images_in

PERIOD_S = 1.0
LOOK_TURNS = 2
LAST_WORDS_S = 0.2
PROGRESS_LINE_S = 5.0
WINDOW = 300  # frames that rate and latency look back on


class Statistics:
    """Counters and latencies of one node; any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies_ms: deque[float] = deque(maxlen=WINDOW)
        self._finished_s: deque[float] = deque(maxlen=WINDOW)
        self._values: dict[str, str] = {}
        self.frames = 0

    def frame_done(self, received_ns: int) -> None:
        """Count one frame, received at this steady time, as finished now."""
        now = time.monotonic_ns()
        with self._lock:
            self.frames += 1
            self._latencies_ms.append((now - received_ns) / 1e6)
            self._finished_s.append(now / 1e9)

    def set(self, key: str, value: Any) -> None:
        """Show a value (state, backend, parity score) from now on."""
        with self._lock:
            self._values[key] = str(value)

    def set_all(self, facts: Mapping[str, str]) -> None:
        """Show several values from now on."""
        with self._lock:
            self._values.update(facts)

    def snapshot(self) -> dict[str, str]:
        """All values as text; rate over the frames of the last five seconds."""
        with self._lock:
            now = time.monotonic()
            recent = [t for t in self._finished_s if now - t < 5.0]
            rate = (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0
            p50_ms, p95_ms = np.percentile(list(self._latencies_ms) or [0.0], [50, 95])
            return {
                'rate_hz': f'{rate:.1f}',
                'latency_p50_ms': f'{p50_ms:.1f}',
                'latency_p95_ms': f'{p95_ms:.1f}',
                'frames': str(self.frames),
                **self._values,
            }


class DiagnosticsPublisher:
    """Publishes a node's status each second on steady time (also while /clock stands still)."""

    def __init__(self, node: Node, status: Any, look: Callable[[], None] = lambda: None) -> None:
        """Publish what `status()` returns: (level, sentence, values); call `look` now and then before."""
        self._node = node
        self._status = status
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', RESULTS)
        self._look, self._turns = look, 0
        self._timer = node.create_timer(PERIOD_S, self._turn, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _turn(self) -> None:
        self._turns += 1
        if self._turns % LOOK_TURNS == 0:
            self._look()
        self.publish()

    def publish(self) -> None:
        """Publish now."""
        level, message, values = self._status()
        status = DiagnosticStatus(
            level=level,
            name=self._node.get_fully_qualified_name().lstrip('/'),
            message=message,
            hardware_id='waymark',
            values=[KeyValue(key=k, value=v) for k, v in values.items()],
        )
        msg = DiagnosticArray(status=[status])
        msg.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(msg)

    def publish_last(self) -> None:
        """Publish the totals and give them a moment to arrive before the publisher goes."""
        self.publish()
        self._publisher.wait_for_all_acked(Duration(seconds=LAST_WORDS_S))

    def destroy(self) -> None:
        """Take timer and publisher back."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)


class Progress:
    """Tells of long work while a node configures: on /diagnostics at once, in the log now and then."""

    def __init__(
        self, say: Callable[[str], None], publish: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare.

        Args:
            say: Logs a line.
            publish: Publishes the status, which shows `text`; the timer can't while a lifecycle manager's request to
                configure holds the ROS thread.
            clock: Steady, s.
        """
        self._say, self._publish, self._clock = say, publish, clock
        self._stage = ''
        self._said_s = self._published_s = 0.0
        self.text = ''

    def __call__(self, stage: str, done: float) -> None:
        """Report a stage ('building the engine') and how far it is, 0..1 (0: not known yet)."""
        is_new, now = stage != self._stage, self._clock()
        self._stage, self.text = stage, f'{stage}: {round(100 * done)} %' if done > 0 else stage
        if is_new or now - self._said_s >= PROGRESS_LINE_S:
            self._said_s = now
            self._say(self.text)
        if is_new or now - self._published_s >= PERIOD_S:
            self._published_s = now
            self._publish()

    def end(self) -> None:
        """The work is done or has failed."""
        self._stage = self.text = ''


def why_no_images(node: Node, topic: str, transport: str, silence_s: float) -> str:
    """Say in one sentence why no image arrives.

    Args:
        node: Whose view of the ROS graph counts.
        topic: Resolved name of the raw image topic.
        transport: 'raw' or 'compressed'.
        silence_s: How long nothing has come.
    """
    kind = 'sensor_msgs/msg/CompressedImage' if transport == 'compressed' else 'sensor_msgs/msg/Image'
    listened = f'{topic}/compressed' if transport == 'compressed' else topic
    publishers = node.get_publishers_info_by_topic(listened)
    if not publishers:
        return f'no images because nothing publishes {listened} ({kind}). {_elsewhere(node, topic, transport)}'
    if all(p.topic_type != kind for p in publishers):
        other = 'compressed' if publishers[0].topic_type.endswith('CompressedImage') else 'raw'
        return (
            f'no images because {listened} carries {publishers[0].topic_type}, not {kind}. '
            f'Set image_transport: {other}, or remap `image`.'
        )
    for publisher in publishers:
        verdict, reason = qos_check_compatible(publisher.qos_profile, images_in(1))
        if verdict == QoSCompatibility.ERROR:
            return f'no images because the QoS of {publisher.node_name} on {listened} does not fit: {reason}'
    return (
        f'no images because {publishers[0].node_name} has sent nothing on {listened} for {silence_s:.0f} s. '
        'Check that the camera runs, and that both processes use the same Fast DDS profile (`waymark doctor`).'
    )


def _elsewhere(node: Node, topic: str, transport: str) -> str:
    """Where images can be had instead."""
    topics = dict(node.get_topic_names_and_types())
    if transport == 'raw' and 'sensor_msgs/msg/CompressedImage' in topics.get(f'{topic}/compressed', []):
        return f'{topic}/compressed is there: set image_transport: compressed.'
    images = sorted(n for n, types in topics.items() if 'sensor_msgs/msg/Image' in types and node.count_publishers(n))
    if images:
        return f'Images are on {", ".join(images[:4])}: remap `image` to one of them.'
    return 'No node publishes images: start the camera, and check ROS_DOMAIN_ID and ROS_AUTOMATIC_DISCOVERY_RANGE.'
