# SPDX-License-Identifier: Apache-2.0
"""A keyframe: one view that a map keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_dtype, require_shape
from waymark.image.features import Features
from waymark.maps.thumbnail import decode_thumbnail
from waymark.types import Header


@dataclass(frozen=True)
class MapPose:
    """Where a camera was: p_map = T_map_camera @ p_camera.

    Attributes:
        position_m: x, y, z of the camera in `map` (ENU), m.
        orientation_xyzw: Unit quaternion that turns the camera's optical axes (z forward) into those of `map`.
    """

    position_m: tuple[float, float, float]
    orientation_xyzw: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        values = (*self.position_m, *self.orientation_xyzw)
        if len(values) != 7 or not all(math.isfinite(v) for v in values):
            raise ValueError(f'pose: expected 3 + 4 finite numbers, got {values}')
        if abs(math.hypot(*self.orientation_xyzw) - 1) > 1e-3:
            raise ValueError(f'orientation_xyzw: expected a unit quaternion, got {self.orientation_xyzw}')


@dataclass(frozen=True, eq=False)
class Keyframe:
    """A view that the map keeps.

    Attributes:
        keyframe_id: Counts up in order of appearance; never used again once its keyframe is gone.
        header: Of its image.
        vector: (D,) float32, the image's embedding.
        features: Local features of its image.
        place_id: The keyframe that first showed this place: its own id, unless it was localized when kept.
        thumbnail_jpeg: A small JPEG of its image (see encode_thumbnail), None where none is kept.
        pose: Where the camera was in `map`, None where unknown.
        text_vector: (T,) float32, the image's embedding by an encoder that also takes texts, or None.
        labels: What it shows, in words.
        summary: What place recognition made of its image, packed (waymark.places.summary), so that opening a map needs
            no images; None where that was not done yet.
    """

    keyframe_id: int
    header: Header
    vector: NDArray[np.float32]
    features: Features
    place_id: int
    thumbnail_jpeg: bytes | None = None
    pose: MapPose | None = None
    text_vector: NDArray[np.float32] | None = None
    labels: tuple[str, ...] = ()
    summary: bytes | None = None

    def __post_init__(self) -> None:
        require_shape('vector', self.vector, ('D',))
        require_dtype('vector', self.vector, np.float32)
        if self.text_vector is not None:
            require_shape('text_vector', self.text_vector, ('T',))
            require_dtype('text_vector', self.text_vector, np.float32)

    @property
    def has_thumbnail(self) -> bool:
        """Whether there is one, without reading it."""
        return self.thumbnail_jpeg is not None

    @property
    def thumbnail(self) -> NDArray[np.uint8] | None:
        """(h, w, 3) uint8 RGB, decoded at each call; None where none is kept."""
        return None if self.thumbnail_jpeg is None else decode_thumbnail(self.thumbnail_jpeg)
