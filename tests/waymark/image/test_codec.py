# SPDX-License-Identifier: Apache-2.0
"""Bytes of ROS images become the pixels that were put in, and broken ones are refused in one sentence."""

from __future__ import annotations

import array

import cv2
import numpy as np
import pytest

from waymark.errors import MessageError
from waymark.image.codec import (
    ENCODINGS,
    UnsupportedEncoding,
    decode_compressed,
    decode_raw,
    encode_jpeg,
    encode_raw,
)
from waymark.types import Frame, Header

RED = (255, 0, 0)


def frame_of(pixels: np.ndarray, layout: str) -> Frame:
    return Frame(Header(1), pixels, layout)


def array_of(data: bytes) -> array.array:
    return array.array('B', data)


def uint8_of(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def gradient(height: int = 48, width: int = 64) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 4, y * 5, 255 - x * 4]).astype(np.uint8)


@pytest.mark.parametrize(
    ('encoding', 'pixel'),
    [
        ('rgb8', [255, 128, 0]),
        ('bgr8', [0, 128, 255]),
        ('8UC3', [0, 128, 255]),
        ('rgba8', [255, 128, 0, 7]),
        ('bgra8', [0, 128, 255, 7]),
        ('8UC4', [0, 128, 255, 7]),
    ],
)
def test_orange_is_orange_in_every_colour_encoding(encoding, pixel):
    data = bytes(pixel * 6)

    pixels, layout = decode_raw(2, 3, encoding, False, 3 * len(pixel), data)

    assert frame_of(pixels, layout).rgb.tolist() == [[[255, 128, 0]] * 3] * 2


@pytest.mark.parametrize('encoding', ['mono8', '8UC1', 'rgb8', 'bgr8', 'mono16', '32FC1'])
def test_plain_encodings_are_views_of_the_message(encoding):
    form = ENCODINGS[encoding]
    size = 4 * form.channels * np.dtype(form.dtype).itemsize
    data = bytearray(3 * size)

    pixels, _ = decode_raw(3, 4, encoding, False, size, data)

    assert np.shares_memory(pixels, np.frombuffer(data, np.uint8))
    assert pixels.dtype == form.dtype


def test_row_padding_is_honoured_without_a_copy():
    padded = np.full((3, 16), 99, np.uint8)
    padded[:, :12] = np.arange(36).reshape(3, 12)

    pixels, layout = decode_raw(3, 4, 'rgb8', False, 16, padded.tobytes())

    assert pixels.reshape(3, 12).tolist() == np.arange(36).reshape(3, 12).tolist()
    assert frame_of(pixels, layout).gray.shape == (3, 4)


@pytest.mark.parametrize('is_bigendian', [False, True])
@pytest.mark.parametrize(('encoding', 'values'), [('mono16', [1, 256, 65535]), ('32FC1', [0.5, -1.25, 3e4])])
def test_byte_order_is_honoured(encoding, values, is_bigendian):
    stored = np.array(values, ENCODINGS[encoding].dtype).astype(
        np.dtype(ENCODINGS[encoding].dtype).newbyteorder('>' if is_bigendian else '<')
    )

    pixels, layout = decode_raw(1, 3, encoding, is_bigendian, stored.nbytes, stored.tobytes())

    assert (pixels.tolist(), layout) == ([values], 'mono')
    assert pixels.dtype.isnative


def test_an_odd_step_of_16_bit_pixels_is_read():
    data = b'\x01\x00\x02\x00\xff\x03\x00\x04\x00\xff'

    pixels, _ = decode_raw(2, 2, 'mono16', False, 5, data)

    assert pixels.tolist() == [[1, 2], [3, 4]]
    assert pixels.flags.aligned


@pytest.mark.parametrize('make', [bytes, bytearray, memoryview, array_of, uint8_of])
def test_every_kind_of_buffer_is_read(make):
    assert decode_raw(2, 2, 'mono8', False, 2, make(b'\x01\x02\x03\x04'))[0].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        ((0, 0, 'rgb8', False, 0, b''), 'image is 0x0 px'),
        ((4, 0, 'rgb8', False, 0, b''), 'image is 0x4 px'),
        ((2, 2, 'rgb8', False, 6, bytes(11)), 'holds 11 bytes, height * step = 2 * 6 needs 12'),
        ((2, 2, 'rgb8', False, 5, bytes(12)), 'step is 5 bytes, 2 px of rgb8 need 6'),
        ((2, 2, 'mono16', False, 3, bytes(12)), 'step is 3 bytes, 2 px of mono16 need 4'),
        ((2, 2, 'rgb9', False, 6, bytes(12)), "encoding 'rgb9' is unknown. Known: mono8, "),
        ((2, 2, '', False, 6, bytes(12)), "encoding '' is unknown"),
        ((2**31, 2**31, 'rgb8', False, 2**31, bytes(12)), 'holds 12 bytes'),
    ],
)
def test_broken_messages_are_refused_by_name(arguments, sentence):
    with pytest.raises(MessageError) as error:
        decode_raw(*arguments)

    assert sentence in str(error.value)
    assert not isinstance(error.value, UnsupportedEncoding)


