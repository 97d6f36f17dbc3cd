# SPDX-License-Identifier: Apache-2.0
"""Exports of transformers' detectors, found by Waymark as by transformers' own post-processing."""

import json
import os
import subprocess

import cv2
import numpy as np
import pytest

from waymark.boxes import axis_aligned, rotated_iou_matrix
from waymark.detection import Detector, DetectorConfig
from waymark.environments import find_interpreter
from waymark.errors import BackendUnavailable

pytestmark = [pytest.mark.models, pytest.mark.timeout(900)]

DECODERS = {'detr': 'detr', 'deformable_detr': 'deformable_detr', 'rt_detr': 'detr_sigmoid', 'd_fine': 'detr_sigmoid'}


@pytest.fixture(scope='module')
def exports(repo, tmp_path_factory):
    try:
        python = find_interpreter('models')
    except BackendUnavailable as error:
        pytest.skip(str(error))
    out = tmp_path_factory.mktemp('detectors')
    done = subprocess.run(
        [python, repo / 'tests' / 'support' / 'export_detectors.py', out],
        env=os.environ | {'PYTHONPATH': ''},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return out


@pytest.mark.parametrize('family', DECODERS)
def test_boxes_are_those_of_transformers_own_post_processing(exports, family):
    folder = exports / family
    expected = json.loads((folder / 'expected.json').read_text())
    detector = Detector.from_config(DetectorConfig(model=str(folder / 'model.onnx'), confidence=0.3, backend='onnx'))
    image = np.ascontiguousarray(cv2.imread(str(folder / 'image.png'))[..., ::-1])

    found = detector.detect(image)

    assert detector.manifest.decoder == DECODERS[family]
    assert f'transformers, {family}' in detector.description
    boxes = axis_aligned(np.array(expected['boxes']) - 0.5)  # pixel edges to pixel centres
    order = np.argsort(-np.array(expected['scores']), kind='stable')
    assert len(found) == len(boxes) >= 3
    assert len(set(np.round(expected['scores'], 3))) > 2, 'not one answer for all'
    np.testing.assert_allclose(found.scores, np.array(expected['scores'])[order], atol=1e-4)
    np.testing.assert_allclose(found.boxes[:, :2], boxes[order][:, :2], atol=1e-3)
    assert np.diag(rotated_iou_matrix(found.boxes, boxes[order])).min() > 0.9999
    assert found.classes.tolist() == np.array(expected['labels'])[order].tolist()
