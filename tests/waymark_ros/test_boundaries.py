# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from rclpy.node import Node
from ros_camera import TestCamera, picture
from waymark_msgs.msg import SceneBoundary

from waymark.pipeline.place_recognition import PlaceRecognitionConfig
from waymark.places import PlacesConfig
from waymark.shots import Boundary, ShotsConfig
from waymark.types import Frame, Header
from waymark_ros.boundaries import BoundaryPublisher, boundary_to_msg


@pytest.mark.parametrize(('kind', 'number'), [('cut', 0), ('fade', 1), ('dissolve', 1)])
def test_a_message_says_where_the_new_shot_begins(kind, number):
    msg = boundary_to_msg(Boundary(kind, 9, Header(3_000_000_001, 'cam'), 4, 2_500_000_000, 0.75))
    assert (msg.kind, msg.score) == (number, pytest.approx(0.75))
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec, msg.header.frame_id) == (3, 1, 'cam')
    assert (msg.start_stamp.sec, msg.start_stamp.nanosec) == (2, 500_000_000)


class Offering(Node):
    """Publishes as ManagedNode does while it runs."""

    def publish_latest(self, publisher, msg):
        publisher.publish(msg)


def test_a_cut_is_published_once_with_the_stamp_of_its_frame(spinning):
    node, listener = spinning(Offering('offering')), spinning(TestCamera(name='hears_boundaries'))
    listener.listen(SceneBoundary, 'scene_boundary')
    boundaries = BoundaryPublisher(node, ShotsConfig(boundary_delay=4))
    assert listener.wait_for(lambda: listener.count_publishers('scene_boundary') > 0)
    for i in range(30):
        image = np.asarray(picture(1 if i < 15 else 2))
        boundaries.observe(Frame(Header(1_000_000_000 + i * 40_000_000, 'cam'), image))
    assert listener.wait_for(lambda: listener.heard['scene_boundary'])
    [msg] = listener.heard['scene_boundary']
    assert (msg.kind, msg.header.stamp.nanosec) == (SceneBoundary.CUT, 15 * 40_000_000)
    boundaries.reset()
    boundaries.observe(Frame(Header(1), np.asarray(picture(3))))
    assert len(listener.heard['scene_boundary']) == 1


def test_place_recognition_is_told_both_of_places_and_of_boundaries():
    config = PlaceRecognitionConfig(boundary_delay=5, min_inliers=30)
    assert isinstance(config, PlacesConfig)
    assert isinstance(config, ShotsConfig)
    assert (config.boundary_delay, config.min_inliers) == (5, 30)
