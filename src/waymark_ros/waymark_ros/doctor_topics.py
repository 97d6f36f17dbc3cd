# SPDX-License-Identifier: Apache-2.0
"""Look at every camera topic for a while and print what was seen as JSON; `waymark doctor` judges it.

DDS may take seconds until two processes know each other: a topic is watched for the whole time once seen.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from waymark.environment import prepare_ros
from waymark_ros.runner import main_guard

if TYPE_CHECKING:
    from rclpy.node import Node

RAW, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
DISCOVERY_S = 0.2
DEPTH = 5
TOLERANCE_NS = 1_000_000_000  # CommonConfig.stamp_tolerance_s: nodes refuse what is further ahead


class InfoWatch:
    """What the camera_info beside an image topic says."""

    def __init__(self, node: Node, topic: str) -> None:
        self._node = node
        self.topic = topic
        self._count = 0
        self._last: Any = None
        self._subscription: Any = None

    def discover(self) -> None:
        """Subscribe as soon as somebody publishes it."""
        from sensor_msgs.msg import CameraInfo

        from waymark_ros.qos import like_publisher

        publishers = self._node.get_publishers_info_by_topic(self.topic)
        if publishers and self._subscription is None:
            qos = like_publisher(publishers[0].qos_profile, 1)
            self._subscription = self._node.create_subscription(CameraInfo, self.topic, self._take, qos)

    def report(self) -> dict[str, Any]:
        """What was seen."""
        last = self._last
        return {
            'topic': self.topic,
            'publishers': self._node.count_publishers(self.topic),
            'messages': self._count,
            'calibrated': last is not None and bool(last.k[0] > 0 and last.k[4] > 0),
            'size_wh': None if last is None else [last.width, last.height],
        }

    def _take(self, msg: Any) -> None:
        self._count += 1
        self._last = msg


class ImageWatch:
    """What arrives on one image topic. Reads BEST_EFFORT, as the nodes do."""

    def __init__(self, node: Node, topic: str, type_name: str) -> None:
        from waymark_ros.messages import message_class
        from waymark_ros.qos import images_in

        self._node = node
        self._topic = topic
        self._type_name = type_name
        self._began_s = time.monotonic()
        self._received_s: list[float] = []
        self._ages_ms: list[float] = []
        self._stamps = {'zero': 0, 'future': 0, 'backwards': 0}
        self._last_ns = 0
        self._first: dict[str, Any] = {'encoding': '', 'size_wh': None, 'unreadable': ''}
        base = topic.removesuffix('/compressed') if type_name == COMPRESSED else topic
        self.info = InfoWatch(node, f'{base.rpartition("/")[0]}/camera_info')
        node.create_subscription(message_class(type_name), topic, self._take, images_in(DEPTH))

    def watched_s(self) -> float:
        """How long this topic has been watched."""
        return time.monotonic() - self._began_s

    def report(self) -> dict[str, Any]:
        """What was seen."""
        received = self._received_s
        spread_s = received[-1] - received[0] if len(received) > 1 else 0.0
        return {
            'topic': self._topic,
            'type': self._type_name,
            'publishers': self._node.count_publishers(self._topic),
            'qos': offered_qos(self._node, self._topic),
            'watched_s': self.watched_s(),
            'messages': len(received),
            'rate_hz': (len(received) - 1) / spread_s if spread_s > 0 else None,
            'stamp_age_p50_ms': statistics.median(self._ages_ms) if self._ages_ms else None,
            'stamps': self._stamps,
            **self._first,
            'is_readable_name': self._type_name == RAW or self._topic.endswith('/compressed'),
            'camera_info': self.info.report(),
        }

    def _take(self, msg: Any) -> None:
        now_ns = self._node.get_clock().now().nanoseconds
        self._received_s.append(time.monotonic())
        stamp_ns = msg.header.stamp.sec * 1_000_000_000 + msg.header.stamp.nanosec
        if stamp_ns <= 0:
            self._stamps['zero'] += 1
        else:
            self._ages_ms.append((now_ns - stamp_ns) / 1e6)
            self._stamps['future'] += stamp_ns - now_ns > TOLERANCE_NS
            self._stamps['backwards'] += stamp_ns < self._last_ns
            self._last_ns = stamp_ns
        if len(self._received_s) == 1:
            self._first = first_image(msg, self._type_name)


def first_image(msg: Any, type_name: str) -> dict[str, Any]:
    """Encoding and size of an image message, and why it can't be used ('' if it can)."""
    from waymark.errors import WaymarkError

    encoding = msg.encoding if type_name == RAW else msg.format
    size_wh = [msg.width, msg.height] if type_name == RAW else None
    try:
        height, width = _pixels(msg, type_name).shape[:2]
    except (WaymarkError, ValueError) as error:
        return {'encoding': encoding, 'size_wh': size_wh, 'unreadable': str(error)}
    return {'encoding': encoding, 'size_wh': [width, height], 'unreadable': ''}


