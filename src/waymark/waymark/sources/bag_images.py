# SPDX-License-Identifier: Apache-2.0
"""From a recorded message's bytes to a frame or a camera model, without ROS."""

from __future__ import annotations

import functools
from typing import Any

from numpy.typing import NDArray
from rosbags.typesys import Stores, get_typestore

from waymark.errors import MessageError
from waymark.image.camera import CameraModel
from waymark.image.codec import UnsupportedEncoding, decode_compressed, decode_raw
from waymark.image.rosbags_image import decode_with_rosbags_image
from waymark.sources.camera_info import camera_model
from waymark.types import NANOSECONDS, Frame, Header

RAW = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'


def decode_image(cdr: bytes, type_name: str, frame_id: str) -> Frame:
    """Decode one recorded image.

    Args:
        cdr: The serialized message.
        type_name: RAW or COMPRESSED.
        frame_id: For headers that have none.

    Returns:
        The frame with the header of its message; a stamp of 0 stays 0.

    Raises:
        MessageError: The message or its image can't be used.
    """
    message = deserialize(cdr, type_name)
    if type_name == COMPRESSED:
        pixels, layout = decode_compressed(message.format, message.data)
    else:
        pixels, layout = _decode_raw(message)
    stamp_ns = message.header.stamp.sec * NANOSECONDS + message.header.stamp.nanosec
    return Frame(Header(stamp_ns, message.header.frame_id or frame_id), pixels, layout)


def decode_camera_info(cdr: bytes) -> CameraModel:
    """Decode one recorded camera_info.

    Raises:
        MessageError: The message can't be read.
        ConfigError: A lens model that is not supported.
    """
    message = deserialize(cdr, CAMERA_INFO)
    try:
        return camera_model((message.width, message.height), message.k, message.d, message.distortion_model)
    except ValueError as error:
        raise MessageError(f'camera_info is not usable: {error}.') from None


@functools.cache
def _typestore() -> Any:
    return get_typestore(Stores.ROS2_JAZZY)


def deserialize(cdr: bytes, type_name: str) -> Any:
    """Read one recorded message of any type that ROS itself has.

    Raises:
        MessageError: The bytes are no such message.
    """
    try:
        return _typestore().deserialize_cdr(cdr, type_name)
    except Exception as error:  # rosbags generates its readers: what a short buffer raises depends on the field
        raise MessageError(f'a {type_name} of {len(cdr)} bytes is not serialized as its type says ({error}).') from None


def _decode_raw(message: Any) -> tuple[NDArray[Any], str]:
    fields = (message.height, message.width, message.encoding, bool(message.is_bigendian), message.step)
    try:
        return decode_raw(*fields, message.data)
    except UnsupportedEncoding:
        try:
            return decode_with_rosbags_image(message), 'bgr'
        except ImportError:
            raise UnsupportedEncoding(
                f'image encoding {message.encoding!r} needs rosbags-image: pip install rosbags-image.'
            ) from None
