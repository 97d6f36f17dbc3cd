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


K = [300.0, 0.0, 160.0, 0.0, 300.0, 120.0, 0.0, 0.0, 1.0]


class Cameras:
    """Publishes a picture on every topic but /silent/image_raw."""

    def __init__(self, node):
        from rclpy.qos import qos_profile_sensor_data
        from sensor_msgs.msg import CameraInfo, CompressedImage, Image

        self.now = node.get_clock().now
        pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        raw = {'height': HEIGHT, 'width': WIDTH, 'encoding': 'rgb8', 'step': WIDTH * 3}
        jpeg = cv2.imencode('.jpg', pixels)[1].tobytes()
        self.messages = {
            '/good/image_raw': Image(**raw, data=pixels.tobytes()),
            '/zero/image_raw': Image(**raw, data=pixels.tobytes()),
            '/short/image_raw': Image(**raw, data=bytes(100)),
            '/jpeg/image_raw/compressed': CompressedImage(format='jpeg', data=jpeg),
            '/good/camera_info': CameraInfo(width=WIDTH, height=HEIGHT, k=K),
            '/short/camera_info': CameraInfo(width=WIDTH // 2, height=HEIGHT // 2, k=K),
        }
        self.publishers = {
            topic: node.create_publisher(type(message), topic, qos_profile_sensor_data)
            for topic, message in self.messages.items()
        }
        self.silent = node.create_publisher(Image, '/silent/image_raw', qos_profile_sensor_data)

    def publish(self):
        for topic, message in self.messages.items():
            if topic != '/zero/image_raw':
                message.header.stamp = self.now().to_msg()
            self.publishers[topic].publish(message)


def main() -> None:
    prepare_ros()
    import rclpy

    rclpy.init()
    node = rclpy.create_node(f'live_cameras_{os.getpid()}')
    node.create_timer(1 / RATE_HZ, Cameras(node).publish)
    print('ready', flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        rclpy.spin_once(node, timeout_sec=0.1)
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
