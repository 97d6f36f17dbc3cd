# SPDX-License-Identifier: Apache-2.0
"""Expected values are counted by hand over 101 recalls 0, .01, .. 1: one of two labels reaches the first 51."""

import numpy as np
import pytest

from waymark.detection import Detections, average_precision

NAMES = ('car', 'ship')


def scene(boxes, scores=None, classes=None):
    count = len(boxes)
    rows = np.reshape(np.asarray(boxes, float), (count, 5))
    return Detections(rows, np.ones(count) if scores is None else scores, classes or [0] * count, NAMES)


def box(x, shift=0.0):
    """20 x 10 px; shifted along its length by s, its IoU with itself is (20 - s) / (20 + s)."""
    return (100.0 * x + shift * np.cos(0.5), shift * np.sin(0.5), 20, 10, 0.5)


def test_what_is_found_exactly_counts_fully():
    truth = scene([box(0), box(1)])
    result = average_precision([scene([box(1), box(0)], [0.4, 0.9])], [truth])
    assert result.map50 == result.map50_95 == result.class_agnostic_map50 == 1
    assert result.per_class['car'].labels == 2 and 'ship' not in result.per_class


def test_half_found_is_precision_one_up_to_half_the_recall():
    result = average_precision([scene([box(0)], [0.9])], [scene([box(0), box(1)])])
    assert result.map50 == pytest.approx(51 / 101)


def test_a_false_box_before_and_after():
    truth = [scene([box(0), box(1)])]
    first = average_precision([scene([box(5), box(0), box(1)], [0.9, 0.8, 0.7])], truth)
    assert first.map50 == pytest.approx(2 / 3)  # the envelope: 2 of 3 at every recall
    middle = average_precision([scene([box(0), box(5), box(1)], [0.9, 0.8, 0.7])], truth)
    assert middle.map50 == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)
    last = average_precision([scene([box(0), box(1), box(5)], [0.9, 0.8, 0.7])], truth)
    assert last.map50 == 1


def test_a_label_is_found_once():
    result = average_precision([scene([box(0), box(0)], [0.9, 0.8])], [scene([box(0), box(1)])])
    assert result.map50 == pytest.approx(51 / 101)


def test_a_worse_box_gets_what_a_better_one_left():
    # Two labels 4 px apart; the better detection takes the one it overlaps most, the other is left for the next.
    truth = scene([box(0), box(0, 4)])
    assert average_precision([scene([box(0, 4), box(0, 3)], [0.9, 0.8])], [truth]).map50 == 1


@pytest.mark.parametrize(('iou', 'passed'), [(0.5, 1), (0.5499, 1), (0.55, 2), (0.7, 5), (0.949, 9), (0.96, 10)])
def test_each_threshold_asks_for_its_overlap(iou, passed):
    shift = 20 * (1 - iou) / (1 + iou)
    result = average_precision([scene([box(0, shift)])], [scene([box(0)])])
    assert result.map50 == 1
    assert result.map50_95 == pytest.approx(passed / 10)


def test_a_turned_box_is_held_against_its_own_angle():
    # 20 x 10 against the same turned by 90 degrees: 10 x 10 in common, IoU 1/3.
    result = average_precision([scene([(0, 0, 20, 10, 0.5 + np.pi / 2)])], [scene([(0, 0, 20, 10, 0.5)])])
    assert result.map50 == 0


def test_boxes_of_other_images_and_classes_do_not_count():
    truth = [scene([box(0)]), scene([box(1)], classes=[1])]
    swapped = [scene([box(1)], [0.9], [1]), scene([box(0)], [0.9], [0])]
    assert average_precision(swapped, truth).map50 == 0
    wrong = [scene([box(0)], [0.9], [1]), scene([box(1)], [0.9], [0])]
    result = average_precision(wrong, truth)
    assert result.map50 == 0 and result.class_agnostic_map50 == 1


def test_the_mean_is_over_classes_not_over_boxes():
    truth = [scene([box(0), box(1), box(2)], classes=[0, 0, 1])]
    result = average_precision([scene([box(0), box(1)], [0.9, 0.8], [0, 0])], truth)
    assert result.map50 == 0.5
    assert result.per_class['car'].ap50 == 1 and result.per_class['ship'].ap50 == 0
    assert result.class_agnostic_map50 == pytest.approx(67 / 101)


def test_scores_rank_across_images():
    truth = [scene([box(0)]), scene([box(0)])]
    found = [scene([box(0), box(7)], [0.5, 0.9]), scene([box(0)], [0.7])]
    assert average_precision(found, truth).map50 == pytest.approx(2 / 3)


def test_a_class_without_labels_is_in_no_mean_but_listed():
    result = average_precision([scene([box(0), box(3)], [0.9, 0.8], [0, 1])], [scene([box(0)])])
    assert result.map50 == 1 and result.per_class['ship'].ap50 is None and result.per_class['ship'].detections == 1


def test_without_labels_there_is_no_number():
    result = average_precision([scene([box(0)])], [scene([])])
    assert result.map50 is result.map50_95 is result.class_agnostic_map50 is None
    assert average_precision([], []).map50 is None


def test_nothing_found_is_zero():
    assert average_precision([scene([])], [scene([box(0)])]).map50 == 0


def test_thirds_of_the_recall_are_not_lost_to_rounding():
    truth = scene([box(k) for k in range(100)])
    result = average_precision([scene([box(k) for k in range(29)])], [truth])
    assert result.map50 == pytest.approx(30 / 101)


def test_images_and_classes_must_be_the_same():
    with pytest.raises(ValueError, match='expected 1 images, got 2'):
        average_precision([scene([])], [scene([]), scene([])])
    with pytest.raises(ValueError, match='class names'):
        average_precision([scene([])], [Detections(np.empty((0, 5)), [], [], ('other',))])
