# SPDX-License-Identifier: Apache-2.0
"""Faint texture made visible: noise taken off, contrast stretched around the mean of the surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray

_AROUND = 5  # surroundings whose mean stays grey: this share of the longer side, 1 / _AROUND
_GREY = 128.0


def stretched(gray: NDArray[np.uint8], smooth_px: float, stretch: float) -> NDArray[np.uint8]:
    """Stretch the contrast of an image for corner detectors, whose threshold is a number of grey levels.

    Concrete, sand and grass differ by less than the noise of the camera: without it, and stretched, they have corners.
    In floats, as the steps of 8-bit smoothing would become edges.

    Args:
        gray: (H, W) uint8.
        smooth_px: Standard deviation of the Gaussian that takes the noise off, px; 0: none.
        stretch: Factor on the difference to the mean of the surroundings; 1: the image stays as it is.

    Returns:
        (H, W) uint8, the mean of the surroundings at 128.

    Raises:
        ValueError: `gray` is not a non-empty gray uint8 image.
    """
    require_gray('gray', gray)
    if stretch == 1.0:
        return gray
    values = gray.astype(np.float32)
    if smooth_px > 0:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), smooth_px), np.float32)
    side = max(gray.shape) // _AROUND | 1
    around = np.asarray(cv2.blur(values, (side, side)), np.float32)
    return np.asarray(np.clip(np.rint(_GREY + stretch * (values - around)), 0, 255), np.uint8)
