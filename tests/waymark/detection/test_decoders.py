# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from tests.support.tiny_detectors import yolo_table

from waymark.detection.decoders import DECODERS, Wanted
from waymark.errors import ModelError

ROWS = np.array([(10, 20, 30, 8, 0.4, 0.9, 1), (40, 30, 12, 6, -0.7, 0.6, 0), (1, 1, 2, 2, 0, 0.1, 0)])
WANTED = Wanted('m', (64, 64), 2, 0.25)


def decode(name, *outputs, wanted=WANTED):
    raw = DECODERS[name].decode([np.asarray(o, np.float32) for o in outputs], wanted)
    return np.column_stack([raw.boxes, raw.scores, raw.classes])


def logit(p):
    return np.log(p) - np.log1p(-p)


def test_oriented_yolo_gives_the_boxes_of_its_table():
    np.testing.assert_allclose(decode('yolo_obb', yolo_table(ROWS)), ROWS[:2], atol=1e-6)


def test_upright_yolo_has_no_angle():
    expected = ROWS[:2] * [1, 1, 1, 1, 0, 1, 1]
    np.testing.assert_allclose(decode('yolo', yolo_table(ROWS, is_oriented=False)), expected, atol=1e-6)


def test_end_to_end_rows_are_boxes_and_padding_is_not():
    rows = np.zeros((1, 5, 7))
    rows[0, :2] = ROWS[:2][:, [0, 1, 2, 3, 5, 6, 4]]
    np.testing.assert_allclose(decode('yolo_obb_end2end', rows), ROWS[:2], atol=1e-6)
    edges = [[(10, 20, 40, 28, 0.9, 1), (0, 0, 0, 0, 0, 0)]]
    np.testing.assert_allclose(decode('yolo_end2end', edges), [(25, 24, 30, 8, 0, 0.9, 1)], atol=1e-6)


def test_rtmdet_gives_boxes_and_labels_apart():
    dets, labels = ROWS[None, :, [0, 1, 2, 3, 4, 5]], ROWS[None, :, 6]
    np.testing.assert_allclose(decode('rtmdet_rotated', dets, labels), ROWS[:2], atol=1e-6)


def test_detr_is_a_softmax_with_no_object_at_its_end():
    shares = np.array([[0.1, 0.7, 0.2], [0.05, 0.05, 0.9]])
    boxes = [[(0.5, 0.25, 0.2, 0.1), (0.1, 0.1, 0.1, 0.1)]]
    found = decode('detr', np.log(shares)[None] + 3, boxes)
    np.testing.assert_allclose(found, [(32, 16, 12.8, 6.4, 0, 0.7, 1)], atol=1e-4)


def test_the_sigmoid_family_takes_the_best_scores_of_all_queries_and_classes():
    scores = np.array([[0.8, 0.6], [0.3, 0.05]])
    boxes = [[(0.5, 0.25, 0.2, 0.1), (0.25, 0.5, 0.5, 0.25)]]
    found = decode('detr_sigmoid', logit(scores)[None], boxes, wanted=Wanted('m', (64, 32), 2, 0.25))
    first = (32, 8, 12.8, 3.2, 0)
    np.testing.assert_allclose(found, [(*first, 0.8, 0), (*first, 0.6, 1)], atol=1e-4)


def rockchip_outputs(cell_row, cell_column, distances, angle, score):
    """Heads of strides 8, 16, 32 of a 64 x 64 input, one object of class 1 in a cell of stride 16."""
    heads = [np.full((1, 66, n, n), -20.0) for n in (8, 4, 2)]
    for side, distance in enumerate(distances):
        heads[1][0, 16 * side + int(distance), cell_row, cell_column] = 20.0
    heads[1][0, 65, cell_row, cell_column] = logit(score)
    angles = np.full((1, 1, 64 + 16 + 4), 0.25)
    angles[0, 0, 64 + 4 * cell_row + cell_column] = angle / np.pi + 0.25
    return [*heads, angles]


@pytest.mark.parametrize('order', [(0, 1, 2, 3), (3, 2, 0, 1)])
def test_rockchip_distances_lie_along_the_axes_of_the_box(order):
    # Left 1, up 2, right 3, down 2 strides of 16 px: 64 x 64 px, its middle one stride along the box's own x.
    theta, outputs = 0.5, rockchip_outputs(2, 1, (1, 2, 3, 2), 0.5, 0.8)
    found = decode('rockchip_obb', *[outputs[k] for k in order])
    expected = [(16 * (1.5 + np.cos(theta)), 16 * (2.5 + np.sin(theta)), 64, 64, theta, 0.8, 1)]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_rockchip_without_matching_angles_is_refused():
    outputs = rockchip_outputs(2, 1, (1, 2, 3, 2), 0.5, 0.8)
    with pytest.raises(ModelError, match='84 angles. Export it as rknn_model_zoo does'):
        decode('rockchip_obb', *outputs[:3], outputs[3][..., :-1])


@pytest.mark.parametrize('name', ['yolo_obb', 'yolo'])
def test_another_number_of_classes_is_refused_with_both(name):
    table = yolo_table(ROWS, class_count=3, is_oriented=name == 'yolo_obb')
    with pytest.raises(ModelError, match="model 'm' has 3 classes, its manifest names 2"):
        decode(name, table)


def test_a_class_without_a_name_is_refused():
    with pytest.raises(ModelError, match="model 'm' gave class 2, its manifest names 2"):
        decode('yolo_end2end', [[(1, 2, 3, 4, 0.9, 2)]])


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused(value):
    table = yolo_table(ROWS)
    table[0, 4:6, 2] = value
    with pytest.raises(ModelError, match="model 'm' gave 1 of 3 scores that are not finite"):
        decode('yolo_obb', table)


def test_a_batch_and_rows_of_another_length_are_refused():
    with pytest.raises(ModelError, match=r'shape \(2, 7, 3\). Export it for one image'):
        decode('yolo_obb', np.zeros((2, 7, 3)))
    with pytest.raises(ModelError, match='gave rows of 6, its decoder reads 7 numbers'):
        decode('yolo_obb_end2end', np.zeros((1, 3, 6)))


@pytest.mark.parametrize('name', ['yolo_obb', 'yolo', 'detr', 'detr_sigmoid'])
def test_nothing_found_is_no_boxes(name):
    empty = {'yolo_obb': [np.zeros((1, 7, 9))], 'yolo': [np.zeros((1, 6, 9))]}
    outputs = empty.get(name, [np.full((1, 4, 3 if name == 'detr' else 2), -9.0), np.zeros((1, 4, 4))])
    if name == 'detr':
        outputs[0][..., -1] = 9
    assert decode(name, *outputs).shape == (0, 7)
