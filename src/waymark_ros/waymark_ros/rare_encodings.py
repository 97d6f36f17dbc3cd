# SPDX-License-Identifier: Apache-2.0
"""Image encodings that are more than a view of the bytes (Bayer, YUV, ...): cv_bridge on robots, rosbags-image elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from waymark.errors import MessageError


def decode(msg: Image) -> NDArray[np.uint8]:
    """Convert to BGR uint8 (H, W, 3).

    Raises:
        MessageError: Neither library is installed, or none knows the encoding.
    """
    try:
        convert = _converter()
    except ImportError:
        raise MessageError(
            f'image encoding {msg.encoding!r} needs cv_bridge (apt install ros-jazzy-cv-bridge) or '
            '`pip install rosbags-image`; neither is installed.'
        ) from None
    try:
        return convert(msg)
    except Exception as error:  # noqa: BLE001 - foreign code: whatever it raises, the message can't be used
        detail = ' '.join(str(error).split()) or type(error).__name__
        raise MessageError(f'image encoding {msg.encoding!r} can not be converted: {detail}') from error


def _converter():  # noqa: ANN202 - a callable (Image) -> BGR array
    try:
        from cv_bridge import CvBridge

        return lambda msg: CvBridge().imgmsg_to_cv2(msg, 'bgr8')
    except (ImportError, AttributeError):  # AttributeError: cv_bridge built for another NumPy ABI
        from rosbags.image import message_to_cvimage

        return lambda msg: message_to_cvimage(_NumpyData(msg), 'bgr8')


class _NumpyData:
    """A raw image whose data is an array, as rosbags-image expects it."""

    def __init__(self, msg: Image) -> None:
        self.__msgtype__ = 'sensor_msgs/msg/Image'
        self.header, self.height, self.width = msg.header, msg.height, msg.width
        self.encoding, self.is_bigendian, self.step = msg.encoding, msg.is_bigendian, msg.step
        self.data = np.frombuffer(msg.data, np.uint8)
