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
from tf2_msgs.msg import TFMessage
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
        self.image.publish(frame_to_image(Frame(Header(self.now_ns, 'cam'), pixels)))
        return self.now_ns

    def tell(self, topic: str, x: float, **change) -> int:
        """As `fly`, again and again until the node says something of that very image on a topic.

        Images travel best effort, and sensors may arrive after them: a busy machine loses some.
        """
        for _ in range(6):
            stamp_ns = self.fly(x, **change)
            if self.wait_for(lambda ns=stamp_ns: any(time_to_ns(m.header.stamp) == ns for m in self.heard[topic]), 4.0):
                return stamp_ns
        raise AssertionError(f'nothing on {topic}: {self.status.get(NODE)}')

    def says(self, text: str) -> bool:
        """Wait until the node's status or its last error holds a text."""
        return self.wait_for(lambda: text in self.status.get(NODE, ('',))[0] + self.value(NODE, 'last_error'), 20.0)


@pytest.fixture
def drone(spinning, start):
    drone = spinning(Drone())
    start(f'waymark_ros.nodes.{NODE}')
    assert drone.is_ready()
    return drone


def test_a_flight_of_three_metres_is_told_in_metres_with_its_velocity_and_an_honest_covariance(drone):
    stamps = [drone.tell('odometry', 0.2 * i, tilt=0.02 * math.sin(i)) for i in range(16)]
    last = drone.heard['odometry'][-1]
    assert (last.header.frame_id, last.child_frame_id) == ('odom', 'base_link')
    p = last.pose.pose.position
    sigma = math.sqrt(last.pose.covariance[0])
    assert p.x == pytest.approx(3.0, abs=4 * sigma)
    assert 0.001 < sigma < 0.1
    assert abs(p.y) < 0.05
    assert p.z == pytest.approx(10.0, abs=0.2)
    assert 0.5 < last.twist.twist.linear.x < 2.3  # 2 m/s, less where an image was sent twice
    homography = drone.heard['ego_homography'][-1]
    assert time_to_ns(homography.previous_stamp) >= stamps[-2]
    assert homography.inliers >= 25


def with_block(drone, index):
    """The ground with a red block that drives ahead of it."""
    T = np.eye(4)
    T[:3, 3] = 0.2 * index, 0.0, 10.0
    pixels = drone.renderer.render(T).copy()
    pixels[100:130, 150 + 12 * index : 180 + 12 * index] = (250, 40, 40)
    return pixels


def test_what_moves_by_itself_is_white_in_the_mask_and_the_ground_is_black(drone):
    drone.tell('odometry', 0.0, pixels=with_block(drone, 0))
    drone.tell('motion_mask', 0.2, pixels=with_block(drone, 1))
    drone.tell('motion_mask', 0.4, pixels=with_block(drone, 2))
    msg = drone.heard['motion_mask'][-1]
    assert (msg.encoding, msg.width, msg.height) == ('mono8', 320, 240)
    mask = np.frombuffer(msg.data, np.uint8).reshape(240, 320)
    assert mask[105:125, 195:203].mean() > 150  # where it has come to
    assert np.median(mask) < 30


BROKEN = CameraInfo(width=320, height=240, d=[0.0] * 5, k=[200.0, 0, math.nan, 0, 200, 120, 0, 0, 1])


def test_without_altitude_or_calibration_only_pixels_are_told_and_the_diagnostics_say_why(drone):
    for i in range(4):
        drone.tell('ego_homography', 0.2 * i, calibrated=False) if i else drone.fly(0.0, calibrated=False)
    assert drone.says('the camera is not calibrated')
    for i in range(4, 7):
        drone.tell('ego_homography', 0.2 * i, info=BROKEN)
    assert drone.says('the camera is not calibrated')
    assert drone.heard['odometry'] == []


def test_without_an_altitude_odometry_waits_for_one(drone):
    for i in range(4):
        drone.tell('ego_homography', 0.2 * i, range=None) if i else drone.fly(0.0, range=None)
    assert drone.says('nothing on range within')
    drone.tell('ego_homography', 0.8, range=0.0)
    assert drone.says('range is out of reach')
    assert drone.heard['odometry'] == []
    drone.tell('odometry', 1.0)


def test_blank_images_another_size_and_stamps_that_go_back_are_survived_and_nothing_false_is_told(drone):
    for i in range(4):
        drone.tell('odometry', 0.2 * i)
    known = len(drone.heard['odometry'])

    def shown(said, size=(240, 320)):
        """Show a blank image until the node speaks of it."""
        for _ in range(5):
            drone.fly(0.8, pixels=np.full((*size, 3), 90, np.uint8))
            if drone.wait_for(lambda: said in drone.status[NODE][0] + drone.value(NODE, 'last_error'), 4.0):
                return True
        return False

    assert shown('blank or blurred')
    drone.now_ns -= NS // 2
    assert shown('must come in order')
    drone.now_ns += NS
    assert shown('the images are 160x120', (120, 160))
    assert len(drone.heard['odometry']) == known
    drone.tell('odometry', 1.2)
    assert drone.heard['odometry'][-1].pose.pose.position.x == pytest.approx(1.2, abs=0.1)


def test_an_imu_without_attitude_is_named_and_odometry_goes_on_without_it(drone):
    for _ in range(5):
        msg = Imu(header=HeaderMsg(stamp=ns_to_time(drone.now_ns + NS // 20), frame_id='imu'))
        msg.orientation_covariance[0] = -1.0
        drone.imu.publish(msg)
        if drone.wait_for(lambda: 'it holds no attitude' in drone.value(NODE, 'last_error'), 4.0):
            break
    assert 'it holds no attitude' in drone.value(NODE, 'last_error')
    drone.tell('odometry', 0.0)


def test_heights_and_tf_are_published_on_request(spinning, start):
    drone = spinning(Drone())
    drone.listen(Image, 'height')
    drone.listen(TFMessage, '/tf')
    start(f'waymark_ros.nodes.{NODE}', '--ros-args', '-p', 'publish_height:=true', '-p', 'publish_tf:=true')
    assert drone.is_ready()
    for i in range(8):
        drone.tell('odometry', 0.3 * i)
    drone.tell('height', 2.1)
    msg = drone.heard['height'][-1]
    assert (msg.encoding, msg.width, msg.height) == ('32FC1', 40, 30)
    heights = np.frombuffer(msg.data, np.float32)
    assert abs(float(np.nanmedian(heights))) < 0.2
    assert drone.wait_for(lambda: len(drone.heard['/tf']) >= 8)
    [transform] = drone.heard['/tf'][-1].transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ('odom', 'base_link')
    assert transform.transform.translation.x == pytest.approx(2.1, abs=0.2)
