# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.rectification import scale_at_centre, scaling, seen_through, shown


def test_scaling_maps_edges_to_edges():
    S = scaling((40, 30), (400, 60))
    np.testing.assert_allclose(S @ [-0.5, -0.5, 1], [-0.5, -0.5, 1])
    np.testing.assert_allclose(S @ [39.5, 29.5, 1], [399.5, 59.5, 1])


def test_an_image_seen_through_the_identity_is_itself(texture):
    image = texture(1)
    assert np.array_equal(seen_through(image, np.eye(3), (320, 240)), image)


def test_a_reduced_view_is_the_mean_of_its_pixels(texture):
    image = texture(2)
    view = seen_through(image, scaling((40, 30), (320, 240)), (40, 30))
    expected = cv2.resize(image, (40, 30), interpolation=cv2.INTER_AREA)
    assert np.abs(view.astype(int) - expected).max() <= 2


def test_a_view_of_a_part_is_that_part(texture):
    image = texture(3)
    H = np.array([[1, 0, 100], [0, 1, 50], [0, 0, 1.0]])
    assert np.array_equal(seen_through(image, H, (60, 40)), image[50:90, 100:160])


def test_what_lies_outside_is_not_shown(texture):
    H = np.array([[1, 0, 300], [0, 1, 0], [0, 0, 1.0]])
    visible = shown(H, (40, 30), (320, 240))
    assert visible[:, :20].all() and not visible[:, 20:].any()
    assert seen_through(texture(4), H, (40, 30)).shape == (30, 40)


def test_what_lies_beyond_the_horizon_is_not_shown():
    H = np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0, 1.0]])  # the horizon is at x = 50
    visible = shown(H, (80, 10), (10**6, 10**6))
    assert visible[:, :50].all() and not visible[:, 50:].any()


@pytest.mark.parametrize('seed', range(6))
def test_what_is_shown_is_what_each_pixel_says_for_itself(seed):
    rng = np.random.default_rng(seed)
    H = np.array([[1.7, 0, 20], [0, 1.7, 10], [0, 0, 1]]) + rng.normal(0, 1, (3, 3)) * [[0.4], [0.4], [4e-3]]
    H *= (-1) ** seed
    x, y = np.meshgrid(np.arange(90.0), np.arange(60.0))
    u, v, w = (H @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])).reshape(3, 60, 90)
    near = w * w[30, 45] > 0
    inside = (u / w > -0.5) & (v / w > -0.5) & (u / w < 159.5) & (v / w < 119.5)
    np.testing.assert_array_equal(shown(H, (90, 60), (160, 120)), near & inside)
    assert inside.any()


def test_scale_at_the_centre():
    assert scale_at_centre(np.diag([3.0, 3.0, 1.0]), (100, 100)) == pytest.approx(3)
    assert scale_at_centre(np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0, 1.0]]), (100, 100)) == np.inf


@pytest.mark.parametrize('shape', [(1, 1), (1, 50), (50, 1)])
def test_a_tiny_image_gives_a_view(shape):
    view = seen_through(np.full(shape, 7, np.uint8), scaling((4, 4), shape[::-1]), (4, 4))
    assert view.shape == (4, 4) and (view == 7).all()
