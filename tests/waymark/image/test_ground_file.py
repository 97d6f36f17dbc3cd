# SPDX-License-Identifier: Apache-2.0
"""Pictures of the ground from files of any depth, turned as EXIF says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.image.ground_file import read_ground_file, to_8_bits

# A TIFF header in an APP1 segment with one entry: orientation (0x0112, short) 6, the picture is turned to the right.
EXIF_6 = (
    b'\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01'
    b'\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00'
)


def test_a_jpeg_is_turned_as_exif_says(tmp_path):
    stored = np.zeros((32, 64, 3), np.uint8)
    stored[:16, :32] = 250  # its upper left is the upper right of what is meant
    jpeg = cv2.imencode('.jpg', stored)[1].tobytes()
    (tmp_path / 'photo.jpg').write_bytes(jpeg[:2] + EXIF_6 + jpeg[2:])

    upright = read_ground_file(tmp_path / 'photo.jpg')

    assert upright is not None
    assert upright.shape == (64, 32, 3)
    np.testing.assert_allclose(upright[4:28, 20:28], 250, atol=8)
    np.testing.assert_allclose(upright[4:28, 4:12], 0, atol=8)


@pytest.mark.parametrize(('bits', 'largest'), [(8, 255), (11, 2047), (12, 4095), (16, 65535)])
def test_brightness_of_fewer_bits_than_the_file_has_fills_the_range(tmp_path, bits, largest):
    gray = np.array([[0, largest // 2, largest]], np.uint16).repeat(3, axis=0)
    cv2.imwrite(str(tmp_path / 'ground.tif'), gray)

    read = read_ground_file(tmp_path / 'ground.tif')

    np.testing.assert_array_equal(read, np.array([[0, 127, 255]], np.uint8).repeat(3, axis=0))


def test_transparency_is_kept_and_of_its_own_depth():
    picture = np.zeros((1, 2, 4), np.uint16)
    picture[0, :] = (4095, 0, 2048, 65535), (0, 0, 0, 0)

    np.testing.assert_array_equal(to_8_bits(picture), [[[255, 0, 127, 255], [0, 0, 0, 0]]])


@pytest.mark.parametrize('content', [b'', b'text', b'\xff\xd8', b'\x89PNG\r\n\x1a\n'])
def test_what_is_no_picture_is_none(tmp_path, content):
    (tmp_path / 'ground.png').write_bytes(content)

    assert read_ground_file(tmp_path / 'ground.png') is None
    assert read_ground_file(tmp_path) is None  # a folder


def test_numbers_that_are_no_brightness_are_none(tmp_path):
    cv2.imwrite(str(tmp_path / 'heights.tif'), np.full((4, 4), 300.0, np.float32))

    assert read_ground_file(tmp_path / 'heights.tif') is None
