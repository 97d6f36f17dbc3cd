# SPDX-License-Identifier: Apache-2.0
"""Small pictures of keyframes: kept as JPEG, in memory too, so that ten thousand of them fit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_rgb
from waymark.errors import MapError, MessageError
from waymark.image.codec import decode_compressed, encode_jpeg

LONGEST_SIDE_PX = 320
_QUALITY = 85


def encode_thumbnail(rgb: NDArray[np.uint8]) -> bytes:
    """Shrink an image for a map; 0.3 to 1 ms.

    Args:
        rgb: (H, W, 3) uint8; images that are small already keep their size.

    Returns:
        JPEG whose longer side is at most 320 px.
    """
    require_rgb('rgb', rgb)
    height, width = rgb.shape[:2]
    factor = LONGEST_SIDE_PX / max(height, width)
    if factor < 1:
        size_wh = (max(round(width * factor), 1), max(round(height * factor), 1))
        rgb = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(rgb, _QUALITY)


def decode_thumbnail(jpeg: bytes) -> NDArray[np.uint8]:
    """Decode a thumbnail to (h, w, 3) uint8 RGB.

    Raises:
        MapError: It is not a whole JPEG.
    """
    try:
        pixels, _ = decode_compressed('jpeg', jpeg)
    except MessageError as error:
        raise MapError(f'a thumbnail of the map can not be shown: {error} Run waymark map check.') from None
    code = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)
