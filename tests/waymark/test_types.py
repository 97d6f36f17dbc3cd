# SPDX-License-Identifier: Apache-2.0
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from waymark.types import Frame, Header, ModelManifest

RED = np.zeros((2, 3, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
MANIFEST = ModelManifest('m', 'a' * 64, 'here', 'Apache-2.0', (8, 8), output_dim=3)


def test_a_frame_gives_rgb_whatever_its_layout():
    assert (Frame(Header(1), RED, 'rgb').rgb == RED).all()
    assert (Frame(Header(1), RED[..., ::-1], 'bgr').rgb == RED).all()
    assert (Frame(Header(1), RED[..., 0], 'mono').rgb == 255).all()


def test_gray_is_the_same_from_rgb_and_bgr():
    assert (Frame(Header(1), RED, 'rgb').gray == Frame(Header(1), RED[..., ::-1].copy(), 'bgr').gray).all()


def test_conversions_are_made_once_and_shared_between_threads():
    frame = Frame(Header(1), RED, 'bgr')
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda _: frame.gray, range(64)))
    assert all(i.base is images[0].base for i in images)


def test_everything_in_a_frame_is_read_only():
    frame = Frame(Header(1), RED.copy())
    for array in (frame.pixels, frame.rgb, frame.gray):
        with pytest.raises(ValueError, match='read-only'):
            array[0] = 0


@pytest.mark.parametrize(
    ('pixels', 'expected'),
    [
        (np.array([[0, 257, 65535]], np.uint16), [[0, 1, 255]]),
        (np.array([[0.0, 0.5, 2.0, np.nan]], np.float32), [[0, 128, 255, 0]]),
    ],
)
def test_deep_images_are_scaled_to_eight_bits(pixels, expected):
    assert Frame(Header(1), pixels, 'mono').gray.tolist() == expected


@pytest.mark.parametrize(
    ('pixels', 'layout', 'said'),
    [
        (RED, 'hsv', 'layout'),
        (RED, 'mono', 'shape'),
        (RED.astype(np.int32), 'rgb', 'dtype'),
        (RED[:0], 'rgb', 'empty'),
    ],
)
def test_what_is_no_image_is_refused(pixels, layout, said):
    with pytest.raises(ValueError, match=said):
        Frame(Header(1), pixels, layout)


def test_the_fingerprint_changes_with_what_shapes_the_vectors_and_with_nothing_else():
    same = replace(MANIFEST, name='other', source='there', licence='MIT')
    assert same.fingerprint == MANIFEST.fingerprint
    for change in ({'sha256': 'b' * 64}, {'input_wh': (16, 8)}, {'mean': (0.5,) * 3}, {'pooling': 'cls'}):
        assert replace(MANIFEST, **change).fingerprint != MANIFEST.fingerprint
