# SPDX-License-Identifier: Apache-2.0
import itertools

import cv2
import numpy as np
import pytest

from waymark.boxes import axis_aligned, canonical, corners, from_corners


def random_boxes(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack(
        [rng.uniform(-50, 50, (count, 2)), rng.uniform(1, 40, (count, 2)), rng.uniform(-9, 9, count)]
    )


def same_outline(a, b):
    """Largest distance of any corner of one from the nearest corner of the other."""
    apart = np.linalg.norm(corners(a)[:, :, None] - corners(b)[:, None], axis=-1)
    return max(apart.min(axis=1).max(), apart.min(axis=2).max())


@pytest.mark.parametrize(
    ('box', 'expected'),
    [
        ((1, 2, 30, 10, 0.3), (1, 2, 30, 10, 0.3)),
        ((1, 2, 10, 30, 0.3), (1, 2, 30, 10, 0.3 - np.pi / 2)),
        ((0, 0, 30, 10, np.pi / 2), (0, 0, 30, 10, -np.pi / 2)),
        ((0, 0, 30, 10, -np.pi / 2), (0, 0, 30, 10, -np.pi / 2)),
        ((0, 0, 10, 30, 0), (0, 0, 30, 10, -np.pi / 2)),
        ((0, 0, 30, 10, 3 * np.pi), (0, 0, 30, 10, 0)),
        ((0, 0, 20, 20, np.pi / 4), (0, 0, 20, 20, -np.pi / 4)),
        ((0, 0, 20, 20, -np.pi / 4), (0, 0, 20, 20, -np.pi / 4)),
        ((0, 0, 20, 20, 1.0), (0, 0, 20, 20, 1.0 - np.pi / 2)),
        ((0, 0, 0, 0, 2.0), (0, 0, 0, 0, 2.0 - np.pi / 2)),
    ],
)
def test_each_box_has_one_form(box, expected):
    np.testing.assert_allclose(canonical(box), expected, atol=1e-12)


def test_the_form_holds_for_any_box_and_keeps_its_outline():
    boxes = random_boxes(2000)
    boxes[::7, 3] = boxes[::7, 2]
    rows = canonical(boxes)
    limit = np.where(rows[:, 2] == rows[:, 3], np.pi / 4, np.pi / 2)
    assert (rows[:, 2] >= rows[:, 3]).all()
    assert ((rows[:, 4] >= -limit) & (rows[:, 4] < limit)).all()
    assert same_outline(boxes, rows) < 1e-12
    assert not rows.flags.writeable


def test_what_is_canonical_stays_as_it_is_bit_by_bit():
    edges = [-np.pi / 2, np.nextafter(np.pi / 2, 0), np.nextafter(-np.pi / 2, 0), 0.0, 1e-300]
    boxes = np.vstack([random_boxes(500), [(0, 0, 30, 10, theta) for theta in edges]])
    once = canonical(boxes)
    assert once.tobytes() == canonical(once).tobytes()


def test_corners_run_clockwise_on_the_screen_from_the_upper_left():
    expected = [(5, 18), (15, 18), (15, 22), (5, 22)]
    np.testing.assert_allclose(corners((10, 20, 10, 4, 0)), expected)
    np.testing.assert_allclose(corners((10, 20, 10, 4, np.pi / 2))[0], (12, 15), atol=1e-12)


def test_corners_are_those_of_opencv_with_the_same_angle():
    for box in random_boxes(50):
        expected = cv2.boxPoints((tuple(box[:2]), tuple(box[2:4]), float(np.degrees(box[4]))))
        apart = np.linalg.norm(expected[:, None] - corners(box), axis=-1)
        assert apart.min(axis=0).max() < 1e-4


def test_the_corners_of_a_box_give_it_back_in_any_order():
    rows = canonical(random_boxes(200))
    for order in itertools.permutations(range(4)):
        np.testing.assert_allclose(from_corners(corners(rows)[:, list(order)])[:, :4], rows[:, :4], atol=1e-9)
        assert same_outline(from_corners(corners(rows)[:, list(order)]), rows) < 1e-9


def test_four_points_that_are_no_rectangle_get_the_smallest_box_around_them():
    rng = np.random.default_rng(3)
    for points in rng.uniform(0, 100, (200, 4, 2)).astype(np.float32):
        _, (w, h), _ = cv2.minAreaRect(points)
        box = from_corners(points)
        assert box[2] * box[3] == pytest.approx(w * h, rel=1e-4)
        inside = (corners(box) - box[:2])[1] @ np.eye(2)  # a corner is never nearer than any point
        assert np.linalg.norm(points - box[:2], axis=1).max() <= np.linalg.norm(inside) + 1e-4


@pytest.mark.parametrize(
    ('points', 'expected'),
    [
        ([(3, 4)] * 4, (3, 4, 0, 0, 0)),
        ([(0, 0), (0, 8), (0, 2), (0, 8)], (0, 4, 8, 0, -np.pi / 2)),
        ([(0, 0), (3, 3), (1, 1), (2, 2)], (1.5, 1.5, np.sqrt(18), 0, np.pi / 4)),
    ],
)
def test_points_without_area_give_a_box_without_area(points, expected):
    np.testing.assert_allclose(from_corners(points), expected, atol=1e-12)


def test_upright_boxes_become_oriented_ones():
    rows = axis_aligned([(10, 20, 30, 26), (0, 0, 4, 10)])
    np.testing.assert_allclose(rows, [(20, 23, 20, 6, 0), (2, 5, 10, 4, -np.pi / 2)])


def test_no_box_and_one_box_pass():
    assert canonical(np.empty((0, 5))).shape == (0, 5)
    assert corners(np.empty((0, 5))).shape == (0, 4, 2)
    assert from_corners(np.empty((0, 4, 2))).shape == (0, 5)
    assert canonical((1, 2, 3, 4, 5)).shape == (5,)


@pytest.mark.parametrize(
    ('boxes', 'message'),
    [
        (np.zeros((3, 4)), r'boxes: expected shape \(..., 5\), got \(3, 4\)'),
        ([(0, 0, 1, np.nan, 0)], 'boxes: 1 of 5 values are not finite'),
        ([(0, 0, 1, -2, 0)], 'at least 0, got -2'),
    ],
)
def test_wrong_boxes_are_refused(boxes, message):
    with pytest.raises(ValueError, match=message):
        canonical(boxes)


def test_wrong_points_are_refused():
    with pytest.raises(ValueError, match='points: expected shape'):
        from_corners(np.zeros((3, 8)))
