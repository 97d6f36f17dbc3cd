# SPDX-License-Identifier: Apache-2.0
"""What obb_detector publishes of each image: boxes, tracks, and pictures of them; and which classes there are."""

from __future__ import annotations

from typing import Any

from vision_msgs.msg import Detection2DArray, LabelInfo
from waymark_msgs.msg import OrientedTrackArray

from waymark.objects import Sighting
from waymark.pipeline.obb_detector import ObbDetectorConfig
from waymark.types import Frame, Header
from waymark_ros.box_pictures import BoxPictures
from waymark_ros.detection_conversions import detections_to_msg, object_labels_to_msg, tracks_to_msg
from waymark_ros.qos import LATCHED, RESULTS


class BoxOutputs:
    """The publishers of the node while it is configured."""

    def __init__(self, node: Any, config: ObbDetectorConfig) -> None:
        """Offer the topics.

        Args:
            node: A VisionNode that is being configured.
            config: What is published.
        """
        self._node, self._threshold = node, config.confidence
        self._detections = node.create_publisher(Detection2DArray, 'detections', RESULTS)
        self._tracks = node.create_publisher(OrientedTrackArray, 'tracks', RESULTS) if config.follow else None
        self._labels = node.create_publisher(LabelInfo, 'labels', LATCHED)
        self._pictures = BoxPictures(node, config)

    def publish(self, seen: Sighting, frame: Frame) -> None:
        """Publish what was seen in an image, with its header."""
        node, header = self._node, frame.header
        node.publish_latest(self._detections, detections_to_msg(seen, header))
        if self._tracks is not None:
            node.publish_latest(self._tracks, tracks_to_msg(seen.tracks, header))
        self._pictures.publish(seen, frame, node.camera_of(frame), node.why_no_camera(frame))

    def publish_labels(self, labels: tuple[str, ...]) -> None:
        """Say which classes there are, for who comes late too."""
        now = Header(self._node.get_clock().now().nanoseconds)
        self._labels.publish(object_labels_to_msg(labels, self._threshold, now))

    def destroy(self) -> None:
        """Take back what was offered in this process."""
        self._pictures.destroy()
