# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.masks import contrast_mask, local_deviation


def test_the_deviation_is_that_of_the_square_around_a_pixel(texture):
    image = texture(2)
    found = local_deviation(image, 7)
    for y, x in ((3, 3), (100, 200), (236, 316)):
        expected = image[y - 3 : y + 4, x - 3 : x + 4].astype(np.float64).std()
        assert found[y, x] == pytest.approx(expected, rel=1e-6)


def test_half_black_and_half_white_deviate_most():
    stripes = np.zeros((40, 40), np.uint8)
    stripes[:, ::2] = 255
    assert local_deviation(stripes, 15)[20, 20] == pytest.approx(127.5, abs=0.3)


@pytest.mark.parametrize('value', [0, 77, 255])
def test_an_even_image_has_exactly_none(value):
    assert local_deviation(np.full((20, 20), value, np.uint8)).max() == 0


def test_the_mask_grows_with_the_deviation_up_to_one(texture):
    image = texture(2)
    deviation = local_deviation(image)
    np.testing.assert_allclose(contrast_mask(image, full=200.0), deviation / 200, rtol=1e-6)
    assert contrast_mask(image, full=1e-3)[deviation > 1].min() == 1
    assert contrast_mask(image).dtype == np.float32


def test_colour_is_seen_as_gray(texture):
    image = texture(2)
    np.testing.assert_array_equal(contrast_mask(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)), contrast_mask(image))


def test_a_square_larger_than_the_image_sees_it_mirrored():
    image = np.array([[0, 100]], np.uint8)
    assert np.isfinite(local_deviation(image, 3)).all()


@pytest.mark.parametrize(('size_px', 'full'), [(4, 1), (0, 1), (-3, 1), (3, 0), (3, -1)])
def test_wrong_numbers_are_refused(size_px, full):
    with pytest.raises(ValueError, match='expected a'):
        contrast_mask(np.zeros((9, 9), np.uint8), size_px, full)
