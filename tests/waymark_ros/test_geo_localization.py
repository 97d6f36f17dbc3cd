# SPDX-License-Identifier: Apache-2.0
"""The node that says where on a picture of the ground it is, over real topics: a place, or silence with its reason."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import PoseWithCovarianceStamped
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_camera import TestCamera
from sensor_msgs.msg import CameraInfo, NavSatFix

from waymark.encoding import EncoderConfig, load_encoder
from waymark.geo import GeoFix, OrthoPicture
from waymark.mapping.ortho import ortho_map
from waymark.maps import OrthoFrame, save_map
from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image
from waymark_ros.geo_conversions import fix_to_msg, geo_pose_to_msg

pytestmark = pytest.mark.ros
FRAME = OrthoFrame((500, 500), 0.4, 30.0, -98.0)


def textured():
    rng, ground = np.random.default_rng(7), np.zeros((500, 500, 3), np.float32)
    for cell in (5, 14, 40):
        small = rng.normal(size=(500 // cell + 2, 500 // cell + 2, 3)).astype(np.float32)
        ground += cv2.resize(small, (500, 500), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(128 + 35 * ground, 1, 254), np.uint8)


@pytest.fixture(scope='module')
def map_path(tmp_path_factory):
    path = tmp_path_factory.mktemp('geo') / 'ground.wmap'
    picture = OrthoPicture(textured(), np.ones((500, 500), bool))
    save_map(path, ortho_map(picture, FRAME, load_encoder(EncoderConfig(encoder='hog'))))
    return path


@pytest.fixture
def camera(spinning, start, map_path):
    camera = spinning(TestCamera())
    camera.listen(NavSatFix, 'fix')
    camera.listen(PoseWithCovarianceStamped, 'geo_pose')
    best_effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    camera.info = camera.create_publisher(CameraInfo, 'camera_info', best_effort)
    start('waymark_ros.nodes.geo_localization', '--ros-args', '-p', f'map:={map_path}', '-p', 'tiles:=2')
    assert camera.wait_for_listener()
    return camera


def show(camera, rgb):
    stamp_ns = camera.get_clock().now().nanoseconds
    camera.image.publish(frame_to_image(Frame(Header(stamp_ns, 'cam'), np.ascontiguousarray(rgb))))


def test_a_photo_of_the_map_gives_a_fix_and_another_one_gives_none_and_the_reason(camera):
    show(camera, np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8))
    assert camera.wait_for(lambda: 'no position because' in camera.status.get('geo_localization', ('', {}))[0], 30)
    assert camera.heard == {'fix': [], 'geo_pose': []}
    # Straight down with north up, 96 m wide, its middle 50 px right of and 10 px above the map's.
    show(camera, cv2.resize(textured()[150:330, 180:420], (320, 240)))
    assert camera.wait_for(lambda: bool(camera.heard['fix']), 30)

    fix, pose = camera.heard['fix'][0], camera.heard['geo_pose'][0]
    assert fix.status.status == 0 and fix.header.frame_id == 'cam' and math.isnan(fix.altitude)
    assert (fix.longitude + 98) * math.cos(math.radians(30)) * 111_320 == pytest.approx(50 * 0.4, abs=1.0)
    assert (fix.latitude - 30) * 110_850 == pytest.approx(10 * 0.4, abs=1.0)
    assert pose.header.frame_id == 'map' and pose.header.stamp == fix.header.stamp
    assert (pose.pose.pose.position.x, pose.pose.pose.position.y) == pytest.approx((20.0, 4.0), abs=1.0)
    assert 0 < pose.pose.covariance[0] < 225 and pose.pose.covariance[14] >= 1e8  # no camera_info: no height


def test_without_a_map_the_node_says_how_to_make_one(start):
    process = start('waymark_ros.nodes.geo_localization')

    said, _ = process.communicate(timeout=60)

    assert process.returncode != 0 and 'waymark map from-ortho' in said


FIX = GeoFix(
    x_px=299.5, y_px=239.5, middle_px=(299.5, 239.5), yaw_deg=0.0, metres_per_pixel=0.1, altitude_m=50.0, tilt_deg=0.0,
    covariance_m2=np.diag([4.0, 1.0]), yaw_sigma_deg=1.0, altitude_sigma_m=2.0, tilt_sigma_deg=0.5,
    R_map_camera=np.diag([1.0, -1.0, -1.0]), H_map_photo=np.eye(3),
)  # fmt: skip


def test_a_turned_map_turns_position_orientation_and_covariance():
    turned = OrthoFrame((500, 500), 0.4, 30.0, -98.0, up_bearing_deg=90.0)

    msg = geo_pose_to_msg(FIX, turned, Header(5, 'cam'), 'map')

    # The map's up is east: 50 px right of the middle are 20 m south, 10 px up are 4 m east.
    position, q = msg.pose.pose.position, msg.pose.pose.orientation
    assert (position.x, position.y, position.z) == pytest.approx((4.0, -20.0, 50.0))
    covariance = np.array(msg.pose.covariance).reshape(6, 6)
    np.testing.assert_allclose(covariance[:2, :2], np.diag([1.0, 4.0]), atol=1e-9)
    assert covariance[2, 2] == 4.0
    w, x, y, z = q.w, q.x, q.y, q.z
    up_of_image = -np.array([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])
    np.testing.assert_allclose(up_of_image, [1, 0, 0], atol=1e-9)  # the image's up points east too


def test_a_map_without_a_place_on_earth_has_no_fix():
    assert fix_to_msg(FIX, OrthoFrame((500, 500), 0.4), Header(5, 'cam')) is None
    assert fix_to_msg(FIX, FRAME, Header(5, 'cam')).position_covariance_type == NavSatFix.COVARIANCE_TYPE_KNOWN
