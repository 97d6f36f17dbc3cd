# SPDX-License-Identifier: Apache-2.0
"""Features of a picture as it looks from the side: tilted views are simulated, and each is described by RootSIFT.

ASIFT (Morel and Yu, SIAM J. Imaging Sciences 2009): what a plane's picture loses by tilt can be simulated by
reducing it along one direction. RootSIFT (Arandjelovic and Zisserman, CVPR 2012) compares SIFT's histograms by
Hellinger's kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import image_corners, transform_points
from waymark.image.rectification import scaling

_TURN_DEG = 72.0  # between two directions at tilt 1; a tilt of t needs t times as many (ASIFT's choice)
_BORDER_PX = 8  # nearer to the border a descriptor sees what is no picture
_CONTRAST = 0.02  # half of SIFT's default: dim pictures have features too
_SMALLEST_PX = 32


@dataclass(frozen=True, eq=False)
class ViewFeatures:
    """Features of one view.

    Attributes:
        points_px: (N, 2) float64 pixels of the full-size picture.
        descriptors: (N, 128) float32, unit length.
    """

    points_px: NDArray[np.float64]
    descriptors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.points_px)


def describe_views(gray: NDArray[np.uint8], tilt: float, side_px: int, max_features: int) -> tuple[ViewFeatures, ...]:
    """Describe a picture as it looks at one tilt from all sides.

    Args:
        gray: (H, W) uint8.
        tilt: 1 for the picture as it is; 2 when seen from 60 degrees off its normal (1 / cos).
        side_px: Longer side that larger pictures are reduced to.
        max_features: Most features of the picture as it is; a view has fewer as it has fewer pixels.

    Returns:
        One for each direction; none for a picture too small to describe.
    """
    small_wh = _size(gray, side_px)
    if min(small_wh) < _SMALLEST_PX:
        return ()
    small = gray if small_wh == gray.shape[::-1] else cv2.resize(gray, small_wh, interpolation=cv2.INTER_AREA)
    to_full = scaling(small_wh, (gray.shape[1], gray.shape[0]))
    turns = np.radians(np.arange(0, 180, _TURN_DEG / tilt)) if tilt > 1 else [0.0]
    count = max(round(max_features / tilt), 16)
    return tuple(_described(np.asarray(small, np.uint8), tilt, float(turn), to_full, count) for turn in turns)


def _size(gray: NDArray[np.uint8], side_px: int) -> tuple[int, int]:
    factor = min(1.0, side_px / max(gray.shape))
    return max(round(gray.shape[1] * factor), 1), max(round(gray.shape[0] * factor), 1)


def _described(
    small: NDArray[np.uint8], tilt: float, turn: float, to_full: NDArray[np.float64], count: int
) -> ViewFeatures:
    view, to_view = _tilted(small, tilt, turn)
    # The detector doubles what it is given: no stub knows the factory.
    sift: Any = cv2.SIFT_create(nfeatures=count, contrastThreshold=_CONTRAST)  # type: ignore[attr-defined]
    keypoints, descriptors = sift.detectAndCompute(view, None)
    if descriptors is None or len(keypoints) == 0:
        return ViewFeatures(np.zeros((0, 2)), np.zeros((0, 128), np.float32))
    points = transform_points(np.linalg.inv(to_view), np.asarray(cv2.KeyPoint.convert(keypoints)).reshape(-1, 2))
    far = np.array(small.shape[::-1]) - 1.0 - _BORDER_PX
    inside = ((points >= _BORDER_PX) & (points <= far)).all(axis=1)
    root = np.sqrt(descriptors[inside] / np.maximum(descriptors[inside].sum(axis=1, keepdims=True), 1e-6))
    return ViewFeatures(transform_points(to_full, points[inside]), np.asarray(root, np.float32))


def _tilted(small: NDArray[np.uint8], tilt: float, turn: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Turn a picture and reduce it across: the view, and the (3, 3) affine map from picture px to view px."""
    if tilt == 1:
        return small, np.eye(3)
    c, s = np.cos(turn), np.sin(turn)
    R = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    corners = transform_points(R, image_corners((small.shape[1], small.shape[0])))
    R[:2, 2] = -corners.min(axis=0)
    width, height = (int(v) for v in np.ceil(np.ptp(corners, axis=0)) + 1)
    narrow = max(round(width / tilt), 1)
    turned = cv2.warpAffine(small, R[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # ASIFT's blur: what the tilt takes away must not alias.
    smooth = cv2.GaussianBlur(turned, (0, 0), sigmaX=0.8 * np.sqrt(tilt * tilt - 1), sigmaY=0.01)
    view = cv2.resize(smooth, (narrow, height), interpolation=cv2.INTER_NEAREST)
    # Nearest: pixel x of the view is pixel floor(x * width / narrow) of the turned picture, on average half less.
    across = np.array([[narrow / width, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    return np.asarray(view, np.uint8), across @ R
