# SPDX-License-Identifier: Apache-2.0
"""Cut an oriented box out of an image, as little turned as can be."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes import as_boxes
from waymark.checks import require_rgb

MARGIN = 0.15  # of each side, all around: what an object stands on tells of it too
LONGEST_PX = 640
_GRAY = (127, 127, 127)


def crop(rgb: NDArray[np.uint8], box: ArrayLike) -> NDArray[np.uint8]:
    """A square picture of one box: turned by 45 degrees at most, so that up stays up, gray where the box is not.

    Args:
        rgb: (H, W, 3) uint8.
        box: (5,) cx, cy, w, h in px, theta in rad; it may reach beyond the image.

    Returns:
        (S, S, 3) uint8, in the image's scale unless that would make it larger than 640 px.

    Raises:
        ValueError: `rgb` is no image, or the box is not five finite numbers.
    """
    require_rgb('rgb', rgb)
    cx, cy, w, h, theta = as_boxes('box', box).tolist()
    quarters = round(theta / (np.pi / 2))
    theta -= quarters * np.pi / 2
    if quarters % 2:
        w, h = h, w
    scale = min(1.0, LONGEST_PX / max(w, h, 1.0) / (1 + 2 * MARGIN))
    width, height = (max(round(s * (1 + 2 * MARGIN) * scale), 1) for s in (w, h))
    cos, sin = np.cos(theta) / scale, np.sin(theta) / scale
    # From pixels of the crop to those of the image: its centre is the box's, its x axis runs along theta.
    A = np.array([[cos, -sin, cx], [sin, cos, cy]])
    A[:, 2] -= A[:, :2] @ [(width - 1) / 2, (height - 1) / 2]
    flags = (cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(rgb, A, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=_GRAY)
    side = max(width, height)
    square = np.full((side, side, 3), _GRAY, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = cut
    return square
