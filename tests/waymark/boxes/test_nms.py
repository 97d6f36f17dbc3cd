# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import nms, probiou_matrix


def greedy(boxes, scores, threshold, classes=None):
    """The definition, in float64: from the best score down, a loop over all."""
    order = np.argsort(-scores, kind='stable')
    agree = probiou_matrix(boxes[order], boxes[order]) > threshold
    if classes is not None:
        agree &= classes[order][:, None] == classes[order]
    gone, kept = np.zeros(len(boxes), bool), []
    for place, index in enumerate(order):
        if not gone[place]:
            kept.append(index)
            gone |= agree[place]
    return kept


def scene(seed):
    """Clusters of jittered boxes: squares, angles around the wrap, exact copies, equal scores, boxes without area."""
    rng = np.random.default_rng(seed)
    objects, count = int(rng.integers(1, 12)), int(rng.integers(1, 60))
    sides = rng.uniform(2, 60, (objects, 2))
    sides[::3, 1] = sides[::3, 0]
    theta = np.where(rng.random(objects) < 0.5, np.pi / 2, rng.uniform(-4, 4, objects))
    base = np.column_stack([rng.uniform(0, 150, (objects, 2)), sides, theta])
    boxes = base[rng.integers(0, objects, count)] + rng.normal(0, 1, (count, 5)) * [2, 2, 1, 1, 0.1]
    boxes[:, 2:4] = np.maximum(boxes[:, 2:4], 0)
    flipped = rng.random(count) < 0.3
    boxes[flipped] = boxes[flipped][:, [0, 1, 3, 2, 4]] + [0, 0, 0, 0, np.pi / 2]
    copies = rng.integers(0, count, (2, count // 5))
    boxes[copies[0]] = boxes[copies[1]]
    scores = np.round(rng.random(count), int(rng.integers(1, 6)))
    return boxes, scores, rng.integers(0, 3, count), float(rng.uniform(0.05, 0.95))


def assert_scenes_equal(seeds):
    for seed in seeds:
        boxes, scores, classes, threshold = scene(seed)
        assert nms(boxes, scores, threshold).tolist() == greedy(boxes, scores, threshold), seed
        kept = nms(boxes, scores, threshold, classes).tolist()
        assert kept == greedy(boxes, scores, threshold, classes), seed


def test_keeps_exactly_the_boxes_of_the_loop():
    assert_scenes_equal(range(150))


@pytest.mark.slow
def test_keeps_exactly_the_boxes_of_the_loop_in_ten_thousand_scenes():
    assert_scenes_equal(range(10_000))


def test_many_boxes_are_done_in_blocks_with_the_same_result():
    rng = np.random.default_rng(0)
    base = np.column_stack([rng.uniform(0, 400, (200, 2)), rng.uniform(5, 60, (200, 2)), rng.uniform(-2, 2, 200)])
    boxes = np.abs(base[rng.integers(0, 200, 1500)] + rng.normal(0, 1.5, (1500, 5)) * [1, 1, 1, 1, 0.1])
    scores = rng.random(1500)
    assert nms(boxes, scores, 0.3).tolist() == greedy(boxes, scores, 0.3)


def test_ten_thousand_copies_leave_one():
    assert nms(np.tile([50, 50, 90, 40, 0.3], (10_000, 1)), np.linspace(0, 1, 10_000)).tolist() == [9999]


def test_ten_thousand_separate_boxes_all_stay():
    x, y = np.meshgrid(np.arange(100) * 20.0, np.arange(100) * 20.0)
    boxes = np.column_stack([x.ravel(), y.ravel(), np.full((10_000, 2), 10.0), np.zeros(10_000)])
    assert nms(boxes, np.ones(10_000)).tolist() == list(range(10_000))


def test_of_equal_scores_the_first_stays():
    boxes = np.tile([5.0, 5, 10, 4, 0], (3, 1))
    assert nms(boxes, np.array([0.5, 0.9, 0.9])).tolist() == [1]


def test_classes_leave_each_other_alone_only_when_given():
    boxes = np.tile([5.0, 5, 10, 4, 0], (3, 1))
    scores = np.array([0.5, 0.9, 0.7])
    assert nms(boxes, scores, classes=np.array([7, -3, 7])).tolist() == [1, 2]
    assert nms(boxes, scores).tolist() == [1]


def test_a_threshold_of_one_keeps_all():
    boxes = np.tile([5.0, 5, 10, 4, 0], (3, 1))
    assert nms(boxes, np.array([0.5, 0.9, 0.7]), 1.0).tolist() == [1, 2, 0]


def test_no_box_and_one_box_pass():
    assert nms(np.empty((0, 5)), np.empty(0)).tolist() == []
    assert nms(np.empty((0, 5)), np.empty(0), classes=np.empty(0, int)).tolist() == []
    assert nms([(0, 0, 0, 0, 0)], [0.3]).tolist() == [0]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((np.ones((2, 4)), np.ones(2)), 'boxes: expected shape'),
        ((np.ones((2, 5)), np.ones(3)), r'scores: expected shape \(2,\), got \(3,\)'),
        ((np.ones((2, 5)), [0.5, np.nan]), 'scores: 1 of 2 values are not finite'),
        ((np.ones((2, 5)), np.ones(2), 0.0), 'threshold: must be above 0'),
        ((np.ones((2, 5)), np.ones(2), 0.5, np.zeros(1)), 'classes: expected shape'),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nms(*arguments)
