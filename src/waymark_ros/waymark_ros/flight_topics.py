# SPDX-License-Identifier: Apache-2.0
"""The topics of a simulated vehicle: what its sensors say, what it is told."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from geometry_msgs.msg import Twist, Vector3
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, Imu, Range
from std_msgs.msg import Header as HeaderMsg

from waymark.image.camera import CameraModel
from waymark.image.rotation import quaternion_xyzw, rotation_rpy
from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark.routes import Command, Planar
from waymark.types import Frame, Header
from waymark_ros.conversions import camera_to_msg, frame_to_image, ns_to_time, odometry_to_msg, pose_to_msg
from waymark_ros.frames import Delivery
from waymark_ros.qos import CLOCK, COMMANDS_IN, IMAGES_OUT, RESULTS
from waymark_ros.vehicle_conversions import twist_array

FAR_M = 1000.0


class FlightTopics:
    """Publishers and the subscription to `cmd_vel` of one vehicle."""

    def __init__(self, node: Any, config: FlightSimulatorConfig) -> None:
        """Offer the topics."""
        self._node, self._timeout_s = node, config.command_timeout_s
        self._clock = node.create_publisher(Clock, '/clock', CLOCK)
        self._image = node.create_publisher(Image, 'image', IMAGES_OUT)
        self._info = node.create_publisher(CameraInfo, 'camera_info', RESULTS)
        self._odometry = node.create_publisher(Odometry, 'odometry', RESULTS)
        self._range = node.create_publisher(Range, 'range', RESULTS)
        self._imu = node.create_publisher(Imu, 'imu', RESULTS)
        self._truth = node.create_publisher(Odometry, 'ground_truth', RESULTS)
        self._told: tuple[float, NDArray[np.float64]] | None = None
        node.hub.add_source(node.image_topic)

    def listen(self) -> None:
        """Hear `cmd_vel` from now on."""
        self._told = None
        self._commands = self._node.create_subscription(Twist, 'cmd_vel', self._on_command, COMMANDS_IN)

    def command(self) -> Command:
        """What it is told; nothing where that is too long ago."""
        told = self._told
        if told is None or time.monotonic() - told[0] > self._timeout_s:
            return Command()
        forward, left, up, _, _, yaw_rate = told[1].tolist()
        return Command(forward, left, up, yaw_rate)

    def moment(self, stamp_ns: int, measured: Any, velocity: NDArray[np.float64], T: NDArray[np.float64]) -> None:
        """Publish what the sensors say: the time first."""
        stamp = ns_to_time(stamp_ns)
        self._clock.publish(Clock(clock=stamp))
        self._odometry.publish(_odometry(stamp_ns, measured.odometry, measured.height_m, velocity))
        R = measured.R_world_base
        x, y, z, w = quaternion_xyzw(R)
        imu = Imu(header=HeaderMsg(stamp=stamp, frame_id='base_link'))
        imu.orientation.x, imu.orientation.y, imu.orientation.z, imu.orientation.w = x, y, z, w
        imu.angular_velocity_covariance[0] = imu.linear_acceleration_covariance[0] = -1.0  # neither is measured
        self._imu.publish(imu)
        beam = Range(header=HeaderMsg(stamp=stamp, frame_id='range'), min_range=0.1, max_range=FAR_M)
        beam.range = measured.height_m / max(float(R[2, 2]), 0.1)
        self._range.publish(beam)
        self._truth.publish(odometry_to_msg(T, Header(stamp_ns)))

    def image(self, stamp_ns: int, rgb: NDArray[np.uint8], camera: CameraModel) -> None:
        """Publish an image: to this process by reference, to others over DDS when somebody listens."""
        header = Header(stamp_ns)
        self._info.publish(camera_to_msg(camera, header))
        frame = Frame(header, rgb)
        self._node.hub.publish(self._node.image_topic, Delivery(lambda: frame))
        if self._image.get_subscription_count():
            self._image.publish(frame_to_image(frame))

    def close(self) -> None:
        """Hear no more."""
        self._node.destroy_subscription(self._commands)

    def _on_command(self, msg: Twist) -> None:
        with self._node.guard('cmd_vel'):
            twist = twist_array(msg)
            if np.isfinite(twist).all():
                self._told = time.monotonic(), twist


def _odometry(stamp_ns: int, at: Planar, height_m: float, velocity: NDArray[np.float64]) -> Odometry:
    msg = Odometry(header=HeaderMsg(stamp=ns_to_time(stamp_ns), frame_id='odom'), child_frame_id='base_link')
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation_rpy(0.0, 0.0, at.yaw_rad), (at.x_m, at.y_m, height_m)
    msg.pose.pose = pose_to_msg(T)
    x, y, z, roll, pitch, yaw = velocity.tolist()
    msg.twist.twist = Twist(linear=Vector3(x=x, y=y, z=z), angular=Vector3(x=roll, y=pitch, z=yaw))
    return msg
