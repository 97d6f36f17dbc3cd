# SPDX-License-Identifier: Apache-2.0
"""What obb_detector draws: `markers` for viewers, and on request `overlay`, the image with the boxes in it."""

from __future__ import annotations

from typing import Any

from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from waymark.detected_pictures import drawn
from waymark.image.camera import CameraModel
from waymark.objects import Sighting
from waymark.pipeline.obb_detector import ObbDetectorConfig
from waymark.types import Frame
from waymark_ros.box_markers import markers
from waymark_ros.conversions import frame_to_image
from waymark_ros.frames import Delivery
from waymark_ros.qos import IMAGES_OUT, RESULTS


class BoxPictures:
    """Publishes where somebody listens: markers over DDS, the overlay in this process by reference too."""

    def __init__(self, node: Any, config: ObbDetectorConfig) -> None:
        """Offer what the configuration asks for.

        Args:
            node: A VisionNode that is being configured.
            config: What is drawn, and where.
        """
        self._node, self._depth_m = node, config.marker_depth_m
        self._topic = node.resolve_topic_name('overlay')
        self._markers = node.create_publisher(MarkerArray, 'markers', RESULTS)
        self._overlay = node.create_publisher(Image, 'overlay', IMAGES_OUT) if config.publish_overlay else None
        if self._overlay is not None:
            node.hub.add_source(self._topic)

    def publish(self, seen: Sighting, frame: Frame, camera: CameraModel | None, why_no_camera: str) -> None:
        """Draw what was seen in an image.

        Args:
            seen: The boxes.
            frame: The image.
            camera: Its calibration, where it is known.
            why_no_camera: Else why it is not, in words.
        """
        if self._markers.get_subscription_count():
            self._node.publish_latest(self._markers, markers(seen, frame, camera, self._depth_m))
        assumed = f'for a focal length of the width of the image, because {why_no_camera}'
        self._node.statistics.set('markers', assumed if why_no_camera else 'by the calibration of camera_info')
        if self._overlay is not None:
            self._publish_overlay(seen, frame)

    def _publish_overlay(self, seen: Sighting, frame: Frame) -> None:
        is_heard = self._overlay.get_subscription_count() > 0
        if is_heard or self._node.hub.has_receivers(self._topic):
            picture = Frame(frame.header, drawn(frame.rgb, seen.detections, seen.track_ids), 'rgb')
            self._node.hub.publish(self._topic, Delivery(lambda: picture))
            if is_heard:
                self._node.publish_latest(self._overlay, frame_to_image(picture))

    def destroy(self) -> None:
        """Take back what was offered in this process."""
        if self._overlay is not None:
            self._node.hub.remove_source(self._topic)
