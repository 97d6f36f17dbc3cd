# SPDX-License-Identifier: Apache-2.0
"""What the vehicle knows at an image beside it: height, attitude, odometry."""

from __future__ import annotations

import threading
from typing import Any

from nav_msgs.msg import Odometry

from waymark.errors import MessageError
from waymark.image.rotation import yaw_of
from waymark.pipeline.route_follower import RouteFollowerConfig
from waymark.places.sensed import PoseTrack
from waymark.routes import Planar
from waymark.routes.teaching import Passed
from waymark_ros.conversions import pose_from_msg, time_to_ns
from waymark_ros.ground_sensors import GroundSensors
from waymark_ros.late_sensors import wait_while_late
from waymark_ros.qos import SENSORS


class RouteSensors:
    """Listens while the node is active. ROS callbacks only note; the worker asks.

    Attributes:
        reason: Why the height of the last image is unknown, '' where it is not.
    """

    def __init__(self, node: Any, config: RouteFollowerConfig) -> None:
        """Subscribe to `odometry` and to what GroundSensors listens to."""
        self._node = node
        self._ground = GroundSensors(node, config)
        self._lock, self._track = threading.Lock(), PoseTrack(config.odometry_gap_s)
        self._odometry = node.create_subscription(Odometry, 'odometry', self._on_odometry, SENSORS)
        self.reason = ''

    def at(self, stamp_ns: int) -> Passed:
        """What is known at an image; a sensor that lags behind it gets a moment."""
        sensed = self._ground.at(stamp_ns)
        wait_while_late(self._node, lambda: self._is_late(stamp_ns))
        self.reason = sensed.reason
        with self._lock:
            T = self._track.at(stamp_ns)
        odometry = None if T is None else Planar(float(T[0, 3]), float(T[1, 3]), yaw_of(T[:3, :3]))
        height_m, R = None, sensed.R_world_base
        if sensed.altitude is not None:
            # A beam along the vehicle's own down is longer than the height by the tilt.
            share = float(R[2, 2]) if sensed.altitude.along_beam and R is not None else 1.0
            height_m = sensed.altitude.value_m * share
        return Passed(height_m, R, odometry)

    def reset(self) -> None:
        """Time went back."""
        self._ground.reset()
        with self._lock:
            self._track.clear()

    def destroy(self) -> None:
        """Stop listening."""
        self._ground.destroy()
        self._node.destroy_subscription(self._odometry)

    def _is_late(self, stamp_ns: int) -> bool:
        with self._lock:
            return self._track.is_late(stamp_ns)

    def _on_odometry(self, msg: Odometry) -> None:
        with self._node.guard('odometry'):
            stamp_ns, T = time_to_ns(msg.header.stamp), pose_from_msg(msg.pose.pose)
            if stamp_ns <= 0:
                raise MessageError('it has a zero stamp: its publisher must fill header.stamp.')
            with self._lock:
                self._track.add(stamp_ns, T)
