# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest

from waymark.boxes import corners, from_corners, rotated_iou, rotated_iou_matrix


@pytest.fixture
def references(shared_data):
    return json.loads((shared_data('metric_refs') / 'reference_values.json').read_text())['rotated_iou']


def test_equals_the_reference_cases_of_mmcv(references):
    rotated, quadrilateral, _ = references
    for sign in (1, -1):
        turn = np.array([1, 1, 1, 1, sign])
        ious = rotated_iou_matrix(rotated['boxes1'] * turn, rotated['boxes2'] * turn)
        if sign == 1:
            np.testing.assert_allclose(ious, rotated['iou'], atol=rotated['tol'])
    squares = (np.reshape(quadrilateral[k], (-1, 4, 2)) for k in ('boxes1', 'boxes2'))
    first, second = squares
    is_rectangle = [abs(area(p) - np.prod(from_corners(p)[2:4])) < 1e-9 for p in np.concatenate([first, second])]
    rows, columns = np.array(is_rectangle[:3]), np.array(is_rectangle[3:])
    assert rows.sum() * columns.sum() >= 2
    expected = np.array(quadrilateral['iou'])[np.ix_(rows, columns)]
    got = rotated_iou_matrix(from_corners(first[rows]), from_corners(second[columns]))
    np.testing.assert_allclose(got, expected, atol=quadrilateral['tol'])


def test_equals_the_reference_cases_of_detectron2(references):
    for case in references[2]['cases']:
        a, b = (np.array([*case[k][:4], -np.radians(case[k][4])]) for k in 'ab')
        iou = float(rotated_iou(a, b))
        if 'iou' in case:
            assert iou == pytest.approx(case['iou'], abs=1e-5), case['name']
        else:
            assert iou >= case['iou_min'], case['name']


def area(polygon):
    x, y = np.asarray(polygon, float).T
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def clipped(subject, clip):
    """Sutherland and Hodgman 1974: the part of a polygon inside a convex one."""
    for p, q in zip(clip, np.roll(clip, -1, axis=0), strict=True):
        side = [(q[0] - p[0]) * (v[1] - p[1]) - (q[1] - p[1]) * (v[0] - p[0]) for v in subject]
        kept = []
        for k in range(len(subject)):
            v, w, a, b = subject[k], subject[(k + 1) % len(subject)], side[k], side[(k + 1) % len(subject)]
            kept += [v] if a >= 0 else []
            kept += [v + (w - v) * a / (a - b)] if a * b < 0 else []
        subject = kept
    return subject


def test_equals_polygon_clipping_on_random_pairs():
    rng = np.random.default_rng(1)
    a, b = (
        np.column_stack([rng.uniform(0, 20, (300, 2)), rng.uniform(1, 30, (300, 2)), rng.uniform(-4, 4, 300)])
        for _ in range(2)
    )
    for one, other, iou in zip(a, b, rotated_iou(a, b), strict=True):
        inter = clipped(list(corners(one)), corners(other))
        shared = area(inter) if len(inter) > 2 else 0.0
        assert iou == pytest.approx(shared / (one[2] * one[3] + other[2] * other[3] - shared), abs=1e-12)


@pytest.mark.parametrize(
    ('a', 'b', 'iou'),
    [
        ((0, 0, 10, 4, 0), (0, 0, 10, 4, 0), 1),
        ((0, 0, 10, 4, 0.3), (0, 0, 4, 10, 0.3 + np.pi / 2), 1),
        ((0, 0, 10, 4, -np.pi / 2), (0, 0, 10, 4, np.pi / 2), 1),
        ((0, 0, 10, 4, 0), (10, 0, 10, 4, 0), 0),
        ((0, 0, 10, 4, 0), (5, 0, 10, 4, 0), 1 / 3),
        ((0, 0, 4, 4, 0), (0, 0, 4, 4, np.pi / 4), 1 / np.sqrt(2)),
        ((0, 0, 10, 10, 0.7), (0, 0, 5, 5, 0.7), 0.25),
        ((0, 0, 10, 4, 0), (0, 0, 10, 0, 0), 0),
        ((3, 3, 0, 0, 0), (3, 3, 0, 0, 0), 0),
        ((1e6, 1e6, 10, 4, 0.3), (1e6 + 5 * np.cos(0.3), 1e6 + 5 * np.sin(0.3), 10, 4, 0.3), 1 / 3),
    ],
)
def test_known_cases(a, b, iou):
    assert rotated_iou(a, b) == pytest.approx(iou, abs=1e-9)
    assert rotated_iou(b, a) == pytest.approx(iou, abs=1e-9)


def test_nearly_equal_boxes_overlap_nearly_fully():
    rng = np.random.default_rng(2)
    boxes = np.column_stack([rng.uniform(0, 4000, (2000, 2)), rng.uniform(1, 300, (2000, 2)), rng.uniform(-2, 2, 2000)])
    ious = rotated_iou(boxes, boxes + rng.normal(0, 1e-12, boxes.shape))
    assert ious.min() > 1 - 1e-8 and ious.max() <= 1


def test_the_matrix_holds_every_pair_and_is_empty_for_no_boxes():
    rng = np.random.default_rng(4)
    a, b = (np.column_stack([rng.uniform(0, 99, (n, 2)), rng.uniform(1, 40, (n, 2)), rng.random(n)]) for n in (40, 30))
    np.testing.assert_allclose(rotated_iou_matrix(a, b), rotated_iou(a[:, None], b[None]), atol=1e-12)
    assert rotated_iou_matrix(a, np.empty((0, 5))).shape == (40, 0)
    assert rotated_iou_matrix(np.empty((0, 5)), b).shape == (0, 30)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r'b: expected shape \(..., 5\), got \(2, 4\)'):
        rotated_iou_matrix(np.ones((1, 5)), np.ones((2, 4)))
    with pytest.raises(ValueError, match='a: expected shape'):
        rotated_iou_matrix(np.ones(5), np.ones((2, 5)))
