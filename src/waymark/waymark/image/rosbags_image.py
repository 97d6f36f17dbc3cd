# SPDX-License-Identifier: Apache-2.0
"""Encodings that are more than a view of the bytes (Bayer, YUV, ...), through the rosbags-image library."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.image.codec import UnsupportedEncoding


def decode_with_rosbags_image(message: Any) -> NDArray[np.uint8]:
    """Convert a raw image to BGR.

    Args:
        message: Anything with the fields of sensor_msgs/Image.

    Returns:
        BGR uint8 (H, W, 3).

    Raises:
        ImportError: rosbags-image is not installed.
        UnsupportedEncoding: It does not know the encoding, or the data does not fit it.
    """
    from rosbags.image import image_to_cvimage

    try:
        packed: Any = _Packed(message)
        return np.ascontiguousarray(image_to_cvimage(packed, 'bgr8'), np.uint8)
    except Exception as error:  # a foreign library: whatever it raises, the image can't be used
        detail = ' '.join(str(error).split()) or type(error).__name__
        raise UnsupportedEncoding(f'image encoding {message.encoding!r} can not be converted: {detail}.') from None


class _Packed:
    """A raw image whose rows follow each other: rosbags-image takes `step` to be the width."""

    def __init__(self, message: Any) -> None:
        from rosbags.image.image import to_cvtype

        self.encoding, self.is_bigendian = message.encoding, bool(message.is_bigendian)
        self.height, self.width = message.height, message.width
        _, _, dtype, channels = to_cvtype(message.encoding)
        used = message.width * channels * np.dtype(dtype).itemsize
        data = np.frombuffer(message.data, np.uint8)
        if used != message.step:
            data = data[: message.height * message.step].reshape(message.height, -1)[:, :used].reshape(-1)
        self.data = np.ascontiguousarray(data)
