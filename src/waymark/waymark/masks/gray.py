# SPDX-License-Identifier: Apache-2.0
"""The images that masks are made from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_rgb


def gray_of(name: str, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray (H, W) of a gray (H, W) or RGB (H, W, 3) uint8 image.

    Raises:
        ValueError: Neither of these, or empty.
    """
    if image.ndim == 2:
        require_gray(name, image)
        return image
    require_rgb(name, image)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
