# SPDX-License-Identifier: Apache-2.0
"""RootSIFT that keeps each feature's own scale and direction: one match is then a whole similarity, and can vote.

Lowe, Distinctive image features from scale-invariant keypoints, IJCV 2004 (section 7); Arandjelovic and Zisserman,
Three things everyone should know to improve object retrieval, CVPR 2012 (RootSIFT).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_dtype, require_gray, require_shape
from waymark.image.features import Features

DESCRIPTOR_BYTES = 130  # 128 of RootSIFT, one for the direction, one for the scale
_CONTRAST = 0.02  # half of SIFT's default: dim pictures have features too
_SMALLEST_PX = 32
_ROOT_UNIT = 512.0  # of the square root of a share, so that it fits a byte
_SCALE_STEPS = 16.0  # per octave
_SCALE_ZERO = 64.0


@dataclass(frozen=True, eq=False)
class LocalFeatures:
    """Local features of a picture.

    Attributes:
        points_px: (N, 2) float64 pixels (x, y).
        scales_px: (N,) float64 diameter of each feature, px.
        turns_rad: (N,) float64 direction of each, from +x towards +y.
        descriptors: (N, 128) uint8 RootSIFT, lengths about 512.
    """

    points_px: NDArray[np.float64]
    scales_px: NDArray[np.float64]
    turns_rad: NDArray[np.float64]
    descriptors: NDArray[np.uint8]

    def __post_init__(self) -> None:
        require_shape('points_px', self.points_px, ('N', 2))
        require_shape('scales_px', self.scales_px, (len(self.points_px),))
        require_shape('turns_rad', self.turns_rad, (len(self.points_px),))
        require_shape('descriptors', self.descriptors, (len(self.points_px), 128))
        require_dtype('descriptors', self.descriptors, np.uint8)

    def __len__(self) -> int:
        return len(self.points_px)

    @classmethod
    def none(cls) -> LocalFeatures:
        """Of a picture without any."""
        return cls(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros((0, 128), np.uint8))

    def chosen(self, which: NDArray[Any]) -> LocalFeatures:
        """Those of an index or mask."""
        return LocalFeatures(
            self.points_px[which], self.scales_px[which], self.turns_rad[which], self.descriptors[which]
        )

    def placed(self, scale: float, offset_px: NDArray[np.floating] | tuple[float, float]) -> LocalFeatures:
        """The same in another picture's pixels: p' = scale * (p + 0.5) - 0.5 + offset."""
        points = scale * (self.points_px + 0.5) - 0.5 + np.asarray(offset_px, np.float64)
        return LocalFeatures(points, scale * self.scales_px, self.turns_rad, self.descriptors)


def joined(parts: list[LocalFeatures]) -> LocalFeatures:
    """All of them, in order."""
    if not parts:
        return LocalFeatures.none()
    return LocalFeatures(
        np.concatenate([p.points_px for p in parts]),
        np.concatenate([p.scales_px for p in parts]),
        np.concatenate([p.turns_rad for p in parts]),
        np.concatenate([p.descriptors for p in parts]),
    )


def find_features(gray: NDArray[np.uint8], most: int, mask: NDArray[np.bool_] | None = None) -> LocalFeatures:
    """Find and describe local features.

    Args:
        gray: (H, W) uint8.
        most: The strongest are kept.
        mask: (H, W), False where a picture shows nothing; None: all counts.

    Returns:
        None of them for a picture without texture or smaller than 32 px.

    Raises:
        ValueError: Not such an image, or a mask of another size.
    """
    require_gray('gray', gray)
    if mask is not None:
        require_shape('mask', mask, gray.shape)
    if min(gray.shape) < _SMALLEST_PX:
        return LocalFeatures.none()
    sift: Any = cv2.SIFT_create(nfeatures=most, contrastThreshold=_CONTRAST)  # type: ignore[attr-defined]
    allowed = None if mask is None else mask.astype(np.uint8)
    keypoints, descriptors = sift.detectAndCompute(gray, allowed)
    if descriptors is None or len(keypoints) == 0:
        return LocalFeatures.none()
    root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return LocalFeatures(
        np.asarray(cv2.KeyPoint.convert(keypoints), np.float64).reshape(-1, 2),
        np.array([k.size for k in keypoints], np.float64),
        np.radians([k.angle for k in keypoints]),
        np.asarray(np.minimum(np.rint(_ROOT_UNIT * root), 255), np.uint8),
    )


def to_stored(features: LocalFeatures, size_wh: tuple[int, int]) -> Features:
    """As a map keeps them: direction to 1.4 degrees and scale to 4 percent, in two bytes after the descriptor."""
    turns = np.rint(features.turns_rad / (2 * np.pi) * 256).astype(np.int64) % 256
    steps = np.rint(_SCALE_STEPS * np.log2(np.maximum(features.scales_px, 1e-3)) + _SCALE_ZERO)
    extra = np.column_stack([turns, np.clip(steps, 0, 255)]).astype(np.uint8)
    return Features(features.points_px.astype(np.float32), np.hstack([features.descriptors, extra]), size_wh)


def from_stored(features: Features) -> LocalFeatures:
    """The inverse of to_stored.

    Raises:
        ValueError: They are of another kind.
    """
    require_shape('descriptors', features.descriptors, ('N', DESCRIPTOR_BYTES))
    turns, steps = features.descriptors[:, 128].astype(np.float64), features.descriptors[:, 129].astype(np.float64)
    return LocalFeatures(
        features.keypoints.astype(np.float64),
        2 ** ((steps - _SCALE_ZERO) / _SCALE_STEPS),
        turns * (2 * np.pi / 256),
        features.descriptors[:, :128],
    )
