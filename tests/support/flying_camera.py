# SPDX-License-Identifier: Apache-2.0
"""A simulated drone for tests: its camera, odometry, range finder and /tf_static over real ROS, and the exact truth."""

from __future__ import annotations

import numpy as np
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from ros_camera import TestCamera
from sensor_msgs.msg import CameraInfo, Range
from std_msgs.msg import Header as HeaderMsg
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import Localization

from waymark.image.camera import CameraModel
from waymark.places.rigid import inverse, transform, turned
from waymark.types import Frame, Header
from waymark_ros.conversions import camera_to_msg, frame_to_image, ns_to_time, pose_to_msg, time_to_ns
from waymark_ros.place_conversions import transform_to_msg
from waymark_ros.qos import RESULTS, TF_STATIC
from waymark_sim.ortho import R_BASE_CAMERA
from waymark_sim.world import World

Floats = NDArray[np.float64]

# The camera hangs ahead of and below the robot's middle, and is turned a little.
T_BASE_CAMERA = transform(turned(np.array([0.02, -0.01, 0.1])) @ R_BASE_CAMERA, np.array([0.3, 0.05, -0.1]))
CAMERA_FRAME, NS = 'camera_optical_frame', 1_000_000_000
# The simulator's vehicle, whose middle is its camera.
_T_SIM_CAMERA = transform(R_BASE_CAMERA, np.zeros(3))


class FlyingCamera(TestCamera):
    """Flies where it is told; `T_map_odom` is where its odometry thinks the map is."""

    def __init__(self, world: World, name: str = 'flying_camera') -> None:
        super().__init__(name=name)
        self.world = world
        self.T_map_odom = np.eye(4)
        self.camera: CameraModel | None = world.renderer.camera  # what camera_info says
        self.number = 0
        self.truth: dict[int, Floats] = {}  # T_map_camera by stamp
        self.info = self.create_publisher(CameraInfo, 'camera_info', RESULTS)
        self.odometry = self.create_publisher(Odometry, 'odometry', RESULTS)
        self.range = self.create_publisher(Range, 'range', RESULTS)
        self.static = self.create_publisher(TFMessage, '/tf_static', TF_STATIC)
        self.listen(Localization, 'localization')

    def hang(self) -> None:
        """Say on /tf_static where the camera is."""
        self.static.publish(transform_to_msg(T_BASE_CAMERA, Header(1), 'base_link', CAMERA_FRAME))

    def fly(self, seconds: Floats, *, odometry: bool = True, altitude_error: float = 0.0) -> list[Localization]:
        """Be at the route's places of these moments, in lockstep; what was said of each."""
        return [self.see(self.world.route.pose(float(s)) @ _T_SIM_CAMERA, odometry, altitude_error) for s in seconds]

    def see(self, T_map_camera: Floats, odometry: bool = True, altitude_error: float = 0.0) -> Localization:
        """Send one image with all that belongs to it, and wait for the answer.

        Images travel best effort: one that a busy machine loses is taken again.
        """
        rgb = self.world.renderer.render(T_map_camera @ inverse(_T_SIM_CAMERA), self.number)
        self.number += 1
        heard = self.heard['localization']
        for _ in range(5):
            stamp_ns = self._send(T_map_camera, rgb, odometry, altitude_error)
            if self.wait_for(lambda ns=stamp_ns: any(time_to_ns(m.header.stamp) == ns for m in heard), 5.0):
                return heard[-1]
        raise AssertionError(f'no localization came: {self.status}')

    def _send(self, T_map_camera: Floats, rgb: NDArray[np.uint8], odometry: bool, altitude_error: float) -> int:
        stamp_ns = self.get_clock().now().nanoseconds
        header = Header(stamp_ns, CAMERA_FRAME)
        T_map_base = T_map_camera @ inverse(T_BASE_CAMERA)
        self.truth[stamp_ns] = T_map_camera
        if odometry:
            self.odometry.publish(odometry_of(inverse(self.T_map_odom) @ T_map_base, stamp_ns))
        metres = T_map_camera[2, 3] / T_map_base[2, 2]  # from the camera's height, along the robot's own down
        self.range.publish(range_of(metres * (1 + altitude_error), stamp_ns))
        if self.camera is not None:
            self.info.publish(camera_to_msg(self.camera, header))
        self.image.publish(frame_to_image(Frame(header, rgb)))
        return stamp_ns


def odometry_of(T_odom_base: Floats, stamp_ns: int) -> Odometry:
    msg = Odometry(header=HeaderMsg(stamp=ns_to_time(stamp_ns), frame_id='odom'), child_frame_id='base_link')
    msg.pose.pose = pose_to_msg(T_odom_base)
    return msg


def range_of(metres: float, stamp_ns: int) -> Range:
    header = HeaderMsg(stamp=ns_to_time(stamp_ns), frame_id='range')
    return Range(header=header, min_range=0.2, max_range=100.0, range=float(metres))
