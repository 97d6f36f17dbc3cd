# SPDX-License-Identifier: Apache-2.0
"""A camera for tests: a ROS node that publishes what the test hands it, and keeps what it hears."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image
from waymark_ros.qos import IMAGES_OUT, RESULTS

NOISE = np.random.default_rng(1)


def picture(seed: int = 1, size_wh: tuple[int, int] = (160, 120)) -> np.ndarray:
    """A picture with texture, the same for the same seed."""
    small = np.random.default_rng(seed).integers(0, 256, (size_wh[1] // 8, size_wh[0] // 8, 3), np.uint8)
    return np.ascontiguousarray(small.repeat(8, axis=0).repeat(8, axis=1))


class TestCamera(Node):
    """Publishes on `image`; waits for answers without sleeping."""

    __test__ = False

    def __init__(self, qos: QoSProfile = IMAGES_OUT, name: str = 'test_camera') -> None:
        super().__init__(name)
        self.image = self.create_publisher(Image, 'image', qos)
        self.changed = threading.Condition()
        self.heard: dict[str, list[Any]] = {}
        self.status: dict[str, tuple[str, dict[str, str]]] = {}
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, RESULTS)

    def listen(self, kind: Any, topic: str, qos: QoSProfile = RESULTS) -> None:
        """Keep every message of a topic in `heard`."""
        self.heard[topic] = []
        self.create_subscription(kind, topic, lambda msg: self._on_message(topic, msg), qos)

    def send(self, stamp_ns: int | None = None, seed: int = 1) -> int:
        """Publish a good image; stamped now unless told otherwise."""
        stamp_ns = self.get_clock().now().nanoseconds if stamp_ns is None else stamp_ns
        self.image.publish(frame_to_image(Frame(Header(stamp_ns, 'cam'), picture(seed))))
        return stamp_ns

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 15.0) -> bool:
        """Wait until a message makes the condition true."""
        with self.changed:
            return self.changed.wait_for(condition, timeout_s)

    def press(self, client: Any, request: Any) -> Any:
        """Call until it is answered: an answer can be lost while both ends are just finding each other."""
        assert client.wait_for_service(timeout_sec=30)
        for _ in range(6):
            answer = client.call_async(request)
            answer.add_done_callback(self._on_answer)
            if self.wait_for(answer.done, 5.0):
                return answer.result()
        raise AssertionError(f'{client.srv_name} did not answer')

    def wait_for_listener(self, timeout_s: float = 15.0) -> bool:
        """Wait until a node listens to `image` (diagnostics of any node wake this up each second)."""
        return self.wait_for(lambda: self.image.get_subscription_count() > 0, timeout_s)

    def call(self, srv_type: Any, name: str, request: Any, timeout_s: float = 30.0) -> Any:
        """Call a service once it is there, and wait for its answer."""
        done = self.begin_call(srv_type, name, request)
        assert self.wait_for(done.done, timeout_s), f'{name} did not answer'
        return done.result()

    def begin_call(self, srv_type: Any, name: str, request: Any) -> Any:
        """Call a service once it is there; `wait_for(answer.done)` and `answer.result()` then."""
        client = self.create_client(srv_type, name)
        assert client.wait_for_service(timeout_sec=15), f'{name} is not there'
        answer = client.call_async(request)
        answer.add_done_callback(self._on_answer)
        return answer

    def value(self, node: str, key: str) -> str:
        """A value that the node's diagnostics show, '' while unknown."""
        return self.status.get(node, ('', {}))[1].get(key, '')

    def _on_message(self, topic: str, msg: Any) -> None:
        with self.changed:
            self.heard[topic].append(msg)
            self.changed.notify_all()

    def _on_answer(self, answer: Any) -> None:
        with self.changed:
            self.changed.notify_all()

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        with self.changed:
            for status in msg.status:
                self.status[status.name] = (status.message, {v.key: v.value for v in status.values})
            self.changed.notify_all()
