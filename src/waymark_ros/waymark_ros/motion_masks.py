# SPDX-License-Identifier: Apache-2.0
"""What moves by itself, for the nodes that leave it out: images wait a moment for the mask with their stamp."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import MessageError
from waymark.pipeline.motion_masks import MotionMaskInputConfig
from waymark.types import Frame
from waymark_ros.frames import Delivery
from waymark_ros.pairing import OptionalPairs

TOPIC = 'motion_mask'
WAITING = 30  # images: a second of them

Received = tuple[Frame, int]  # an image, and when it came (steady, ns)
Masked = tuple[Received, Frame | None]


class MotionMasks:
    """Listens while the node is active; the worker asks."""

    def __init__(self, node: Any, config: MotionMaskInputConfig) -> None:
        """Subscribe to `motion_mask`: in this process by reference, else over DDS.

        Args:
            node: A VisionNode that is being activated; its `hand_on` takes the images that have waited.
            config: How long they wait.
        """
        self._node, self._topic = node, node.resolve_topic_name(TOPIC)
        self._pairs: OptionalPairs[Received, Frame] = OptionalPairs(config.mask_wait_s, WAITING)
        inbox = node.inbox
        inbox.add_lane(TOPIC, WAITING, self._on_mask, is_first=True)
        node.hub.subscribe(node, self._topic, lambda d: inbox.deposit(TOPIC, d), WAITING, 'raw')

    def add(self, frame: Frame, received_ns: int) -> list[Masked]:
        """Let an image wait; returns those whose waiting is over."""
        return self._told(self._pairs.add_first(frame.header.stamp_ns, (frame, received_ns)))

    def due(self) -> list[Masked]:
        """Those whose time is up."""
        return self._told(self._pairs.due())

    def clear(self) -> list[Masked]:
        """Stamps start anew: those that wait, which go on as they are."""
        return self._told(self._pairs.clear())

    def patience_s(self, longest_s: float) -> float:
        """How long nothing needs to be done."""
        patience_s = self._pairs.patience_s()
        return longest_s if patience_s is None else min(patience_s, longest_s)

    def destroy(self) -> None:
        """Stop listening."""
        self._node.hub.unsubscribe(self._node, self._topic)

    def _on_mask(self, delivery: Delivery) -> None:
        with self._node.guard(TOPIC):
            mask = delivery.frame()
            if mask.layout != 'mono' or mask.pixels.dtype != np.uint8:
                raise MessageError(f'{self._topic}: expected mono8, got {mask.layout} of {mask.pixels.dtype}.')
            self._node.hand_on(self._told(self._pairs.add_second(mask.header.stamp_ns, mask)))

    def _told(self, leaving: list[Masked]) -> list[Masked]:
        """Count in the diagnostics."""
        tell = self._node.statistics.set
        tell('images_with_mask', self._pairs.paired)
        tell('images_without_mask', self._pairs.alone)
        tell('waits_for_mask', 'yes' if self._pairs.is_answered else f'no: nothing comes on {self._topic}')
        return leaving


def moving_of(mask: Frame, frame: Frame) -> NDArray[np.float32]:
    """What moves in an image, (H, W) 0 to 1, by its mask.

    Raises:
        MessageError: The mask has another size than the image.
    """
    if mask.size_wh != frame.size_wh:
        raise MessageError(
            f'{TOPIC} is {mask.size_wh[0]}x{mask.size_wh[1]} px, the image {frame.size_wh[0]}x{frame.size_wh[1]} px. '
            'Let ego_motion see the same images.'
        )
    return np.asarray(mask.pixels, np.float32) / np.float32(255.0)
