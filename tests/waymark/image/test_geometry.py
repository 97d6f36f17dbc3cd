# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.geometry import (
    corner_error,
    coverage,
    image_corners,
    is_convex,
    local_scale,
    signed_area,
    transform_points,
)

SHIFT = np.array([[1.0, 0, 3], [0, 1, 4], [0, 0, 1]])
SQUARE = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]])


def test_points_are_mapped_and_divided_by_their_third_coordinate():
    H = np.array([[2.0, 0, 1], [0, 2, 0], [0, 0.5, 1]])
    np.testing.assert_allclose(transform_points(H, np.array([[1.0, 2.0]])), [[1.5, 2.0]])


def test_no_points_stay_no_points():
    assert transform_points(SHIFT, np.zeros((0, 2))).shape == (0, 2)


def test_points_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r'points_px: expected shape \(N, 2\)'):
        transform_points(SHIFT, np.zeros((2, 3)))


def test_corners_are_pixel_centres_clockwise_from_top_left():
    assert image_corners((640, 480)).tolist() == [[0, 0], [639, 0], [639, 479], [0, 479]]


def test_a_shift_of_three_and_four_pixels_is_a_corner_error_of_five():
    assert corner_error(SHIFT, np.eye(3), (640, 480)) == pytest.approx(5)


def test_a_scale_moves_each_corner_by_its_distance_from_the_origin():
    error = corner_error(np.diag([2.0, 2.0, 1.0]), np.eye(3), (4, 5))
    assert error == pytest.approx((0 + 3 + 5 + 4) / 4)


def test_a_corner_at_infinity_is_an_infinite_error():
    H = np.array([[1.0, 0, 0], [0, 1, 0], [-1 / 639, 0, 1]])
    assert corner_error(H, np.eye(3), (640, 480)) == float('inf')


def test_area_is_positive_clockwise_on_the_screen():
    assert signed_area(SQUARE) == 4
    assert signed_area(SQUARE[::-1]) == -4


@pytest.mark.parametrize(
    ('quad', 'convex'),
    [
        (SQUARE, True),
        (SQUARE[::-1], True),
        (SQUARE[[0, 2, 1, 3]], False),  # crossed
        ([[0, 0], [2, 0], [0.5, 0.5], [0, 2]], False),  # dented
        ([[0, 0], [1, 0], [2, 0], [3, 0]], False),  # flat
        ([[0, 0], [np.inf, 0], [2, 2], [0, 2]], False),
    ],
)
def test_convexity(quad, convex):
    assert is_convex(np.array(quad)) is convex


def test_corners_cover_the_image_and_a_line_covers_nothing():
    assert coverage(image_corners((640, 480)), (640, 480)) == pytest.approx(1)
    assert coverage(np.array([[0.0, 0], [5, 5], [9, 9]]), (640, 480)) == 0
    assert coverage(np.zeros((0, 2)), (640, 480)) == 0


def test_a_half_size_copy_has_scale_one_half_and_a_mirror_is_negative():
    points = np.array([[0.0, 0], [5, 7]])
    np.testing.assert_allclose(local_scale(np.diag([0.5, 0.5, 1]), points), 0.5)
    np.testing.assert_allclose(local_scale(np.diag([-1.0, 1, 1]), points), -1)
