# SPDX-License-Identifier: Apache-2.0
"""Pictures of the ground from files: any depth up to 16 bits, transparency kept, turned as EXIF says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_JPEG = b'\xff\xd8'


def read_ground_file(path: Path) -> NDArray[np.uint8] | None:
    """Read one.

    Returns:
        (H, W), or (H, W, 3) BGR, or (H, W, 4) BGRA; None where the file is no picture of 8 or 16 bits.
    """
    try:
        with path.open('rb') as file:
            is_jpeg = file.read(2) == _JPEG
        # OpenCV keeps transparency only where it does not turn; a JPEG has none, and is what cameras turn by EXIF.
        flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if is_jpeg else cv2.IMREAD_UNCHANGED
        image = cv2.imread(str(path), flags)
    except (OSError, cv2.error):  # it may not be read, or its header asks for an absurd size
        return None
    if image is None or image.dtype not in (np.uint8, np.uint16) or image.ndim not in (2, 3):
        return None
    return np.asarray(image if image.dtype == np.uint8 else to_8_bits(np.asarray(image, np.uint16)), np.uint8)


def to_8_bits(image: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Brightness of 9 to 16 bits, whichever holds the largest: satellites say 11 or 12 bits in files of 16.

    Args:
        image: (H, W), (H, W, 3) or (H, W, 4); a fourth channel is transparency, of 16 bits.
    """
    colour = image[:, :, :3] if image.ndim == 3 else image
    bits = max(int(colour.max(initial=0)).bit_length(), 8)
    scaled = np.asarray(colour.astype(np.uint32) * 255 // (2**bits - 1), np.uint8)
    if image.ndim == 2 or image.shape[2] < 4:
        return scaled
    return np.asarray(np.dstack([scaled, image[:, :, 3] // 257]), np.uint8)