def _pixels(msg: Any, type_name: str) -> Any:
    """Decode as the nodes do, without the message types that only they need."""
    from waymark.image.codec import UnsupportedEncoding, decode_compressed, decode_raw
    from waymark_ros import rare_encodings

    data = memoryview(msg.data)
    if type_name == COMPRESSED:
        return decode_compressed(msg.format, data)[0]
    try:
        return decode_raw(msg.height, msg.width, msg.encoding, bool(msg.is_bigendian), msg.step, data)[0]
    except UnsupportedEncoding:
        return rare_encodings.decode(msg)


def offered_qos(node: Node, topic: str) -> dict[str, Any]:
    """QoS of a topic's first publisher that does not fit our readers, else of its first."""
    from rclpy.qos import QoSCompatibility, qos_check_compatible

    from waymark_ros.qos import images_in

    offered = {'reliability': 'unknown', 'durability': 'unknown', 'fits': True, 'reason': ''}
    for publisher in reversed(node.get_publishers_info_by_topic(topic)):
        profile = publisher.qos_profile
        verdict, reason = qos_check_compatible(profile, images_in(1))
        if verdict == QoSCompatibility.ERROR or offered['fits']:
            offered = {
                'reliability': profile.reliability.name.lower(),
                'durability': profile.durability.name.lower(),
                'fits': verdict != QoSCompatibility.ERROR,
                'reason': reason,
            }
    return offered


def discover(node: Node, watches: dict[str, ImageWatch]) -> None:
    """Watch what has appeared since the last time. Depth images are no camera pictures."""
    for topic, types in node.get_topic_names_and_types():
        kind = next((t for t in (RAW, COMPRESSED) if t in types), None)
        if kind and topic not in watches and not topic.endswith('/compressedDepth') and node.count_publishers(topic):
            watches[topic] = ImageWatch(node, topic, kind)
    for watch in watches.values():
        watch.info.discover()


def look(seconds: float) -> dict[str, Any]:
    """Watch each camera topic for that long; give up where none appears in twice that time.

    Returns:
        'topics', a report for each by name, and 'looked_s'.
    """
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    rclpy.init(args=[])
    node = rclpy.create_node(f'waymark_doctor_{os.getpid()}', enable_rosout=False, start_parameter_services=False)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    watches: dict[str, ImageWatch] = {}
    began_s, discovered_s = time.monotonic(), 0.0
    while not is_enough(time.monotonic() - began_s, [w.watched_s() for w in watches.values()], seconds):
        if time.monotonic() - discovered_s > DISCOVERY_S:
            discovered_s = time.monotonic()
            discover(node, watches)
            follow_clock(node)
        executor.spin_once(timeout_sec=0.05)
    looked_s = time.monotonic() - began_s
    reports = [watches[topic].report() for topic in sorted(watches)]
    rclpy.try_shutdown()
    return {'looked_s': looked_s, 'topics': reports}


def is_enough(looked_s: float, watched_s: Sequence[float], seconds: float) -> bool:
    """Whether every topic in sight was watched for `seconds`, or waiting for more is in vain."""
    if not watched_s:
        return looked_s >= 2 * seconds
    return min(watched_s) >= seconds or looked_s >= 4 * seconds


def follow_clock(node: Node) -> None:
    """Compare stamps with simulated time where there is one."""
    from rclpy.parameter import Parameter

    if node.count_publishers('/clock') and not node.get_parameter('use_sim_time').value:
        node.set_parameters([Parameter('use_sim_time', value=True)])


def main() -> None:
    """Print {"looked_s": ..., "topics": [...]}."""

    def body() -> int:
        parser = argparse.ArgumentParser('doctor_topics', description=__doc__)
        parser.add_argument('--seconds', type=float, default=3.0, help='how long to look')
        options = parser.parse_args(sys.argv[1:])
        prepare_ros()
        print(json.dumps(look(options.seconds)))
        return 0

    main_guard(body)


if __name__ == '__main__':
    main()
