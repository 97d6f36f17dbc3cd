# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.comparison.images import ImagePair
from waymark.comparison.masks import mask_of
from waymark.errors import ConfigError
from waymark.masks import contrast_mask, hog_mask, inverted


def pair_of(a, b):
    return ImagePair(('a', 'b'), (a, b), (a, b))


def with_square(image):
    drawn = image.copy()
    drawn[100:130, 200:230] = (255, 0, 255)
    return drawn


def test_without_names_there_is_no_mask(scene):
    assert mask_of(pair_of(scene, scene), ()) is None


def test_edges_and_contrast_of_either_image_count(scene):
    even = np.full_like(scene, 90)
    for pair in (pair_of(scene, even), pair_of(even, scene)):
        np.testing.assert_array_equal(mask_of(pair, ('hog',)), hog_mask(scene))
        np.testing.assert_array_equal(mask_of(pair, ('contrast',)), contrast_mask(scene))


def test_names_are_combined_by_product_and_not_is_the_opposite(scene):
    pair = pair_of(scene, scene)
    expected = hog_mask(scene) * inverted(contrast_mask(scene))
    np.testing.assert_array_equal(mask_of(pair, ('hog', 'not-contrast')), expected)


def test_motion_is_what_the_second_image_shows_anew(scene):
    moving = mask_of(pair_of(scene, with_square(scene)), ('motion',))
    assert moving[105:125, 205:225].mean() > 0.8
    moving[90:140, 190:240] = 0
    assert moving.mean() < 0.01


def test_a_camera_that_moved_is_taken_out(scene):
    shifted = np.roll(with_square(scene), (8, 12), axis=(0, 1))
    moving = mask_of(pair_of(scene, shifted), ('motion',))
    assert moving[113:133, 217:237].mean() > 0.8
    assert moving[20:100, 20:200].mean() < 0.05


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (('motoin',), "--mask: unknown mask 'motoin'. Known: motion, hog, contrast, each also as not-NAME"),
        (('motion',), 'nothing is left to compare'),
        (('hog', 'not-hog-'), "unknown mask 'not-hog-'"),
    ],
)
def test_masks_that_say_nothing_are_refused(scene, names, message):
    with pytest.raises(ConfigError, match=message):
        mask_of(pair_of(scene, scene), names)


def test_motion_between_two_scenes_is_refused(scene):
    with pytest.raises(ConfigError, match='can not be laid onto each other.*leave motion out'):
        mask_of(pair_of(scene, np.full_like(scene, 90)), ('motion',))
