# SPDX-License-Identifier: Apache-2.0
"""What is wrong with models, images and parameters is named by obb_detector, and never ends it while it runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.support.box_watcher import DETECTOR as NODE
from tests.support.box_watcher import GREEN, RED, scene, shape
from tests.support.rectangle_finder import draw
from tests.support.tiny_detectors import constant_model, yolo_table
from waymark_msgs.msg import FrameHomography

from waymark.errors import WaymarkError

pytestmark = pytest.mark.ros


@pytest.mark.slow
def test_bad_images_and_broken_answers_are_named_and_the_node_goes_on(watcher, detector):
    detector()
    good = scene(((60.0, 100, 60, 20, 0.3), GREEN))
    assert len(watcher.show(good)[0]) == 1
    white = np.full((240, 320, 3), 255, np.uint8)
    draw(white, shape(100, 100, 20, 10, 0), RED)
    watcher.send_pixels(white)  # makes the model's numbers NaN
    assert watcher.wait_for(lambda: 'boxes that are not finite' in watcher.value(NODE, 'last_error'))
    assert "model 'rectangles' gave" in watcher.value(NODE, 'last_error')
    ego = watcher.create_publisher(FrameHomography, 'ego_homography', 10)
    assert watcher.wait_for(lambda: ego.get_subscription_count() > 0)
    ego.publish(FrameHomography(h_cur_prev=[math.nan] * 9))
    assert watcher.wait_for(lambda: watcher.value(NODE, 'last_error').startswith('ego_homography: it is none'))
    empty, _ = watcher.show(np.full((240, 320), 90, np.uint8), 'mono')  # gray, and nothing in it
    assert empty == []
    assert len(watcher.show(scene(((900.0, 500, 600, 200, 0.3), GREEN), size_wh=(1920, 1080)))[0]) == 1


@pytest.mark.slow
def test_ten_thousand_boxes_are_told_and_the_best_are_followed(watcher, detector, tmp_path):
    x, y = np.meshgrid(np.arange(100) * 6.0, np.arange(100) * 6.0)
    count = x.size
    rows = np.column_stack([x.ravel(), y.ravel(), *np.tile([[4], [2], [0.3]], count), np.linspace(0.6, 1, count)])
    table = {'output0': yolo_table(np.column_stack([rows, np.zeros(count)]))}
    stated = {'task': 'obb', 'names': "{0: 'car', 1: 'ship'}", 'imgsz': '[64, 64]', 'version': '8.4'}
    model = constant_model(tmp_path / 'many.onnx', table, metadata=stated)
    detector(model=str(model), max_detections=0, max_tracked=20, confirm_after=1)
    detections, tracks = watcher.show(np.zeros((64, 64, 3), np.uint8))
    assert len(detections) == count and len(tracks) == 20
    ids = [d.id for d in detections]
    assert sorted(filter(None, ids)) == sorted(str(n) for n in range(1, 21)) and all(ids[:20])


@pytest.mark.parametrize(
    ('parameters', 'message'),
    [
        ({'model': ''}, 'obb_detector: model: none is named. Give an ONNX file, a model folder or a manifest.'),
        ({'names': ['one', 'two']}, "model 'rectangles' has 3 classes, its manifest names 2"),
        ({'classes': ['boat']}, "classes: 'boat' is none of the model 'rectangles'"),
        ({'examples': 'x.npz'}, 'examples: they need the encoder that embedded them'),
    ],
)
def test_what_can_not_be_ends_the_start_by_name(detector, parameters, message):
    with pytest.raises(WaymarkError, match=r'.') as caught:
        detector(**parameters)
    assert message in str(caught.value)
