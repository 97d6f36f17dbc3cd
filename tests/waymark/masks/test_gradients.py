# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.masks import gradient_picture, gradients_of, hog_mask

RAMP_RIGHT = np.tile(np.arange(0, 200, 10, dtype=np.uint8), (12, 1))


def test_derivatives_are_right_less_left_and_lower_less_upper():
    image = np.array([[0, 10, 40, 90], [5, 5, 5, 5], [200, 100, 50, 0]], np.uint8)
    found = gradients_of(image)
    assert found.dx.tolist()[0] == [0, 40, 80, 0]
    assert found.dy[1].tolist() == [200, 90, 10, -90]
    assert found.dy[0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ('image', 'angle'),
    [
        (RAMP_RIGHT, 0),
        (RAMP_RIGHT.T, np.pi / 2),
        (RAMP_RIGHT[:, ::-1], np.pi),
        (RAMP_RIGHT.T[::-1], 3 * np.pi / 2),
    ],
)
def test_the_angle_is_the_way_brightness_rises_clockwise_from_right(image, angle):
    found = gradients_of(image)
    np.testing.assert_allclose(found.angle[2:-2, 2:-2], angle, atol=1e-6)
    np.testing.assert_allclose(found.magnitude[2:-2, 2:-2], 20)


def test_a_colour_image_takes_the_channel_with_the_longest_gradient():
    colour = np.zeros((12, 20, 3), np.uint8)
    colour[..., 0] = RAMP_RIGHT // 2
    colour[..., 2] = RAMP_RIGHT[:, ::-1]
    found = gradients_of(colour)
    assert (found.dx[:, 1:-1] == -20).all()


def test_the_mask_grows_with_the_magnitude_up_to_one():
    mask = hog_mask(RAMP_RIGHT, full=40)
    assert mask.dtype == np.float32
    assert (mask[:, 1:-1] == 0.5).all() and (mask[:, [0, -1]] == 0).all()
    assert hog_mask(RAMP_RIGHT, full=10)[:, 1:-1].min() == 1


def test_an_even_image_has_no_edges():
    assert hog_mask(np.full((9, 9), 77, np.uint8)).max() == 0
    assert gradient_picture(np.full((9, 9), 77, np.uint8)).max() == 0


@pytest.mark.parametrize(
    ('image', 'colour'),
    [
        (RAMP_RIGHT, (255, 0, 0)),
        (RAMP_RIGHT.T, (128, 255, 0)),
        (RAMP_RIGHT[:, ::-1], (0, 255, 255)),
        (RAMP_RIGHT.T[::-1], (128, 0, 255)),
    ],
)
def test_the_picture_shows_the_angle_as_hue(image, colour):
    picture = gradient_picture(image, full=20)
    assert picture.dtype == np.uint8
    np.testing.assert_allclose(picture[4, 4].astype(int), colour, atol=1)


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match='image: expected dtype uint8'):
        gradients_of(np.zeros((4, 4)))
    with pytest.raises(ValueError, match=r'image: expected shape \(H, W, 3\)'):
        gradients_of(np.zeros((4, 4, 2), np.uint8))
    with pytest.raises(ValueError, match='full: expected a number above 0'):
        hog_mask(RAMP_RIGHT, full=0)


def test_one_pixel_has_no_gradient():
    assert gradients_of(np.full((1, 1), 9, np.uint8)).magnitude.tolist() == [[0]]
