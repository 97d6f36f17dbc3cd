# SPDX-License-Identifier: Apache-2.0
"""The images that ego-motion gives: what moves by itself, and what stands out of the ground."""

from __future__ import annotations

from typing import Any

from sensor_msgs.msg import Image

from waymark.ego_motion import EgoMotion, EgoState
from waymark.masks.motion import motion_labels, motion_mask
from waymark.pipeline.ego_motion import EgoMotionNodeConfig
from waymark.types import Frame
from waymark_ros.conversions import frame_to_image
from waymark_ros.frames import Delivery
from waymark_ros.qos import IMAGES_OUT


class EgoImages:
    """Publishes `motion_mask` and `height` where somebody listens: in this process by reference, else over DDS."""

    def __init__(self, node: Any, config: EgoMotionNodeConfig) -> None:
        """Offer what the configuration asks for.

        Args:
            node: A VisionNode that is being configured.
            config: What is published, and what counts as motion.
        """
        self._node, self._config = node, config
        self._previous: Frame | None = None
        self._topic = node.resolve_topic_name('motion_mask')
        if config.publish_mask:
            self._mask = node.create_publisher(Image, 'motion_mask', IMAGES_OUT)
            node.hub.add_source(self._topic)
        if config.publish_height:
            self._height = node.create_publisher(Image, 'height', IMAGES_OUT)

    def publish(self, frame: Frame, state: EgoState, ego: EgoMotion) -> None:
        """Publish what an image shows against the one before."""
        before, self._previous = self._previous, frame
        if self._config.publish_mask and before is not None:
            self._publish_mask(before, frame, state)
        if self._config.publish_height and state.T_odom_base is not None and self._height.get_subscription_count():
            heights = ego.heights()
            if not isinstance(heights, str):
                self._node.publish_latest(self._height, frame_to_image(Frame(frame.header, heights, 'mono')))

    def _publish_mask(self, before: Frame, frame: Frame, state: EgoState) -> None:
        is_heard = self._mask.get_subscription_count() > 0
        if state.H_cur_prev is None or not (is_heard or self._node.hub.has_receivers(self._topic)):
            return
        labels = motion_labels(motion_mask(before.gray, frame.gray, state.H_cur_prev, self._config))
        mask = Frame(frame.header, labels, 'mono')
        self._node.hub.publish(self._topic, Delivery(lambda: mask))
        if is_heard:
            self._node.publish_latest(self._mask, frame_to_image(mask))

    def forget(self) -> None:
        """Take the next image as the first."""
        self._previous = None

    def destroy(self) -> None:
        """Take back what was offered in this process."""
        if self._config.publish_mask:
            self._node.hub.remove_source(self._topic)
