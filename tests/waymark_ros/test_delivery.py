# SPDX-License-Identifier: Apache-2.0
"""Images arrive: the failure that users of ROS 2 report most."""

from __future__ import annotations

import time

import pytest
from ros_camera import TestCamera, picture
from waymark_msgs.msg import Embedding

from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image, frame_to_jpeg

pytestmark = pytest.mark.ros
HZ, FRAMES = 30, 90


def test_720p_at_30_hz_reaches_the_mailbox_of_another_process_with_the_shipped_profile(spinning, start):
    camera = spinning(TestCamera())
    start('waymark_ros.nodes.image_encoder')
    assert camera.wait_for_listener()
    pixels = picture(size_wh=(1280, 720))
    began = time.monotonic()
    for i in range(FRAMES):
        camera.wait_for(lambda: False, timeout_s=max(0.0, began + i / HZ - time.monotonic()))
        stamp_ns = camera.get_clock().now().nanoseconds
        camera.image.publish(frame_to_image(Frame(Header(stamp_ns), pixels)))
    enough = lambda: int(camera.value('image_encoder', 'received') or 0) >= 0.99 * FRAMES  # noqa: E731
    assert camera.wait_for(enough, timeout_s=5), camera.value('image_encoder', 'received')


def test_compressed_transport_works_live(spinning, start):
    from sensor_msgs.msg import CompressedImage

    camera = spinning(TestCamera())
    camera.destroy_publisher(camera.image)
    camera.image = camera.create_publisher(CompressedImage, 'image/compressed', 5)
    camera.listen(Embedding, 'embedding')
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'image_transport:=compressed')
    assert camera.wait_for_listener()
    frame = Frame(Header(camera.get_clock().now().nanoseconds, 'cam'), picture())
    camera.image.publish(frame_to_jpeg(frame, 90))
    assert camera.wait_for(lambda: camera.heard['embedding'])


def test_only_compressed_there_is_said_with_the_parameter_to_set(spinning, start):
    from sensor_msgs.msg import CompressedImage

    camera = spinning(TestCamera())
    camera.destroy_publisher(camera.image)
    camera.create_publisher(CompressedImage, 'image/compressed', 5)
    start('waymark_ros.nodes.image_encoder')
    said = 'image/compressed is there: set image_transport: compressed'
    assert camera.wait_for(lambda: said in camera.status.get('image_encoder', ('',))[0])
