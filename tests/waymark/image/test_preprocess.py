# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.preprocess import to_batch, to_pixels, to_tensor
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
    tensor = to_tensor(plain(114, 114, 114, shape_hw), manifest(resize=rule))
    assert tensor.shape == (1, 3, 2, 4)
    np.testing.assert_allclose(tensor, 114 / 255, atol=1e-6)


def test_mean_and_std_of_one_value_hold_for_every_channel():
    tensor = to_tensor(plain(255, 0, 51), manifest(mean=(0.5,), std=(0.5,)))
    np.testing.assert_allclose(tensor[0, :, 0, 0], [1, -1, -0.6], atol=1e-5)


def test_mean_of_another_length_is_refused():
    with pytest.raises(ValueError, match='mean: expected 1 or 1 values, got 2'):
        to_tensor(plain(1, 2, 3), manifest(channels='gray', mean=(0.5, 0.5), std=(1.0,)))


def test_an_unknown_rule_is_refused_by_name():
    with pytest.raises(ValueError, match="resize: expected .* got 'squeeze'"):
        to_tensor(plain(1, 2, 3), manifest(resize='squeeze'))


def test_shortest_crop_takes_the_centre_of_the_resized_image():
    # 8 columns become 16, of which the middle 4 are kept: the columns 3 and 4 of the image.
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, 3:5] = 255
    tensor = to_tensor(image, manifest(resize='shortest_crop', resize_to=16, interpolation='bilinear'))
    np.testing.assert_allclose(tensor[0, 0, 0], [0.75, 1, 1, 0.75], atol=1e-6)


def test_shortest_crop_of_more_than_there_is_is_refused():
    with pytest.raises(ValueError, match=r'resize_to: 2 px is less than the crop of \(4, 2\) px'):
        to_tensor(plain(1, 2, 3, (8, 8)), manifest(resize='shortest_crop', resize_to=2))


def test_the_border_is_normalised_as_the_image_is():
    tensor = to_tensor(
        plain(114, 114, 114, (9, 3)), manifest(resize='letterbox', mean=(0.4, 0.5, 0.6), std=(0.1, 0.2, 0.3))
    )
    for c in range(3):
        np.testing.assert_allclose(tensor[0, c], tensor[0, c, 0, 0], atol=1e-5)


@pytest.mark.parametrize('channels', ['rgb', 'bgr', 'gray'])
@pytest.mark.parametrize('rule', ['stretch', 'crop', 'letterbox'])
def test_pixels_are_the_tensor_before_normalisation(rule, channels):
    image = np.random.default_rng(0).integers(0, 256, (11, 7, 3), np.uint8)
    settings = manifest(resize=rule, channels=channels, mean=(0.0,), std=(1.0,))
    pixels, tensor = to_pixels(image, settings), to_tensor(image, settings)
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    np.testing.assert_allclose(pixels[0], tensor[0].transpose(1, 2, 0) * 255, atol=0.51)


def test_a_batch_may_mix_sizes():
    batch = to_batch([plain(255, 0, 0, (2, 9)), plain(0, 255, 0, (40, 40))], manifest())
    assert batch.shape == (2, 3, 2, 4)
    np.testing.assert_allclose(batch[:, :2, 0, 0], [[1, 0], [0, 1]], atol=1e-6)


def test_a_view_that_is_not_contiguous_gives_the_same():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    for rule in ('stretch', 'crop', 'letterbox'):
        flipped = to_tensor(image[:, ::-1], manifest(resize=rule))
        np.testing.assert_array_equal(flipped, to_tensor(image[:, ::-1].copy(), manifest(resize=rule)))


@pytest.mark.parametrize('rule', ['stretch', 'crop', 'letterbox'])
def test_a_tensor_that_is_handed_in_is_written_all_over(rule):
    image, settings = plain(10, 20, 30, (5, 9)), manifest(resize=rule)
    kept = np.full((1, 3, 2, 4), np.nan, np.float32)
    assert to_tensor(image, settings, out=kept) is kept
    np.testing.assert_array_equal(kept, to_tensor(image, settings))


def test_a_tensor_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r'out: expected shape \(1, 3, 2, 4\), got \(1, 3, 4, 4\)'):
        to_tensor(plain(1, 2, 3), manifest(), out=np.empty((1, 3, 4, 4), np.float32))


def test_strips_join_without_a_seam():
    image = np.random.default_rng(0).integers(0, 256, (600, 700, 3), np.uint8)
    settings = manifest(input_wh=(700, 600), channels='bgr')
    np.testing.assert_allclose(to_tensor(image, settings)[0] * 255, image[..., ::-1].transpose(2, 0, 1), atol=1e-3)
