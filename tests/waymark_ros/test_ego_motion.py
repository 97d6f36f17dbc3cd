# SPDX-License-Identifier: Apache-2.0
"""The node ego_motion in its own process, over DDS: what it publishes, and what it does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nav_msgs.msg import Odometry
from ros_camera import TestCamera
from sensor_msgs.msg import CameraInfo, Image, Imu, Range
from std_msgs.msg import Header as HeaderMsg
from waymark_msgs.msg import FrameHomography

from waymark.image.rotation import quaternion_xyzw
from waymark.types import Frame, Header
from waymark_ros.conversions import camera_to_msg, frame_to_image, ns_to_time, time_to_ns
from waymark_ros.qos import RESULTS
from waymark_sim.ground import generate_ground
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.route import rotation

pytestmark = pytest.mark.ros
NODE = 'ego_motion'
NS = 1_000_000_000


class Drone(TestCamera):
    """A vehicle over generated ground that sends whatever a test wants of it."""

    def __init__(self) -> None:
        super().__init__(name='drone')
        ground = generate_ground(5, 1024, 60.0)
        self.renderer = OrthoRenderer(ground, (320, 240), math.radians(60))
        self.info = self.create_publisher(CameraInfo, 'camera_info', RESULTS)
        self.range = self.create_publisher(Range, 'range', RESULTS)
        self.imu = self.create_publisher(Imu, 'imu', RESULTS)
        for kind, topic in ((FrameHomography, 'ego_homography'), (Odometry, 'odometry'), (Image, 'motion_mask')):
            self.listen(kind, topic)
        self.now_ns = self.get_clock().now().nanoseconds - 20 * NS

    def is_ready(self) -> bool:
        publishers = (self.image, self.info, self.range, self.imu)
        return self.wait_for(lambda: all(p.get_subscription_count() for p in publishers), 30.0)

    def fly(self, x: float, *, altitude: float = 10.0, tilt: float = 0.0, **change) -> int:
        """Send one moment, the image last, and wait until the node has seen it; 100 ms later than the one before."""
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = rotation(0.0, tilt, 0.0), (x, 0.0, altitude)
        self.now_ns += NS // 10
        header = HeaderMsg(stamp=ns_to_time(self.now_ns), frame_id='cam')
        if change.get('calibrated', True):
            self.info.publish(change.get('info') or camera_to_msg(self.renderer.camera, Header(self.now_ns, 'cam')))
        metres = change.get('range', altitude / T[2, 2])
        if metres is not None:
            self.range.publish(Range(header=header, min_range=0.1, max_range=99.0, range=float(metres)))
        imu = Imu(header=header)
        q = imu.orientation
        q.x, q.y, q.z, q.w = quaternion_xyzw(T[:3, :3])
        self.imu.publish(imu)
        pixels = change.get('pixels', self.renderer.render(T))
        seen = int(self.value(NODE, 'received') or 0)
        del seen
        self.image.publish(frame_to_image(Frame(Header(self.now_ns, 'cam'), pixels)))
        return self.now_ns

    def heard_of(self, topic: str, stamp_ns: int) -> bool:
        return self.wait_for(lambda: any(time_to_ns(m.header.stamp) == stamp_ns for m in self.heard[topic]), 10.0)


@pytest.fixture
def drone(spinning, start):
    drone = spinning(Drone())
    start(f'waymark_ros.nodes.{NODE}')
    assert drone.is_ready()
    return drone


def test_a_flight_of_three_metres_is_told_in_metres_with_its_velocity_and_an_honest_covariance(drone):
    stamps = []
    for index in range(16):
        stamps.append(drone.fly(0.2 * index, tilt=0.02 * math.sin(index)))
        assert drone.heard_of('odometry', stamps[-1])
    last = drone.heard['odometry'][-1]
    assert (last.header.frame_id, last.child_frame_id) == ('odom', 'base_link')
    p = last.pose.pose.position
    sigma = math.sqrt(last.pose.covariance[0])
    assert p.x == pytest.approx(3.0, abs=4 * sigma)
    assert 0.001 < sigma < 0.1
    assert abs(p.y) < 0.05
    assert p.z == pytest.approx(10.0, abs=0.2)
    assert last.twist.twist.linear.x == pytest.approx(2.0, abs=0.2)
    homography = drone.heard['ego_homography'][-1]
    assert time_to_ns(homography.previous_stamp) == stamps[-2]
    assert homography.inliers >= 25
