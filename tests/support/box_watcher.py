# SPDX-License-Identifier: Apache-2.0
"""Who sends drawn rectangles to obb_detector, and hears what it says of them."""

from __future__ import annotations

import math

import numpy as np
from ros_camera import TestCamera
from tests.support.rectangle_finder import draw
from vision_msgs.msg import Detection2DArray
from waymark_msgs.msg import OrientedTrackArray

from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image, time_to_ns

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
STEP_NS = 100_000_000
DETECTOR = 'obb_detector'


def shape(cx, cy, w, h, theta):
    """Corners of a rectangle whose side w runs from +x towards +y (down) by theta: clockwise on the screen."""
    along, across = np.array([math.cos(theta), math.sin(theta)]), np.array([-math.sin(theta), math.cos(theta)])
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
    return np.array([cx, cy]) + signs[:, :1] * w * along + signs[:, 1:] * h * across


def scene(*objects, size_wh=(320, 240)):
    rgb = np.full((size_wh[1], size_wh[0], 3), 40, np.uint8)
    for box, colour in objects:
        draw(rgb, shape(*box), colour)
    return rgb


class Watcher(TestCamera):
    """Sends images and hears what is said of them."""

    def __init__(self) -> None:
        super().__init__(name='watcher')
        self.stamp_ns = self.get_clock().now().nanoseconds - 3600 * 10**9
        for kind, topic in ((Detection2DArray, 'detections'), (OrientedTrackArray, 'tracks')):
            self.listen(kind, topic)

    def send_pixels(self, pixels, layout='rgb'):
        self.stamp_ns += STEP_NS
        self.image.publish(frame_to_image(Frame(Header(self.stamp_ns, 'cam'), pixels, layout)))

    def show(self, pixels, layout='rgb'):
        """The detections and tracks of one image."""
        self.send_pixels(pixels, layout)
        return self.answer('detections').detections, self.answer('tracks').tracks

    def answer(self, topic):
        def found():
            return [m for m in self.heard[topic] if time_to_ns(m.header.stamp) == self.stamp_ns]

        assert self.wait_for(found), (topic, self.status.get(DETECTOR))
        return found()[0]

    def marks(self):
        """The markers of the last image."""

        def found():
            return [m for m in self.heard['markers'] if time_to_ns(m.markers[0].header.stamp) == self.stamp_ns]

        assert self.wait_for(found)
        return found()[0].markers
