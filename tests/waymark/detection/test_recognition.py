# SPDX-License-Identifier: Apache-2.0
import pytest

from waymark.detection.recognition import recognise
from waymark.errors import ModelError

HEADS = {'a': (1, 79, 80, 80), 'b': (1, 79, 40, 40), 'c': (1, 79, 20, 20), 'angle': (1, 1, 8400)}
LOGITS = {'logits': (1, 300, 80), 'pred_boxes': (1, 300, 4)}


@pytest.mark.parametrize(
    ('outputs', 'classes', 'decoder'),
    [
        ({'output0': (1, 20, 8400)}, 15, 'yolo_obb'),
        ({'output0': (1, 20, 8400)}, 16, 'yolo'),
        ({'output0': (1, 300, 7)}, 15, 'yolo_obb_end2end'),
        ({'output0': (1, 300, 6)}, None, 'yolo_end2end'),
        (HEADS, 15, 'rockchip_obb'),
        (HEADS, None, 'rockchip_obb'),
        ({'dets': (1, 200, 6), 'labels': (1, 200)}, 15, 'rtmdet_rotated'),
        (LOGITS, 80, 'detr_sigmoid'),
        (LOGITS, 79, 'detr'),
    ],
)
def test_names_and_shapes_tell_the_decoder(outputs, classes, decoder):
    assert recognise('m', outputs, classes) == decoder


@pytest.mark.parametrize(
    ('outputs', 'classes', 'message'),
    [
        ({'output0': (1, 20, 8400)}, None, 'an unknown number of classes: that may be yolo or yolo_obb. Name the'),
        (LOGITS, None, 'that may be detr or detr_sigmoid'),
        ({'output0': (1, 20, 8400)}, 14, r"model 'm' gives output0 \(1, 20, 8400\) with 14 class names: no decoder"),
        (HEADS, 16, 'no decoder reads that'),
        ({'output0': (1, 1000)}, 15, 'no decoder reads that'),
        ({}, None, 'no decoder reads that'),
    ],
)
def test_what_fits_two_or_none_is_not_guessed(outputs, classes, message):
    with pytest.raises(ModelError, match=message):
        recognise('m', outputs, classes)
