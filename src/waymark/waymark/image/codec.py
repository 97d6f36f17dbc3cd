# SPDX-License-Identifier: Apache-2.0
"""Pixels to and from the bytes of sensor_msgs/Image and CompressedImage: no ROS, no copy where possible.

Only what a NumPy view or one OpenCV call can read is here. Bayer, YUV and the like raise
UnsupportedEncoding: the ROS layer then asks cv_bridge, or rosbags-image where that is what is installed.
"""

from __future__ import annotations

import re
import sys
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_dtype
from waymark.errors import MessageError
from waymark.types import Frame


class UnsupportedEncoding(MessageError):  # noqa: N818 - the name the ROS layer catches
    """An encoding that ROS knows and this codec does not (Bayer, YUV, 64FC1, compressedDepth)."""


class PixelFormat(NamedTuple):
    """How one encoding lays out a pixel, and which layout of Frame it becomes."""

    dtype: type[np.generic]
    channels: int
    layout: str
    drop_alpha: int | None = None  # cv2 colour code


# ROS does not say the order of channels of 8UC3 and 16UC3; cv_bridge and OpenCV take them as BGR, so do we.
ENCODINGS = {
    'mono8': PixelFormat(np.uint8, 1, 'mono'),
    '8UC1': PixelFormat(np.uint8, 1, 'mono'),
    'bgr8': PixelFormat(np.uint8, 3, 'bgr'),
    '8UC3': PixelFormat(np.uint8, 3, 'bgr'),
    'rgb8': PixelFormat(np.uint8, 3, 'rgb'),
    'bgra8': PixelFormat(np.uint8, 4, 'bgr', cv2.COLOR_BGRA2BGR),
    '8UC4': PixelFormat(np.uint8, 4, 'bgr', cv2.COLOR_BGRA2BGR),
    'rgba8': PixelFormat(np.uint8, 4, 'rgb', cv2.COLOR_RGBA2RGB),
    'mono16': PixelFormat(np.uint16, 1, 'mono'),
    '16UC1': PixelFormat(np.uint16, 1, 'mono'),
    'bgr16': PixelFormat(np.uint16, 3, 'bgr'),
    '16UC3': PixelFormat(np.uint16, 3, 'bgr'),
    'rgb16': PixelFormat(np.uint16, 3, 'rgb'),
    '32FC1': PixelFormat(np.float32, 1, 'mono'),
    '32FC3': PixelFormat(np.float32, 3, 'bgr'),
}
_OTHERS_OF_ROS = re.compile(
    r'bayer_\w+|yuv\w*|uyvy|yuyv|nv12|nv16|nv21|nv24|(rgba|bgra)16|(8S|16S|32S|64F|8U|16U|32F)C\d+',
    re.IGNORECASE,
)


def decode_raw(
    height: int, width: int, encoding: str, is_bigendian: bool, step: int, data: Any
) -> tuple[NDArray[Any], str]:
    """Look at the bytes of a raw image as pixels.

    Args:
        height: Rows, px.
        width: Columns, px.
        encoding: As in sensor_msgs/image_encodings.hpp ('bgr8', 'mono16').
        is_bigendian: Byte order of channels wider than one byte.
        step: Bytes from one row to the next, padding included.
        data: Anything with the buffer protocol: bytes, array('B'), memoryview, uint8 array.

    Returns:
        Pixels (H, W) or (H, W, 3) and their layout for Frame. A view of `data` unless alpha had to be dropped
        or the bytes swapped; rows keep their padding as a stride.

    Raises:
        UnsupportedEncoding: ROS knows this encoding, this codec doesn't.
        MessageError: Empty image, unknown encoding, `step` below a row, or `data` shorter than height * step.
    """
    if height <= 0 or width <= 0:
        raise MessageError(f'image is {width}x{height} px: the publisher sent an empty image.')
    flat = np.frombuffer(data, np.uint8)
    if len(flat) < height * step:
        raise MessageError(
            f'image data holds {len(flat)} bytes, height * step = {height} * {step} needs {height * step}: '
            'the publisher sent a cut image.'
        )
    form = pixel_format(encoding)
    dtype = np.dtype(form.dtype)
    row = width * form.channels * dtype.itemsize
    if step < row:
        raise MessageError(
            f'image step is {step} bytes, {width} px of {encoding} need {row}: '
            f'the publisher must set step to at least {row}.'
        )
    return _as_pixels(flat, (height, width), form, step, is_bigendian)


def pixel_format(encoding: str) -> PixelFormat:
    """Return how an encoding lays out its pixels.

    Raises:
        UnsupportedEncoding: ROS knows this encoding, this codec doesn't.
        MessageError: Nobody knows it.
    """
    if encoding in ENCODINGS:
        return ENCODINGS[encoding]
    if _OTHERS_OF_ROS.fullmatch(encoding):
        raise UnsupportedEncoding(
            f'image encoding {encoding!r} needs cv_bridge or rosbags-image. Install one, or publish bgr8.'
        )
    raise MessageError(f'image encoding {encoding!r} is unknown. Known: {", ".join(ENCODINGS)}.')


