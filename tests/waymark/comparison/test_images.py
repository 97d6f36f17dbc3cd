# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.comparison.images import read_pair
from waymark.errors import ConfigError, SourceError


def test_two_gray_files_stay_gray_and_any_other_two_are_rgb(save, scene):
    gray, colour = save('gray.png', scene[..., 0]), save('colour.png', scene)
    assert [x.shape for x in read_pair(gray, gray).pixels] == [(240, 320)] * 2
    pair = read_pair(gray, colour)
    assert [x.shape for x in pair.pixels] == [(240, 320, 3)] * 2
    np.testing.assert_array_equal(pair.pixels[1], scene)
    assert pair.notes == [] and pair.names == ('gray.png', 'colour.png')


def test_another_size_of_the_same_shape_is_brought_to_the_size_of_a_and_said(save, scene):
    large, small = save('large.png', scene), save('small.png', cv2.resize(scene, (160, 120)))
    pair = read_pair(small, large)
    assert pair.pixels[1].shape == (120, 160, 3)
    assert pair.rgb[1].shape == (240, 320, 3)
    assert pair.notes == ['B was resized from 320x240 to 160x120 px for everything but the encoder.']
    np.testing.assert_array_equal(pair.pixels[1], cv2.resize(scene, (160, 120), interpolation=cv2.INTER_AREA))


def test_a_side_that_was_rounded_is_no_other_shape(save, scene):
    assert read_pair(save('a.png', scene), save('b.png', cv2.resize(scene, (107, 80)))).pixels[1].shape == scene.shape


def test_another_shape_is_refused_unless_it_may_be_stretched(save, scene):
    a, b = save('a.png', scene), save('b.png', scene[:120])
    with pytest.raises(ConfigError, match='A is 320x240 and B is 320x120 px: their shapes differ.*--stretch'):
        read_pair(a, b)
    assert read_pair(a, b, stretch=True).pixels[1].shape == scene.shape


def test_sixteen_bits_are_compared_in_eight_and_said(save, scene):
    deep = save('deep.png', scene[..., 0].astype(np.uint16) * 257)
    pair = read_pair(deep, deep)
    np.testing.assert_array_equal(pair.pixels[0], scene[..., 0])
    assert pair.notes[0] == 'A has uint16 pixels; it is compared in 8 bits.'


def test_files_that_are_no_images_are_refused_by_name(save, scene, tmp_path):
    image = save('a.png', scene)
    broken = tmp_path / 'broken.png'
    broken.write_bytes(image.read_bytes()[:100])
    text = tmp_path / 'text.png'
    text.write_text('not an image')
    for b, message in (
        (tmp_path / 'none.png', 'B: .*none.png.* does not exist. Give two image files'),
        (tmp_path, 'B: .* is a folder'),
        (broken, 'broken.png: not a readable image'),
        (text, 'text.png: not a readable image'),
    ):
        with pytest.raises(SourceError, match=message):
            read_pair(image, b)
    with pytest.raises(SourceError, match='A: .*none.png'):
        read_pair(tmp_path / 'none.png', image)
