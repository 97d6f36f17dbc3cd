# SPDX-License-Identifier: Apache-2.0
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from waymark.image.preprocess import InputTensor, to_batch, to_pixels, to_tensor
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
def test_a_kept_tensor_shows_nothing_of_the_image_before(rule):
    settings = manifest(input_wh=(8, 8), resize=rule)
    kept = InputTensor(settings)
    for shape_hw in [(9, 5), (5, 9), (5, 9), (4, 4), (1, 7)]:
        image = np.random.default_rng(shape_hw[0]).integers(0, 256, (*shape_hw, 3), np.uint8)
        np.testing.assert_array_equal(kept.write(image), to_tensor(image, settings))


def test_a_kept_tensor_is_the_same_each_time():
    kept = InputTensor(manifest())
    assert kept.write(plain(1, 2, 3)) is kept.write(plain(3, 2, 1))


def test_tensors_of_their_own_do_not_change_later():
    first = to_tensor(plain(255, 0, 0), manifest())
    before = first.copy()
    to_tensor(plain(0, 0, 255), manifest())
    np.testing.assert_array_equal(first, before)


def test_threads_do_not_share_what_lies_between_two_steps():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (480, 640, 3), np.uint8) for _ in range(4)]
    settings = manifest(input_wh=(64, 48), interpolation='bilinear')
    expected = [to_tensor(image, settings) for image in images]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: to_tensor(images[i % 4], settings), range(100)))
    for i, tensor in enumerate(found):
        np.testing.assert_array_equal(tensor, expected[i % 4])


def test_strips_join_without_a_seam():
    image = np.random.default_rng(0).integers(0, 256, (600, 700, 3), np.uint8)
    settings = manifest(input_wh=(700, 600), channels='bgr')
    np.testing.assert_allclose(to_tensor(image, settings)[0] * 255, image[..., ::-1].transpose(2, 0, 1), atol=1e-3)
