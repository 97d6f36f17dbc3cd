# SPDX-License-Identifier: Apache-2.0
"""A process of camera drivers, good and bad, for tests; ends with its standard input."""

from __future__ import annotations

import os
import select
import sys

import cv2
import numpy as np

from waymark.environment import prepare_ros

RATE_HZ = 20.0
WIDTH, HEIGHT = 320, 240


def main() -> None:
    prepare_ros()
    import rclpy
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import CameraInfo, CompressedImage, Image

    rclpy.init()
    node = rclpy.create_node(f'live_cameras_{os.getpid()}')

    def publisher(kind, topic):
        return node.create_publisher(kind, topic, qos_profile_sensor_data)

    good, zero = publisher(Image, '/good/image_raw'), publisher(Image, '/zero/image_raw')
    short, silent = publisher(Image, '/short/image_raw'), publisher(Image, '/silent/image_raw')
    jpeg = publisher(CompressedImage, '/jpeg/image_raw/compressed')
    good_info, small_info = (
        publisher(CameraInfo, '/good/camera_info'),
        publisher(CameraInfo, '/short/camera_info'),
    )
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    coded = cv2.imencode('.jpg', pixels)[1].tobytes()
    k = [300.0, 0.0, 160.0, 0.0, 300.0, 120.0, 0.0, 0.0, 1.0]

    def publish():
        image = Image(height=HEIGHT, width=WIDTH, encoding='rgb8', step=WIDTH * 3, data=pixels.tobytes())
        zero.publish(image)
        image.header.stamp = stamp = node.get_clock().now().to_msg()
        good.publish(image)
        image.data = image.data[:100]
        short.publish(image)
        message = CompressedImage(format='jpeg', data=coded)
        message.header.stamp = stamp
        jpeg.publish(message)
        good_info.publish(CameraInfo(width=WIDTH, height=HEIGHT, k=k))
        small_info.publish(CameraInfo(width=WIDTH // 2, height=HEIGHT // 2, k=k))

    node.create_timer(1 / RATE_HZ, publish)
    print('ready', flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        rclpy.spin_once(node, timeout_sec=0.1)
    silent.topic_name  # noqa: B018 - kept until here: it advertises and never sends
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
