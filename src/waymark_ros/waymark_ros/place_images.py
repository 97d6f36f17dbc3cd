# SPDX-License-Identifier: Apache-2.0
"""Images and their embeddings on the way into the map."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from waymark_msgs.msg import Embedding

from waymark.image.features import Features, detect
from waymark.masks.alignment import Plane
from waymark.places import LiveMap, PlacesConfig, warm_up
from waymark.types import Frame
from waymark_ros.conversions import time_to_ns
from waymark_ros.frames import Inbox
from waymark_ros.pairing import StampPairs
from waymark_ros.realtime import shorten_pauses

IMAGES_KEPT = 30


def ready_map(config: PlacesConfig, progress: Callable[[str, float], None]) -> LiveMap:
    """Open the map, or start with an empty one, so that no image waits later for what can be done now.

    Args:
        config: Names the map's file.
        progress: Told the stage and how far it is (0..1).

    Raises:
        MapError: The file is damaged, no map, or another process writes it.
        ConfigError: Parameters that do not go together.
    """
    warm_up(config)
    live_map = LiveMap(config, progress)
    shorten_pauses()  # looking through ten thousand keyframes for garbage took 70 ms
    return live_map


@dataclass(eq=False)
class PlaceImage:
    """An image that waits for its embedding.

    Attributes:
        frame: The image.
        received_ns: When it came, steady time.
        moving: (h, w) float32 0..1, what moves in it; None when no mask came.
        features: Its local features, where there was time to find them already.
    """

    frame: Frame
    received_ns: int = field(default_factory=time.monotonic_ns)
    moving: Plane | None = None
    features: Features | None = None


class PlaceImages:
    """Brings each image and its embedding together. While the encoder works on an image, its features are found."""

    def __init__(self, config: PlacesConfig, inbox: Inbox) -> None:
        """Start with none.

        Args:
            config: Of the local features.
            inbox: Where images and embeddings wait (lanes `image`, `embedding`): what waits goes first.
        """
        self._config, self._inbox = config, inbox
        self._pairs: StampPairs[PlaceImage, Embedding] = StampPairs(IMAGES_KEPT)
        self._has_encoder = False  # an embedding has come since the last image that was looked at in advance

    @property
    def unpaired(self) -> int:
        """Images and embeddings whose other half never came."""
        return self._pairs.unpaired

    def add_image(self, image: PlaceImage) -> tuple[PlaceImage, Embedding] | None:
        """Take an image; returns the pair when its embedding waits already."""
        pair = self._pairs.add_first(image.frame.header.stamp_ns, image)
        if pair is None and self._has_encoder and not any(map(self._inbox.waiting, ('image', 'embedding'))):
            self._has_encoder = False
            image.features = detect(image.frame.gray, self._config)
        return pair

    def add_embedding(self, msg: Embedding) -> tuple[PlaceImage, Embedding] | None:
        """Take an embedding; returns the pair when the image with exactly this stamp waits."""
        self._has_encoder = True
        return self._pairs.add_second(time_to_ns(msg.header.stamp), msg)

    def clear(self) -> None:
        """Forget all that waits."""
        self._pairs.clear()
