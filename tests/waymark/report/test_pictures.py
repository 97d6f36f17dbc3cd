# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from waymark.errors import RecordingError
from waymark.report.pictures import decode_bgr, nearest_stamp, spread

RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def raw(pixels: np.ndarray, encoding: str, padding: int = 0, big: int = 0) -> SimpleNamespace:
    rows = pixels.reshape(pixels.shape[0], -1).view(np.uint8)
    data = np.pad(rows, ((0, 0), (0, padding)))
    height, width = pixels.shape[:2]
    return SimpleNamespace(
        height=height, width=width, encoding=encoding, is_bigendian=big, step=data.shape[1], data=data.ravel()
    )


@pytest.mark.parametrize('padding', [0, 5])
def test_plain_encodings_become_bgr_whatever_the_step(padding):
    bgr = RGB[..., ::-1]
    alpha = np.dstack((RGB, np.full((2, 3), 255, np.uint8)))
    np.testing.assert_array_equal(decode_bgr(raw(RGB, 'rgb8', padding)), bgr)
    np.testing.assert_array_equal(decode_bgr(raw(RGB, 'bgr8', padding)), RGB)
    np.testing.assert_array_equal(decode_bgr(raw(alpha, 'rgba8', padding)), bgr)
    np.testing.assert_array_equal(decode_bgr(raw(RGB[..., 0].copy(), 'mono8', padding))[..., 1], RGB[..., 0])


@pytest.mark.parametrize(('order', 'big'), [('<u2', 0), ('>u2', 1)])
def test_sixteen_bits_are_scaled_in_either_byte_order(order, big):
    image = decode_bgr(raw(np.array([[0, 257, 65535]], order), 'mono16', big=big))
    np.testing.assert_array_equal(image[0, :, 0], [0, 1, 255])


def test_a_compressed_image_decodes():
    data = cv2.imencode('.png', RGB)[1]
    np.testing.assert_array_equal(decode_bgr(SimpleNamespace(format='png', data=data.ravel())), RGB)


@pytest.mark.parametrize('data', [b'', b'\xff\xd8\xff', b'no image'])
def test_a_damaged_compressed_image_is_refused(data):
    with pytest.raises(RecordingError, match='does not decode'):
        decode_bgr(SimpleNamespace(format='jpeg', data=np.frombuffer(data, np.uint8)))


def test_short_data_empty_images_and_unknown_encodings_are_refused():
    short = raw(RGB, 'rgb8')
    short.data = short.data[:-1]
    empty = SimpleNamespace(height=0, width=0, encoding='rgb8', is_bigendian=0, step=0, data=b'')
    for message in (short, empty):
        with pytest.raises(RecordingError, match='bytes of data'):
            decode_bgr(message)
    with pytest.raises(RecordingError, match="encoding 'bayer_rggb8'"):
        decode_bgr(raw(RGB[..., 0].copy(), 'bayer_rggb8'))


@pytest.mark.parametrize(
    ('stamp', 'within', 'found'),
    [(20, 0, 20), (23, 3, 20), (26, 4, 30), (24, 3, None), (5, 5, 10), (99, 9, None)],
)
def test_the_nearest_stamp_is_found_within_the_tolerance(stamp, within, found):
    assert nearest_stamp(np.array([10, 20, 30]), stamp, within) == found
    assert nearest_stamp(np.array([], np.int64), stamp, within) is None


def test_a_spread_choice_is_even_and_keeps_both_ends():
    assert spread([5, 0, 1, 2, 9, 10, 3], 3, key=float) == [0, 5, 10]
    assert spread([2, 1], 3, key=float) == [1, 2]
    assert spread([], 3, key=float) == []
