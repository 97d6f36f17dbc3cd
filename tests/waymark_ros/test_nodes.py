# SPDX-License-Identifier: Apache-2.0
"""Real nodes in other processes, talked to over DDS."""

from __future__ import annotations

import array

import numpy as np
import pytest
from lifecycle_msgs.srv import ChangeState
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_camera import TestCamera, picture
from sensor_msgs.msg import CameraInfo, Image
from waymark_msgs.msg import Embedding, PlanarTargetArray

from waymark.encoding import EncoderConfig, load_encoder
from waymark_ros.conversions import time_to_ns

pytestmark = pytest.mark.ros
ENCODER = 'image_encoder'


@pytest.fixture
def camera(spinning):
    return spinning(TestCamera())


@pytest.fixture
def encoder(camera, start):
    camera.listen(Embedding, 'embedding')
    process = start('waymark_ros.nodes.image_encoder')
    assert camera.wait_for_listener()
    return process


def test_an_embedding_carries_its_images_header_and_equals_the_core(camera, encoder):
    stamp_ns = camera.send(seed=3)
    assert camera.wait_for(lambda: camera.heard['embedding'])
    msg = camera.heard['embedding'][0]
    assert (time_to_ns(msg.header.stamp), msg.header.frame_id) == (stamp_ns, 'cam')
    expected = load_encoder(EncoderConfig())
    assert msg.fingerprint == expected.fingerprint
    # Two processes: a runtime may sum in another order.
    np.testing.assert_allclose(msg.vector, expected.encode(picture(3)).vector, atol=1e-6)


def test_whatever_a_camera_sends_the_node_counts_it_says_it_and_goes_on(camera, encoder):
    def broken(**change: object) -> None:
        msg = Image(width=160, height=120, step=480, encoding='bgr8')
        msg.header.stamp = camera.get_clock().now().to_msg()
        msg.data = array.array('B', bytes(160 * 120 * 3))
        for name, value in change.items():
            setattr(msg, name, value)
        camera.image.publish(msg)
        sent[0] += 1
        assert camera.wait_for(lambda: camera.value(ENCODER, 'errors') == str(sent[0]))

    sent = [0]
    broken(data=array.array('B', bytes(10)))
    assert 'height * step' in camera.value(ENCODER, 'last_error')
    broken(width=0, height=0)
    assert 'empty' in camera.value(ENCODER, 'last_error')
    broken(encoding='plaid')
    assert "'plaid'" in camera.value(ENCODER, 'last_error')
    broken(header=Image().header)
    assert 'zero stamp' in camera.value(ENCODER, 'last_error')
    now_ns = camera.send()
    assert camera.wait_for(lambda: camera.heard['embedding'])
    camera.send(now_ns - 500_000_000)  # back in time
    assert camera.wait_for(lambda: 'must come in order' in camera.value(ENCODER, 'last_error'))
    camera.send(now_ns + 60_000_000_000)  # the future
    assert camera.wait_for(lambda: 'ahead of the clock' in camera.value(ENCODER, 'last_error'))
    camera.send()
    assert camera.wait_for(lambda: len(camera.heard['embedding']) == 2)
    assert camera.status[ENCODER][0].startswith('running; 6 problems')
    assert encoder.poll() is None


def test_silence_is_explained_by_what_is_wrong_with_the_topic(spinning, start):
    listener = spinning(TestCamera(name='elsewhere'))
    listener.destroy_publisher(listener.image)
    listener.create_publisher(Image, '/camera/image_raw', 5)
    start('waymark_ros.nodes.image_encoder')
    assert listener.wait_for(lambda: 'nothing publishes' in listener.status.get(ENCODER, ('',))[0])
    assert 'Images are on /camera/image_raw: remap `image`' in listener.status[ENCODER][0]


def test_a_subscriber_that_asks_for_more_than_is_offered_is_told_so_in_the_diagnostics(camera, encoder, spinning):
    latched = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    spinning(TestCamera(name='asks_too_much')).listen(Embedding, 'embedding', latched)
    assert camera.wait_for(lambda: 'asks for more DURABILITY' in camera.value(ENCODER, 'last_error'))
    camera.send()
    assert camera.wait_for(lambda: camera.heard['embedding'])


def test_an_embedding_that_is_offered_best_effort_is_missed_with_a_reason(camera, start):
    camera.create_publisher(Embedding, 'embedding', QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    start('waymark_ros.nodes.place_recognition')
    said = 'a publisher of /embedding, offers less RELIABILITY than this node asks for'
    assert camera.wait_for(lambda: said in camera.value('place_recognition', 'last_error'))


def test_camera_info_of_another_size_is_refused_and_tracking_goes_on_without_metric_output(camera, start):
    # As many drivers offer it: a reader that asks for RELIABLE would never hear it.
    best_effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    info = camera.create_publisher(CameraInfo, 'camera_info', best_effort)
    camera.listen(PlanarTargetArray, 'targets')
    start('waymark_ros.nodes.homography_tracker', '--ros-args', '-p', 'learn_first_frame:=true')
    assert camera.wait_for_listener()
    assert camera.wait_for(lambda: info.get_subscription_count() > 0)
    info.publish(CameraInfo(width=99, height=99, k=[100.0, 0, 50, 0, 100, 50, 0, 0, 1]))
    for _ in range(3):
        camera.send()
        count = len(camera.heard['targets'])
        assert camera.wait_for(lambda count=count: len(camera.heard['targets']) > count)
    said = 'camera_info is for 99x99 px, the images are 160x120'
    assert camera.wait_for(lambda: said in camera.value('homography_tracker', 'last_error'))
    assert not any(t.has_pose for m in camera.heard['targets'] for t in m.targets)


def test_a_lifecycle_manager_can_drive_a_node(camera, start):
    camera.listen(Embedding, 'embedding')
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'autostart:=false')

    def change(transition: int) -> bool:
        request = ChangeState.Request()
        request.transition.id = transition
        return camera.call(ChangeState, '/image_encoder/change_state', request).success

    configure, cleanup, activate, deactivate = 1, 2, 3, 4
    assert change(configure) and change(activate)
    assert camera.wait_for_listener()
    camera.send()
    assert camera.wait_for(lambda: camera.heard['embedding'])
    assert change(deactivate) and change(cleanup)
    assert change(configure) and change(activate)
    assert camera.wait_for_listener()
    camera.send()
    assert camera.wait_for(lambda: len(camera.heard['embedding']) == 2)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['-p', 'encoder:=/nowhere.json'], '/nowhere.json'),
        (['-p', 'threads:=-1'], 'threads'),
        (['-r', 'image:=/1st camera'], 'ROS arguments'),
        (['-p', 'encodr:=hog'], "unknown parameter 'encodr'. Did you mean 'encoder'?"),
    ],
)
def test_a_wrong_parameter_ends_the_node_with_one_sentence(start, arguments, message):
    process = start('waymark_ros.nodes.image_encoder', '--ros-args', *arguments)
    output, _ = process.communicate(timeout=30)
    lines = [line for line in output.splitlines() if line.strip() and '[rcl]' not in line]  # rcl has its own say
    assert process.returncode == 1
    assert len(lines) == 1 and lines[0].startswith('error: ') and message in lines[0]
