# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.masks import box_mask


def by_definition(box, shape_hw):
    cx, cy, w, h, theta = box
    R = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    inverse = np.linalg.inv(R @ np.diag([w**2 / 12, h**2 / 12]) @ R.T)
    y, x = np.mgrid[: shape_hw[0], : shape_hw[1]]
    d = np.stack([x - cx, y - cy], axis=-1)
    return np.exp(-0.5 * np.einsum('yxi,ij,yxj->yx', d, inverse, d))


@pytest.mark.parametrize(
    'box', [(30, 20, 24, 8, 0.0), (30.4, 19.7, 24, 8, 0.6), (2, 45, 60, 5, -1.2), (-5, -3, 30, 20, 0.3)]
)
def test_a_box_is_the_gaussian_with_the_covariance_of_its_area(box):
    np.testing.assert_allclose(box_mask(np.array([box]), (50, 70)), by_definition(box, (50, 70)), atol=1e-7)


def test_the_centre_is_one_at_the_pixel_whose_centre_it_is():
    mask = box_mask(np.array([[7.0, 3.0, 4, 2, 0.5]]), (10, 12))
    assert np.unravel_index(mask.argmax(), mask.shape) == (3, 7)
    assert mask[3, 7] == 1 and mask.dtype == np.float32


def test_the_width_lies_along_theta_clockwise_on_the_screen():
    mask = box_mask(np.array([[20.0, 20.0, 24, 4, np.pi / 4]]), (41, 41))
    assert mask[26, 26] > 0.3 > 1e-3 > mask[14, 26]


def test_edges_and_corners_have_the_stated_values():
    mask = box_mask(np.array([[20.0, 20.0, 20, 10, 0]]), (41, 41))
    assert mask[20, 30] == pytest.approx(np.exp(-1.5), abs=1e-6)
    assert mask[25, 30] == pytest.approx(np.exp(-3), abs=1e-6)


def test_where_boxes_overlap_the_larger_value_counts():
    boxes = np.array([[10.0, 10, 8, 8, 0], [14.0, 10, 8, 8, 0]])
    both = box_mask(boxes, (20, 30))
    np.testing.assert_array_equal(both, np.maximum(box_mask(boxes[:1], (20, 30)), box_mask(boxes[1:], (20, 30))))
    np.testing.assert_array_equal(box_mask(boxes[[0, 0]], (20, 30)), box_mask(boxes[:1], (20, 30)))


def test_a_score_scales_its_box():
    boxes = np.array([[10.0, 10, 8, 8, 0], [24.0, 10, 4, 4, 0]])
    mask = box_mask(boxes, (20, 30), np.array([0.5, 1.0]))
    assert mask[10, 10] == 0.5 and mask[10, 24] == 1


def test_no_boxes_and_boxes_far_outside_leave_an_empty_mask():
    assert box_mask(np.zeros((0, 5)), (4, 6)).tolist() == np.zeros((4, 6)).tolist()
    assert box_mask(np.array([[500.0, -900, 8, 8, 0.2]]), (4, 6)).max() == 0


@pytest.mark.parametrize(
    ('boxes', 'scores', 'message'),
    [
        (np.zeros((2, 4)), None, r'boxes: expected shape \(N, 5\)'),
        (np.array([[1.0, 1, 0, 1, 0]]), None, 'width and height must be above 0'),
        (np.array([[1.0, np.nan, 1, 1, 0]]), None, 'boxes: 1 of 5 values are not finite'),
        (np.array([[1.0, 1, 1, 1, 0]]), np.ones(2), r'scores: expected shape \(1,\)'),
        (np.array([[1.0, 1, 1, 1, 0]]), np.array([1.5]), 'between 0 and 1'),
    ],
)
def test_boxes_that_are_none_are_refused(boxes, scores, message):
    with pytest.raises(ValueError, match=message):
        box_mask(boxes, (10, 10), scores)