@pytest.mark.parametrize(
    'encoding',
    ['bayer_rggb8', 'bayer_gbrg16', 'yuv422', 'yuv422_yuy2', 'nv12', 'nv21', '16SC1', '64FC1', '32FC2'],
)
def test_encodings_of_ros_that_need_another_library_say_so(encoding):
    with pytest.raises(UnsupportedEncoding, match=rf"'{encoding}' needs cv_bridge or rosbags-image"):
        decode_raw(2, 2, encoding, False, 16, bytes(64))


@pytest.mark.parametrize(
    'pixels',
    [
        np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
        np.arange(8, dtype=np.uint8).reshape(2, 4),
        np.arange(8, dtype=np.uint16).reshape(2, 4) * 300,
        np.arange(24, dtype=np.uint16).reshape(2, 4, 3) * 300,
        np.arange(8, dtype=np.float32).reshape(2, 4) / 3,
    ],
)
@pytest.mark.parametrize('colour', ['rgb', 'bgr'])
def test_what_is_encoded_is_decoded_unchanged(pixels, colour):
    layout = 'mono' if pixels.ndim == 2 else colour

    encoding, step, data = encode_raw(frame_of(pixels, layout))
    again, layout_again = decode_raw(2, 4, encoding, False, step, data)

    np.testing.assert_array_equal(again, pixels)
    assert layout_again == layout
    assert np.shares_memory(data, pixels)


def test_float_colour_is_written_in_the_order_it_is_read():
    pixels = np.arange(24, dtype=np.float32).reshape(2, 4, 3) / 24

    encoding, step, data = encode_raw(frame_of(pixels, 'rgb'))
    again = frame_of(*decode_raw(2, 4, encoding, False, step, data))

    np.testing.assert_array_equal(again.rgb, frame_of(pixels, 'rgb').rgb)


def test_pixels_that_are_not_contiguous_are_encoded():
    pixels = gradient()[::2, ::2]

    encoding, step, data = encode_raw(frame_of(pixels, 'rgb'))

    np.testing.assert_array_equal(decode_raw(24, 32, encoding, False, step, data)[0], pixels)


@pytest.mark.parametrize('format_text', ['jpeg', 'bgr8; jpeg compressed bgr8', 'rgb8; jpeg compressed bgr8', ''])
@pytest.mark.parametrize('layout', ['rgb', 'bgr', 'array'])
def test_jpeg_keeps_red_red(layout, format_text):
    rgb = np.full((16, 16, 3), RED, np.uint8)
    image = {'rgb': frame_of(rgb, 'rgb'), 'bgr': frame_of(rgb[..., ::-1], 'bgr'), 'array': rgb}[layout]

    pixels, layout_again = decode_compressed(format_text, encode_jpeg(image, 95))

    assert np.abs(frame_of(pixels, layout_again).rgb.astype(int) - RED).max() <= 3


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_png_is_exact_in_8_and_16_bit(dtype):
    gray = (np.arange(12).reshape(3, 4) * (5 if dtype is np.uint8 else 5000)).astype(dtype)

    pixels, layout = decode_compressed('png', cv2.imencode('.png', gray)[1].tobytes())

    assert (pixels.tolist(), layout) == (gray.tolist(), 'mono')


def test_gray_frames_become_gray_jpegs():
    assert decode_compressed('jpeg', encode_jpeg(frame_of(gradient()[..., 0], 'mono')))[1] == 'mono'
    assert decode_compressed('jpeg', encode_jpeg(gradient()[..., 0]))[1] == 'mono'


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_a_compressed_image_cut_in_half_is_refused_rather_than_gray_below(suffix):
    data = cv2.imencode(suffix, gradient())[1].tobytes()

    with pytest.raises(MessageError, match='cut off'):
        decode_compressed('', data[: len(data) // 2])


def test_a_jpeg_with_the_makers_bytes_behind_its_end_is_read():
    assert decode_compressed('jpeg', encode_jpeg(gradient()) + bytes(64))[0].shape == (48, 64, 3)


@pytest.mark.parametrize(('data', 'sentence'), [(b'', 'holds 0 bytes'), (b'hello', 'not an image')])
def test_bytes_that_are_no_image_are_refused(data, sentence):
    with pytest.raises(MessageError, match=sentence):
        decode_compressed('jpeg', data)


@pytest.mark.parametrize('format_text', ['16UC1; compressedDepth png', 'theora', 'h264'])
def test_formats_that_are_not_pictures_are_named(format_text):
    with pytest.raises(UnsupportedEncoding, match='is not supported. Publish jpeg or png'):
        decode_compressed(format_text, b'123')
