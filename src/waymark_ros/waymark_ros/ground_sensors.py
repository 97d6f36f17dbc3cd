# SPDX-License-Identifier: Apache-2.0
"""What a vehicle over ground says besides its images: range, height by odometry, attitude."""

from __future__ import annotations

import threading
from typing import Any

from builtin_interfaces.msg import Time
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, Range

from waymark.ego_motion import Sensed, Sensing, SensingConfig
from waymark.errors import MessageError
from waymark_ros.conversions import time_to_ns
from waymark_ros.ego_conversions import attitude_from_msg, range_from_msg
from waymark_ros.late_sensors import wait_while_late
from waymark_ros.qos import SENSORS


class GroundSensors:
    """Listens while the node is active. ROS callbacks only note; the worker asks."""

    def __init__(self, node: Any, config: SensingConfig) -> None:
        """Subscribe to `range`, `height_odometry` and `imu`, as far as they are used.

        Args:
            node: A ManagedNode that is being activated.
            config: What is used.
        """
        self._node = node
        self._lock = threading.Lock()
        self._sensing = Sensing(config)
        self._subscriptions = []
        if config.altitude_from in ('auto', 'range'):
            self._listen(Range, 'range', lambda ns, m: self._sensing.add_range(ns, range_from_msg(m)))
        if config.altitude_from in ('auto', 'odometry'):
            self._listen(
                Odometry, 'height_odometry', lambda ns, m: self._sensing.add_height(ns, m.pose.pose.position.z)
            )
        if config.use_imu:
            self._listen(Imu, 'imu', lambda ns, m: self._sensing.add_attitude(ns, attitude_from_msg(m)))

    def at(self, stamp_ns: int) -> Sensed:
        """What is known at an image; a sensor that lags behind it gets a moment."""
        wait_while_late(self._node, lambda: self._is_late(stamp_ns))
        with self._lock:
            return self._sensing.at(stamp_ns)

    def reset(self) -> None:
        """Time went back."""
        with self._lock:
            self._sensing.clear()

    def destroy(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _is_late(self, stamp_ns: int) -> bool:
        with self._lock:
            return self._sensing.is_late(stamp_ns)

    def _listen(self, kind: Any, topic: str, note: Any) -> None:
        def take(msg: Any) -> None:
            with self._node.guard(topic), self._lock:
                note(_stamp_of(msg.header.stamp), msg)

        self._subscriptions.append(self._node.create_subscription(kind, topic, take, SENSORS))


def _stamp_of(stamp: Time) -> int:
    stamp_ns = time_to_ns(stamp)
    if stamp_ns <= 0:
        raise MessageError('it has a zero stamp: its publisher must fill header.stamp.')
    return stamp_ns
