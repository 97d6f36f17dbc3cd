# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.affine_views import describe_views
from waymark.image.geometry import transform_points
from waymark.image.view_matching import hypotheses


@pytest.mark.parametrize(('tilt', 'views'), [(1.0, 1), (2.0, 5), (4.0, 10)])
def test_a_tilt_has_its_number_of_directions(texture, tilt, views):
    described = describe_views(texture(1), tilt, 320, 300)
    assert len(described) == views
    for view in described:
        assert len(view) > 10 and view.descriptors.shape == (len(view), 128)
        np.testing.assert_allclose(np.linalg.norm(view.descriptors, axis=1), 1, atol=1e-3)


def test_points_of_every_view_are_pixels_of_the_picture():
    """A bright disc on black: wherever a view is taken from, its feature is its middle."""
    picture = np.zeros((240, 320), np.uint8)
    cv2.circle(picture, (200, 90), 30, 255, -1, cv2.LINE_AA)
    views = describe_views(picture, 2.0, 320, 300)
    points = np.concatenate([v.points_px for v in views])
    assert len(points) >= 3
    assert (np.linalg.norm(points - [200, 90], axis=1) < 2).all()


def test_points_of_a_reduced_picture_are_in_full_pixels(texture):
    large = describe_views(texture(2, (640, 480)), 1.0, 320, 300)[0]
    assert large.points_px[:, 0].max() > 500


@pytest.mark.parametrize('shape', [(1, 1), (20, 400), (31, 31)])
def test_a_tiny_picture_has_no_views(shape):
    assert describe_views(np.zeros(shape, np.uint8), 2.0, 320, 100) == ()


def test_a_blank_picture_has_views_without_features():
    views = describe_views(np.full((240, 320), 90, np.uint8), 2.0, 320, 100)
    assert len(views) == 5 and all(len(v) == 0 for v in views)


def test_views_find_a_tilt_that_the_picture_itself_does_not(texture):
    reference = texture(4, (480, 360))
    H = np.array([[0.25, 0, 150], [0, 1.0, 0], [0, 0, 1.0]])  # tilt 4
    smooth = cv2.GaussianBlur(reference, (0, 0), sigmaX=2.0, sigmaY=0.01)
    current = cv2.warpPerspective(smooth, H, (480, 360), borderMode=cv2.BORDER_REPLICATE)
    plain = [describe_views(g, 1.0, 480, 600) for g in (reference, current)]
    tilted = (*plain[0], *describe_views(reference, 4.0, 480, 600))
    found = hypotheses(tilted, plain[1], (1, 1), 0.8, 3.0, 'sift')[0]
    points = np.array([[100.0, 100.0], [300.0, 250.0]])
    off = transform_points(found.H_cur_ref, points) - transform_points(H, points)
    assert np.abs(off).max() < 3 and found.inliers > 20 and found.method == 'sift'
