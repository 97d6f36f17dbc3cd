# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.preprocess import to_tensor
from waymark.types import ModelManifest


def manifest(**changes):
    return ModelManifest('m', 'a' * 64, 'here', 'Apache-2.0', **{'input_wh': (4, 2), **changes})


def plain(r, g, b, shape_hw=(2, 4)):
    return np.full((*shape_hw, 3), (r, g, b), np.uint8)


def test_mean_and_std_are_on_the_scale_from_zero_to_one():
    tensor = to_tensor(plain(255, 0, 51), manifest(mean=(0.5, 0.5, 0.5), std=(0.5, 0.25, 0.1)))
    assert tensor.shape == (1, 3, 2, 4) and tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, :, 0, 0], [1, -2, -3], atol=1e-5)


def test_bgr_turns_the_channels_round():
    tensor = to_tensor(plain(255, 0, 51), manifest(channels='bgr'))
    np.testing.assert_allclose(tensor[0, :, 1, 3], [0.2, 0, 1], atol=1e-6)


def test_gray_has_one_channel():
    tensor = to_tensor(plain(100, 100, 100), manifest(channels='gray', mean=(0.0,), std=(1.0,)))
    assert tensor.shape == (1, 1, 2, 4)
    np.testing.assert_allclose(tensor, 100 / 255, atol=1e-6)


def test_crop_keeps_the_middle():
    wide = np.concatenate([plain(255, 0, 0, (2, 4)), plain(0, 255, 0, (2, 4)), plain(0, 0, 255, (2, 4))], axis=1)
    tensor = to_tensor(wide, manifest(resize='crop'))
    np.testing.assert_allclose(tensor[0, 1], 1, atol=1e-6)
    np.testing.assert_allclose(tensor[0, [0, 2]], 0, atol=1e-6)


def test_letterbox_keeps_the_whole_and_fills_with_grey():
    tensor = to_tensor(plain(255, 255, 255, (2, 2)), manifest(resize='letterbox'))
    np.testing.assert_allclose(tensor[0, 0, 0] * 255, [114, 255, 255, 114], atol=1e-3)


def test_stretch_fills_all():
    np.testing.assert_allclose(to_tensor(plain(255, 255, 255, (9, 3)), manifest()), 1, atol=1e-6)


@pytest.mark.parametrize('rule', ['stretch', 'crop', 'letterbox'])
@pytest.mark.parametrize('shape_hw', [(1, 1), (1, 500), (500, 1), (37, 91)])
def test_any_image_gives_the_models_size(rule, shape_hw):
    assert to_tensor(plain(1, 2, 3, shape_hw), manifest(resize=rule)).shape == (1, 3, 2, 4)
