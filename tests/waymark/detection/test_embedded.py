# SPDX-License-Identifier: Apache-2.0
"""The detector that ships: it is found by its name, small, and finds what it is for on scenes it was not taught on."""

import numpy as np
import pytest

from waymark.boxes import nms
from waymark.detection import Detections, Detector, DetectorConfig, average_precision
from waymark.detection.stored import read_detector
from waymark_sim.aerial import CLASS_NAMES, make_scene

FIRST_SEED = 7_000_000
MEGABYTES_5 = 5 * 1000 * 1000


@pytest.fixture(scope='module')
def embedded():
    return Detector.from_config(DetectorConfig(backend='onnx', threads=1))


def test_it_is_what_is_used_when_nothing_is_named(embedded):
    assert embedded.manifest.name == 'waymark-obb-1'
    assert embedded.manifest.class_names == CLASS_NAMES
    assert embedded.parity.share == 1.0
    assert embedded.parity.boxes > 20


def test_model_and_references_are_at_most_five_megabytes():
    stored, where = read_detector('waymark-obb-1')
    assert where == 'embedded'
    assert sum(f.stat().st_size for f in stored.folder.iterdir()) <= MEGABYTES_5


def test_an_empty_ground_has_no_objects(embedded):
    gray = np.full((480, 640, 3), 120, np.uint8)
    assert len(embedded.detect(gray)) == 0


def test_no_object_is_told_as_two_classes(embedded):
    found = embedded.detect(make_scene(FIRST_SEED + 2, 640, 'yard').rgb)
    assert len(found) > 5
    assert len(nms(found.boxes, found.scores, DetectorConfig().nms_threshold)) == len(found)


@pytest.mark.slow
@pytest.mark.parametrize('unseen', [False, True], ids=['grounds as taught on', 'rock, snow and paving'])
def test_it_finds_objects_of_scenes_it_was_not_taught_on(embedded, unseen):
    wide = Detector.from_config(DetectorConfig(backend='onnx', threads=1, confidence=0.01))
    found, truth = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + 12):
        scene = make_scene(seed, unseen=unseen)
        large = scene.boxes[:, 2] >= 12
        found.append(wide.detect(scene.rgb))
        truth.append(Detections(scene.boxes[large], np.ones(large.sum()), scene.classes[large], CLASS_NAMES))
    assert average_precision(found, truth).class_agnostic_map50 >= 0.75
