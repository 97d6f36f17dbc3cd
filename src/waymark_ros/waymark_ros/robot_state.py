# SPDX-License-Identifier: Apache-2.0
"""What the robot knows at an image: odometry, altitude, and where its camera sits."""

from __future__ import annotations

import math
import threading
from typing import Any

from nav_msgs.msg import Odometry
from sensor_msgs.msg import Range

from waymark.errors import MessageError
from waymark.image.camera import CameraModel
from waymark.masks.alignment import Plane
from waymark.places.config import LocatingConfig
from waymark.places.sensed import PoseTrack, Sensed, altitude_of
from waymark.types import NANOSECONDS, Header
from waymark_ros.conversions import pose_from_msg, time_to_ns
from waymark_ros.late_sensors import wait_while_late
from waymark_ros.qos import SENSORS
from waymark_ros.static_transforms import CameraMount

RANGE_AGE_S = 0.5  # an older range says nothing of this image


class RobotState:
    """Listens while the node is active. ROS callbacks only note; the worker asks.

    Attributes:
        odom_frame: Frame of the odometry, '' before the first message.
        base_frame: Of the robot.
    """

    def __init__(self, node: Any, config: LocatingConfig) -> None:
        """Subscribe to `odometry`, and to `range` where the altitude comes from it.

        Args:
            node: A ManagedNode that is being activated.
            config: What is used.
        """
        self._node, self._config = node, config
        self._lock = threading.Lock()
        self._track = PoseTrack(config.odometry_gap_s)
        self._range: tuple[int, float] | None = None
        self.odom_frame, self.base_frame = '', 'base_link'
        self._mount = CameraMount(node, config.camera_in_base)
        self._subscriptions = [node.create_subscription(Odometry, 'odometry', self._on_odometry, SENSORS)]
        if config.altitude_from == 'range':
            self._subscriptions.append(node.create_subscription(Range, 'range', self._on_range, SENSORS))

    def sensed(self, header: Header, camera: CameraModel | None, moving: Plane | None = None) -> Sensed:
        """All that is known at an image.

        Args:
            header: Of the image.
            camera: Its intrinsics, None where unknown.
            moving: (H, W) what moves in it by itself, None where unknown.
        """
        wait_while_late(self._node, lambda: self._is_late(header.stamp_ns))
        with self._lock:
            T_odom_base, latest = self._track.at(header.stamp_ns), self._range
        T_base_camera = self._mount.find(self.base_frame, header.frame_id)
        range_m = None
        if latest is not None and abs(latest[0] - header.stamp_ns) <= RANGE_AGE_S * NANOSECONDS:
            range_m = latest[1]
        altitude = altitude_of(self._config, range_m, T_odom_base, T_base_camera)
        return Sensed(camera, altitude, T_odom_base, T_base_camera, moving)

    def reset(self) -> None:
        """Time went back."""
        with self._lock:
            self._track.clear()
            self._range = None

    def destroy(self) -> None:
        """Stop listening."""
        self._mount.destroy()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _is_late(self, stamp_ns: int) -> bool:
        with self._lock:
            return self._track.is_late(stamp_ns)

    def _on_odometry(self, msg: Odometry) -> None:
        with self._node.guard('odometry'):
            self._require_frames(msg.header.frame_id, msg.child_frame_id)
            T_odom_base, stamp_ns = pose_from_msg(msg.pose.pose), time_to_ns(msg.header.stamp)
            if stamp_ns <= 0:
                raise MessageError('it has a zero stamp: its publisher must fill header.stamp.')
            with self._lock:
                self._track.add(stamp_ns, T_odom_base)
                self.odom_frame, self.base_frame = msg.header.frame_id, msg.child_frame_id

    def _require_frames(self, odom_frame: str, base_frame: str) -> None:
        if not odom_frame or not base_frame:
            raise MessageError('header.frame_id and child_frame_id must name the frames, such as odom and base_link.')
        if odom_frame == self._config.map_frame:
            raise MessageError(
                f'its frame_id {odom_frame!r} is the frame of the map itself (parameter map_frame). '
                'Give odometry its own frame, such as odom.'
            )

    def _on_range(self, msg: Range) -> None:
        is_inside = math.isfinite(msg.range) and msg.min_range <= msg.range <= msg.max_range and msg.range > 0
        with self._lock:  # out of reach: nothing is known, which is no error
            self._range = (time_to_ns(msg.header.stamp), float(msg.range)) if is_inside else None
