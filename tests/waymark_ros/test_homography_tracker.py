# SPDX-License-Identifier: Apache-2.0
"""The node that follows planar targets, over real topics: live targets, poses, /tf, and why there is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_camera import TestCamera, picture
from sensor_msgs.msg import CameraInfo, RegionOfInterest
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import PlanarTarget, PlanarTargetArray
from waymark_msgs.srv import AddTarget

from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image

pytestmark = pytest.mark.ros
NODE = 'homography_tracker'
SIGN = picture(5, (160, 120))
# The sign's picture is 0.16 m wide, so 1 mm a pixel; at 0.5 m a focal length of 500 px shows it at its own size.
INFO = {'width': 320, 'height': 240, 'k': [500.0, 0, 159.5, 0, 500, 119.5, 0, 0, 1]}


def scene(left, top):
    shown = picture(1, (320, 240))
    shown[top : top + 120, left : left + 160] = SIGN
    return cv2.GaussianBlur(shown, (0, 0), 0.8)


@pytest.fixture
def camera(spinning):
    camera = spinning(TestCamera())
    camera.listen(PlanarTargetArray, 'targets')
    best_effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    camera.info = camera.create_publisher(CameraInfo, 'camera_info', best_effort)
    return camera


@pytest.fixture
def tracker(camera, start):
    def begin(*parameters):
        options = [word for p in ('learn_first_frame:=false', *parameters) for word in ('-p', p)]
        start('waymark_ros.nodes.homography_tracker', '--ros-args', *options)
        assert camera.wait_for_listener()
        assert camera.wait_for(lambda: camera.info.get_subscription_count() > 0)

    return begin


def show(camera, left, top):
    """Send an image and wait for its targets, by name."""
    known = len(camera.heard['targets'])
    stamp_ns = camera.get_clock().now().nanoseconds
    camera.image.publish(frame_to_image(Frame(Header(stamp_ns, 'cam'), scene(left, top))))
    assert camera.wait_for(lambda: len(camera.heard['targets']) > known)
    return {t.target_id: t for t in camera.heard['targets'][-1].targets}


def add(camera, **fields):
    return camera.call(AddTarget, f'/{NODE}/add_target', AddTarget.Request(**fields))


def box(left, top, width, height):
    return RegionOfInterest(x_offset=left, y_offset=top, width=width, height=height)


def test_a_box_drawn_on_the_newest_image_becomes_a_target(camera, tracker):
    tracker()
    assert 'no image has come yet' in add(camera, target_id='sign', box=box(80, 60, 160, 120)).message
    assert show(camera, 80, 60) == {}
    answer = add(camera, target_id='sign', box=box(80, 60, 160, 120))
    assert (answer.success, answer.message, answer.target_count) == (True, '', 1)
    assert answer.keypoints >= 50
    seen = show(camera, 86, 64)['sign']
    assert seen.state == PlanarTarget.TRACKING and seen.agreement > 0.9 and seen.inliers >= 12
    corners = [(p.x, p.y) for p in seen.corners]
    np.testing.assert_allclose(corners, [(86, 64), (245, 64), (245, 183), (86, 183)], atol=0.6)
    assert not seen.has_pose


def test_a_picture_sent_with_the_request_becomes_a_target_with_a_pose_and_a_frame(camera, tracker):
    camera.listen(TFMessage, '/tf')
    tracker('publish_tf:=true')
    sign = frame_to_image(Frame(Header(1, 'file'), cv2.GaussianBlur(SIGN, (0, 0), 0.8)))
    assert add(camera, target_id='my sign', image=sign, width_m=0.16).success
    camera.info.publish(CameraInfo(**INFO))
    assert camera.wait_for(lambda: show(camera, 80, 60)['my sign'].has_pose)
    seen = show(camera, 90, 60)['my sign']
    at = seen.pose.pose.position
    np.testing.assert_allclose([at.x, at.y, at.z], [0.01, 0, 0.5], atol=0.003)
    covariance = np.array(seen.pose.covariance).reshape(6, 6)
    assert (np.linalg.eigvalsh(covariance) > 0).all() and np.sqrt(covariance[2, 2]) < 0.02
    assert camera.wait_for(lambda: camera.heard['/tf'])
    [transform] = camera.heard['/tf'][-1].transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ('cam', 'target/my_sign')


@pytest.mark.parametrize(
    ('info', 'reason'),
    [
        (None, 'no camera_info has come'),
        ({**INFO, 'k': [0.0] * 9}, 'K is zero, or a number is not finite'),
        ({**INFO, 'k': [500.0, 0, float('nan'), 0, 500, 119.5, 0, 0, 1]}, 'K is zero, or a number is not finite'),
    ],
)
def test_without_a_calibration_there_is_no_pose_and_the_diagnostics_say_why(camera, tracker, info, reason):
    tracker()
    show(camera, 80, 60)
    assert add(camera, target_id='sign', box=box(80, 60, 160, 120), width_m=0.16).success
    if info is not None:
        camera.info.publish(CameraInfo(**info))
    assert camera.wait_for(lambda: show(camera, 82, 60) and reason in camera.value(NODE, 'pose'))
    seen = show(camera, 84, 60)['sign']
    assert seen.state == PlanarTarget.TRACKING and not seen.has_pose


def test_requests_that_can_not_be_met_are_answered_with_the_reason(camera, tracker):
    tracker()
    show(camera, 80, 60)
    for fields, reason in (
        ({'target_id': '', 'box': box(80, 60, 160, 120)}, 'needs a name'),
        ({'target_id': 'a', 'box': box(200, 60, 160, 120)}, 'reaches beyond the image'),
        ({'target_id': 'a', 'box': box(80, 60, 160, 120), 'width_m': -1.0}, 'width_m'),
        ({'target_id': 'a', 'image': frame_to_image(Frame(Header(1, ''), np.zeros((99, 99, 3), np.uint8)))}, 'texture'),
    ):
        answer = add(camera, **fields)
        assert not answer.success and reason in answer.message
    assert add(camera, target_id='sign', box=box(80, 60, 160, 120)).success
    other = frame_to_image(Frame(Header(1, ''), picture(8, (320, 240))))
    assert "a further picture of 'sign' does not show" in add(camera, target_id='sign', image=other).message
