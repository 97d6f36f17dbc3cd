# SPDX-License-Identifier: Apache-2.0
"""Where there is something to see: the standard deviation of brightness around each pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.masks.gray import gray_of

FULL_DEVIATION = 32.0  # grey levels; the most there can be is 127.5, half black and half white


def local_deviation(image: NDArray[np.uint8], size_px: int = 15) -> NDArray[np.float32]:
    """Standard deviation (1/n) of brightness in the square around each pixel.

    Args:
        image: (H, W) or RGB (H, W, 3), uint8; at the border it is mirrored, the last pixel included.
        size_px: Side of the square, odd.

    Returns:
        (H, W), grey levels, 0 to 127.5.

    Raises:
        ValueError: Not such an image, or an even side.
    """
    if size_px < 1 or size_px % 2 == 0:
        raise ValueError(f'size_px: expected an odd number, got {size_px}')
    gray = gray_of('image', image)
    # Sums of whole numbers in float64 are exact, so that an even area has exactly none.
    total, squares = (
        np.asarray(sums(gray, cv2.CV_64F, (size_px, size_px), normalize=False, borderType=cv2.BORDER_REFLECT))
        for sums in (cv2.boxFilter, cv2.sqrBoxFilter)
    )
    count = size_px**2
    return np.asarray(np.sqrt(count * squares - total * total) / count, np.float32)


def contrast_mask(image: NDArray[np.uint8], size_px: int = 15, full: float = FULL_DEVIATION) -> NDArray[np.float32]:
    """Where there is something to see: the local deviation of brightness, 1 from `full` on.

    Args:
        image: (H, W) or RGB (H, W, 3), uint8.
        size_px: Side of the square that is looked at around each pixel, odd.
        full: Deviation that counts fully, grey levels.

    Returns:
        (H, W), 0 to 1.

    Raises:
        ValueError: Not such an image, an even side, or `full` not above 0.
    """
    if not full > 0:
        raise ValueError(f'full: expected a number above 0, got {full}')
    return np.asarray(np.minimum(local_deviation(image, size_px) / full, 1), np.float32)