def _as_pixels(
    flat: NDArray[np.uint8], shape_hw: tuple[int, int], form: PixelFormat, step: int, is_bigendian: bool
) -> tuple[NDArray[Any], str]:
    dtype = np.dtype(form.dtype)
    stored = dtype.newbyteorder('>' if is_bigendian else '<')
    shape, strides = (*shape_hw, form.channels), (step, form.channels * dtype.itemsize, dtype.itemsize)
    pixels = np.ndarray(shape, stored, flat, strides=strides)
    swapped = dtype.itemsize > 1 and is_bigendian == (sys.byteorder == 'little')
    # An odd address or step is legal in a message and not for OpenCV.
    native = pixels.astype(dtype) if swapped or not pixels.flags.aligned else pixels.view(dtype)
    if form.drop_alpha is not None:
        return np.asarray(cv2.cvtColor(native, form.drop_alpha)), form.layout
    return (native[:, :, 0] if form.channels == 1 else native), form.layout


def decode_compressed(format: str, data: Any) -> tuple[NDArray[Any], str]:  # noqa: A002 - the message's field
    """Decode a JPEG, PNG or other image file's bytes.

    Args:
        format: CompressedImage.format: 'jpeg', 'png', 'bgr8; jpeg compressed bgr8', or '' for a file's bytes.
        data: The file, anything with the buffer protocol.

    Returns:
        Pixels (H, W) or (H, W, 3) in 8 or 16 bit (float32 where the file holds it), and 'mono' or 'bgr':
        a file holds true colours, whatever the encoding named in `format` was before compression.

    Raises:
        UnsupportedEncoding: compressedDepth, Theora or video packets.
        MessageError: No bytes, a file cut off, or not an image.
    """
    if re.search(r'compressedDepth|theora|h\.?26[45]|hevc|av1', format, re.IGNORECASE):
        raise UnsupportedEncoding(f'compressed image format {format!r} is not supported. Publish jpeg or png.')
    flat = np.frombuffer(data, np.uint8)
    if len(flat) == 0:
        raise MessageError(f'compressed image ({format or "file"}) holds 0 bytes.')
    _require_whole(flat.tobytes() if not isinstance(data, bytes) else data)
    try:
        pixels = cv2.imdecode(flat, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:  # absurd sizes in a broken header
        pixels = None
    if pixels is None:
        raise MessageError(
            f'compressed image ({format or "file"}, {len(flat)} bytes) can not be decoded: not an image.'
        )
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise UnsupportedEncoding(f'compressed image holds {pixels.dtype} pixels. Publish 8 or 16 bit.')
    return np.asarray(pixels), 'mono' if pixels.ndim == 2 else 'bgr'


def _require_whole(data: bytes) -> None:
    """Refuse a JPEG or PNG without its end: decoders fill the missing part with gray and say nothing."""
    # After the last start of scan (FF DA) of a whole JPEG comes an end (FF D9); what follows is a camera's.
    is_cut_jpeg = data.startswith(b'\xff\xd8') and data.rfind(b'\xff\xd9') < max(data.rfind(b'\xff\xda'), 0)
    is_cut_png = data.startswith(b'\x89PNG') and b'IEND' not in data[-1024:]
    if is_cut_jpeg or is_cut_png:
        raise MessageError(f'compressed image is cut off: its {len(data)} bytes lack the end of the file.')


def encode_raw(frame: Frame) -> tuple[str, int, NDArray[np.uint8]]:
    """Give a frame's pixels as the fields of sensor_msgs/Image.

    Args:
        frame: Any frame.

    Returns:
        Encoding, step in bytes and the (H * step,) uint8 bytes in this machine's byte order; a view when the
        pixels are contiguous.
    """
    pixels = np.ascontiguousarray(frame.pixels)
    names = {np.dtype(np.uint8): '8', np.dtype(np.uint16): '16'}
    if pixels.dtype == np.float32:
        # ROS has no name for the order of float channels; 32FC3 is read as BGR, so write BGR.
        encoding = '32FC1' if frame.layout == 'mono' else '32FC3'
        pixels = np.ascontiguousarray(pixels[:, :, ::-1]) if frame.layout == 'rgb' else pixels
    else:
        encoding = frame.layout + names[pixels.dtype]
    return encoding, pixels.strides[0], pixels.reshape(-1).view(np.uint8)


def encode_jpeg(image: Frame | NDArray[np.uint8], quality: int = 90) -> bytes:
    """Compress an image for CompressedImage (format 'jpeg').

    Args:
        image: A frame, or RGB (H, W, 3) or gray (H, W) uint8.
        quality: 1 to 100.

    Returns:
        The JPEG file's bytes.
    """
    if isinstance(image, Frame):
        is_bgr = image.layout == 'bgr' and image.pixels.dtype == np.uint8
        image = image.pixels if is_bgr else _bgr(image.gray if image.layout == 'mono' else image.rgb)
    else:
        require_dtype('image', image, np.uint8)
        image = _bgr(image)
    ok, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f'image: {image.shape} can not be written as JPEG')
    return data.tobytes()


def _bgr(image: NDArray[np.uint8]) -> NDArray[Any]:
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
