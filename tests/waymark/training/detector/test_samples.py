# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.boxes import corners
from waymark.training.detector.samples import Labelled, change_light, draw_crops, moved, seen_share

BOX = np.array([[70.0, 60.0, 48.0, 16.0, 0.5]])


def picture_of(box, size=160):
    rgb = np.zeros((size, size, 3), np.uint8)
    points = np.rint(corners(box)[0] * 16).astype(np.int32)
    cv2.fillPoly(rgb, [points], (255, 255, 255), cv2.LINE_8, 4)
    return Labelled(rgb, box, np.array([1]))


def filled(box, size):
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(corners(box) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return mask.astype(bool)


def test_boxes_stay_on_what_they_label_wherever_the_crop_lies():
    picture, checked = picture_of(np.array([[200.0, 200, 60, 20, 0.5]]), 400), 0
    for seed in range(40):
        crop = draw_crops([picture], 1, 128, 1.0, np.random.default_rng(seed))[0]
        for box in crop.boxes[seen_share(crop.boxes * [1, 1, 2, 2, 1], 128) == 1]:
            inside, around = (filled(box * [1, 1, k, k, 1], 128) for k in (0.9, 1.3))
            ring = around & ~filled(box * [1, 1, 1.1, 1.1, 1], 128)
            assert crop.rgb[inside].mean() > crop.rgb[ring].mean() + 25
            checked += 1
    assert checked >= 10


def test_a_turned_and_mirrored_view_turns_and_mirrors_the_box():
    mirror = np.array([[-1.0, 0, 159], [0, 1, 0]])
    np.testing.assert_allclose(moved(BOX, mirror), [[89, 60, 48, 16, -0.5]])
    quarter = np.array([[0.0, -2, 100], [2, 0, 5]])
    np.testing.assert_allclose(moved(BOX, quarter), [[-20, 145, 96, 32, 0.5 - np.pi / 2]])


def test_the_share_of_a_box_that_is_seen():
    boxes = [[50, 50, 20, 10, 0.3], [0, 50, 40, 10, 0], [-60, 50, 20, 10, 0]]
    np.testing.assert_allclose(seen_share(np.array(boxes), 100), [1, 0.6, 0])


def test_small_and_cut_boxes_are_neither_wanted_nor_a_mistake():
    boxes = np.array([[80.0, 80, 6, 3, 0], [80, 40, 40, 20, 0], [158, 120, 40, 20, 0]])
    picture = Labelled(np.zeros((160, 160, 3), np.uint8), boxes, np.zeros(3, np.int64))
    for seed in range(20):
        crop = draw_crops([picture], 1, 160, 0.0, np.random.default_rng(seed))[0]
        small = crop.boxes[:, 2] < 9
        assert crop.ignored[small].all()
        assert not crop.ignored[(crop.boxes[:, 2] > 9) & (seen_share(crop.boxes, 160) > 0.5)].any()


def test_equal_numbers_draw_equal_crops():
    first, second = (draw_crops([picture_of(BOX)], 3, 96, 1.0, np.random.default_rng(4)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.rgb, b.rgb)
        np.testing.assert_array_equal(a.boxes, b.boxes)


@pytest.mark.parametrize('seed', range(8))
def test_another_light_is_still_a_picture(seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (32, 48, 3), np.uint8)
    changed = change_light(rgb, 1.0, np.random.default_rng(seed))
    assert changed.dtype == np.uint8
    assert changed.shape == rgb.shape


def test_no_strength_changes_no_light():
    rgb = np.full((8, 8, 3), 99, np.uint8)
    assert change_light(rgb, 0.0, np.random.default_rng(0)) is rgb
