# SPDX-License-Identifier: Apache-2.0
"""Encodings that are more than a view of the bytes (Bayer, YUV, ...): cv_bridge on robots, rosbags-image elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from waymark.errors import MessageError
from waymark.image.rosbags_image import decode_with_rosbags_image


def decode(msg: Image) -> NDArray[np.uint8]:
    """Convert to BGR uint8 (H, W, 3).

    Raises:
        MessageError: Neither library is installed, or the one that is does not know the encoding.
    """
    try:
        return _converter()(msg)
    except ImportError:
        raise MessageError(
            f'image encoding {msg.encoding!r} needs cv_bridge (apt install ros-jazzy-cv-bridge) or '
            '`pip install rosbags-image`; neither is installed.'
        ) from None


@lru_cache(maxsize=1)
def _converter() -> Callable[[Image], Any]:
    """Choose the library, once."""
    try:
        from cv_bridge import CvBridge
    except (ImportError, AttributeError):  # AttributeError: cv_bridge was built for another NumPy
        return decode_with_rosbags_image

    def convert(msg: Image) -> Any:
        try:
            return CvBridge().imgmsg_to_cv2(msg, 'bgr8')
        except Exception as error:  # noqa: BLE001 - a foreign library: whatever it raises, the image can't be used
            raise MessageError(f'image encoding {msg.encoding!r} can not be converted: {error}') from None

    return convert
