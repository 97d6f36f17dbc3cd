# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from tests.support.tiny_detectors import model_folder, yolo_table

from waymark.detection import Detections, Detector, DetectorConfig
from waymark.detection.parity import reference_output
from waymark.errors import ModelError, ParityError
from waymark.types import ReferencePair

ROWS = np.array([(10, 20, 30, 8, 0.4, 0.9, 1), (40, 30, 12, 6, -0.7, 0.6, 0)])
FOUND = Detections(ROWS[:, :5] - [0.5, 0.5, 0, 0, 0], ROWS[:, 5], ROWS[:, 6], ('car', 'ship'))


def load(folder, output, **config):
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / 'reference.png'), np.zeros((64, 64, 3), np.uint8))
    references = (ReferencePair('reference.png', tuple(output)),)
    model_folder(folder, {'output0': yolo_table(ROWS)}, decoder='yolo_obb', references=references)
    return Detector.from_config(DetectorConfig(model=str(folder), backend='onnx', **config))


def test_the_same_boxes_pass(tmp_path):
    detector = load(tmp_path, reference_output(FOUND))
    assert str(detector.parity) == '1.000 of 2 boxes at IoU .9 >= 0.99 (fp32)'


def test_thresholds_that_are_asked_for_do_not_change_the_parity(tmp_path):
    assert load(tmp_path, reference_output(FOUND), confidence=0.95).parity.share == 1


@pytest.mark.parametrize(
    ('boxes', 'classes'),
    [
        (FOUND.boxes + [0, 3, 0, 0, 0], FOUND.classes),
        (FOUND.boxes + [0, 0, 0, 0, 0.3], FOUND.classes),
        (FOUND.boxes, 1 - FOUND.classes),
        (FOUND.boxes[:1], FOUND.classes[:1]),
    ],
)
def test_other_boxes_are_refused(tmp_path, boxes, classes):
    expected = Detections(boxes, FOUND.scores[: len(boxes)], classes, FOUND.class_names)
    with pytest.raises(ParityError, match="model 'constant' no longer finds what its reference did"):
        load(tmp_path, reference_output(expected))


@pytest.mark.parametrize(('score', 'share'), [(0.27, '1.000'), (0.29, '0.667')])
def test_a_box_just_above_the_threshold_does_not_count_where_it_has_no_match(tmp_path, score, share):
    boxes = np.vstack([FOUND.boxes, (15, 50, 10, 5, 0)])
    expected = Detections(boxes, [0.9, 0.6, score], [1, 0, 0], FOUND.class_names)
    if share == '1.000':
        assert load(tmp_path, reference_output(expected)).parity.share == 1
    else:
        with pytest.raises(ParityError, match='0.667 of 3 boxes'):
            load(tmp_path, reference_output(expected))


def test_a_reference_that_holds_no_boxes_is_refused(tmp_path):
    with pytest.raises(ModelError, match='a reference has 8 numbers, expected 7'):
        load(tmp_path, range(8))
    with pytest.raises(ModelError, match='a reference holds no boxes'):
        load(tmp_path, (1, 2, 3, -4, 5, 6, 0))


def test_an_empty_reference_is_a_model_that_finds_nothing(tmp_path):
    with pytest.raises(ParityError, match='0.000 of 0 boxes'):
        load(tmp_path, ())
