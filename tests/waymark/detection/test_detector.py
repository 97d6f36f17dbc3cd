# SPDX-License-Identifier: Apache-2.0
import json
import logging

import numpy as np
import pytest
from tests.support.tiny_detectors import constant_model, model_folder, yolo_table

from waymark.detection import Detector, DetectorConfig
from waymark.errors import BackendUnavailable, ConfigError, ModelError
from waymark.image.compiled import halve_into_planes

ROWS = np.array([(10, 20, 30, 8, 0.4, 0.9, 1), (10.5, 20, 30, 8, 0.4 + np.pi, 0.8, 1), (40, 30, 12, 6, -0.7, 0.6, 0)])
STATED = {'task': 'obb', 'names': "{0: 'car', 1: 'ship'}", 'imgsz': '[64, 64]', 'version': '8.4'}
IMAGE = np.zeros((64, 64, 3), np.uint8)


def load(model, **fields):
    return Detector.from_config(DetectorConfig(model=str(model), backend='onnx', **fields))


def described(path, table=None, **stated):
    return constant_model(path / 'm.onnx', {'output0': yolo_table(ROWS) if table is None else table},
                          metadata={**STATED, **stated})  # fmt: skip


def test_doubles_go_and_boxes_are_counted_at_pixel_centres(tmp_path):
    found = load(described(tmp_path)).detect(IMAGE)
    np.testing.assert_allclose(found.boxes, [(9.5, 19.5, 30, 8, 0.4), (39.5, 29.5, 12, 6, -0.7)], atol=1e-5)
    np.testing.assert_allclose(found.scores, (0.9, 0.6), atol=1e-6)
    assert found.names == ('ship', 'car')


def test_boxes_lie_in_the_image_whatever_its_shape(tmp_path):
    found = load(described(tmp_path)).detect(np.zeros((64, 128, 3), np.uint8))  # half size, 16 rows above
    np.testing.assert_allclose(found.boxes[0], (19.5, (20 - 16) * 2 - 0.5, 60, 16, 0.4), atol=1e-5)


def test_what_was_chosen_is_said_at_the_start(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        detector = load(described(tmp_path))
    assert detector.description in caplog.text
    for part in ("'m' on onnx (cpu)", 'no manifest, ultralytics 8.4', 'decoder yolo_obb', '2 classes', '64 x 64 rgb'):
        assert part in detector.description


@pytest.mark.parametrize('loop, end', [(halve_into_planes, ', halved by numba'), (None, 'std (1.0, 1.0, 1.0)')])
def test_a_compiled_loop_is_said_at_the_start(tmp_path, monkeypatch, loop, end):
    monkeypatch.setattr('waymark.detection.detector.compiled_halving', lambda: loop)
    assert load(described(tmp_path)).description.endswith(end)


def test_a_manifest_names_the_decoder_or_it_is_recognised(tmp_path):
    table = {'output0': yolo_table(np.repeat(ROWS, 4, axis=0))}
    named = load(model_folder(tmp_path / 'a', table, decoder='yolo_obb'))
    assert 'as stated' in named.description
    recognised = load(model_folder(tmp_path / 'b', table))
    assert 'decoder yolo_obb' in recognised.description and 'recognised from its outputs' in recognised.description
    np.testing.assert_array_equal(named.detect(IMAGE).boxes, recognised.detect(IMAGE).boxes)
    assert load(tmp_path / 'a' / 'model.onnx').manifest.name == 'constant'


def test_end_to_end_boxes_are_not_suppressed_again(tmp_path):
    rows = np.zeros((1, 300, 7), np.float32)
    rows[0, :3] = ROWS[:, [0, 1, 2, 3, 5, 6, 4]]
    assert len(load(described(tmp_path, rows, end2end='True')).detect(IMAGE)) == 3
    assert len(load(described(tmp_path, rows, args="{'nms': True}")).detect(IMAGE)) == 3


def test_classes_suppress_each_other_only_when_asked(tmp_path):
    rows = ROWS.copy()
    rows[1, 6] = 0
    model = described(tmp_path, yolo_table(rows))
    assert len(load(model).detect(IMAGE)) == 3
    assert len(load(model, class_agnostic=True).detect(IMAGE)) == 2


def test_ten_thousand_candidates_are_handled_and_the_best_stay(tmp_path):
    x, y = np.meshgrid(np.arange(100) * 8.0, np.arange(100) * 8.0)
    rows = np.column_stack(
        [x.ravel(), y.ravel(), np.tile([4, 2, 0.3], (10_000, 1)), np.linspace(0.3, 1, 10_000), x.ravel() * 0]
    )
    model = described(tmp_path, yolo_table(rows))
    assert len(load(model, max_detections=0).detect(IMAGE)) == 10_000
    found = load(model, max_detections=7).detect(IMAGE)
    assert len(found) == 7 and found.scores.min() > 0.999


def test_nothing_found_is_empty(tmp_path):
    assert len(load(described(tmp_path), confidence=0.95).detect(IMAGE)) == 0


def test_an_8k_image_and_a_tiny_one_are_taken(tmp_path):
    detector = load(described(tmp_path))
    for shape in ((4320, 7680, 3), (1, 1, 3), (3, 700, 3)):
        assert np.isfinite(detector.detect(np.zeros(shape, np.uint8)).boxes).all()


def test_gray_images_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r'rgb: expected shape \(H, W, 3\)'):
        load(described(tmp_path)).detect(np.zeros((64, 64), np.uint8))


def test_large_images_are_seen_in_tiles_and_for_what_is_long_as_a_whole(tmp_path):
    # The model sees its boxes everywhere: in 2 x 1 tiles of 64 px, 1.75 times as large (52.5 and 21 px) in the whole.
    found = load(described(tmp_path), tile_overlap=0.25).detect(np.zeros((56, 112, 3), np.uint8)).boxes[:, [0, 2]]
    in_tiles = [(x + left - 0.5, w) for left in (0, 48) for x, w in ((10, 30), (40, 12))]
    np.testing.assert_allclose(sorted(found.tolist()), sorted([*in_tiles, (17, 52.5), (69.5, 21)]), atol=1e-4)


def test_a_wrong_number_of_classes_is_refused_at_the_start(tmp_path):
    with pytest.raises(ModelError, match="model 'm' has 2 classes, its manifest names 3"):
        load(described(tmp_path, names="{0: 'a', 1: 'b', 2: 'c'}"))
    with pytest.raises(ModelError, match='has 2 classes, its manifest names 1'):
        load(described(tmp_path), names=('a',))


@pytest.mark.parametrize(('row', 'message'), [(0, '2 of 3 boxes that are not finite'), (4, 'scores that are not')])
def test_numbers_that_are_not_finite_are_refused_by_name(tmp_path, row, message):
    table = yolo_table(ROWS)
    table[0, row, 1:] = np.nan
    with pytest.raises(ModelError, match=message):
        load(described(tmp_path, table))


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ((1, 1, 64, 64), 'one image input of 3 channels'),
        ((2, 3, 64, 64), 'one image input of 3 channels'),
        ((1, 3, 32, 32), r'takes images of \(32, 32\), its manifest prepares \(64, 64\)'),
    ],
)
def test_inputs_that_do_not_fit_are_refused(tmp_path, shape, message):
    model = constant_model(tmp_path / 'm.onnx', {'output0': yolo_table(ROWS)}, shape, STATED)
    with pytest.raises(ModelError, match=message):
        load(model)


def test_a_free_input_size_needs_a_statement(tmp_path):
    shape = (1, 3, 'h', 'w')
    assert load(constant_model(tmp_path / 'm.onnx', {'output0': yolo_table(ROWS)}, shape, STATED)).detect(IMAGE)
    without = {k: v for k, v in STATED.items() if k != 'imgsz'}
    model = constant_model(tmp_path / 'n.onnx', {'output0': yolo_table(ROWS)}, shape, without)
    with pytest.raises(ModelError, match='images of any size: state input_wh'):
        load(model)


def test_a_file_that_says_nothing_needs_names_and_normalisation(tmp_path):
    table = yolo_table(np.repeat(ROWS, 4, axis=0))
    bare = constant_model(tmp_path / 'm.onnx', {'output0': table})
    with pytest.raises(ModelError, match='may be yolo or yolo_obb'):
        load(bare)
    assert load(bare, names=('car', 'ship')).manifest.decoder == 'yolo_obb'
    assert load(bare, decoder='yolo_obb').manifest.class_names == ('class 0', 'class 1')
    dets = {'dets': np.zeros((1, 4, 6), np.float32), 'labels': np.zeros((1, 4), np.float32)}
    with pytest.raises(ModelError, match='does not say how it wants its images'):
        load(constant_model(tmp_path / 'r.onnx', dets), names=('car',))


def test_transformers_exports_say_what_they_are_beside_the_model(tmp_path):
    outputs = {'logits': np.full((1, 4, 2), 2, np.float32), 'pred_boxes': np.full((1, 4, 4), 0.5, np.float32)}
    model = constant_model(tmp_path / 'model.onnx', outputs)
    config = {'model_type': 'rt_detr', 'id2label': {'0': 'car', '1': 'ship'}}
    prepared = {'do_normalize': False, 'size': {'height': 64, 'width': 64}}
    (tmp_path / 'config.json').write_text(json.dumps(config))
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(prepared))
    detector = load(model)
    assert 'transformers, rt_detr' in detector.description and detector.manifest.decoder == 'detr_sigmoid'
    np.testing.assert_allclose(detector.detect(np.zeros((32, 64, 3), np.uint8)).boxes[0], (31.5, 15.5, 32, 16, 0))
    (tmp_path / 'config.json').write_text(json.dumps({**config, 'model_type': 'vit'}))
    with pytest.raises(ModelError, match="is of type 'vit'"):
        load(model)


@pytest.mark.parametrize(
    ('fields', 'error', 'message'),
    [
        ({'model': ''}, ConfigError, 'model: none is named'),
        ({'model': 'm.onnx', 'decoder': 'ssd'}, ConfigError, "unknown decoder 'ssd'. Known: box_net, yolo_obb"),
        ({'model': 'absent.onnx'}, ModelError, 'can not be read'),
        ({'model': 'm.onnx', 'backend': 'onnx', 'device': 'moon'}, BackendUnavailable, "no device 'moon'"),
    ],
)
def test_what_is_not_there_is_named(fields, error, message):
    with pytest.raises(error, match=message):
        Detector.from_config(DetectorConfig(**fields))


def test_other_tasks_and_broken_statements_are_refused(tmp_path):
    with pytest.raises(ModelError, match="is made for 'pose'. Give one for obb or detect"):
        load(described(tmp_path, task='pose'))
    with pytest.raises(ModelError, match='can not be understood'):
        load(described(tmp_path, names='car, ship {'))


def test_a_manifest_that_crops_is_refused(tmp_path):
    with pytest.raises(ModelError, match="resize 'crop' loses a part of the image"):
        load(model_folder(tmp_path, {'output0': yolo_table(ROWS)}, resize='crop', decoder='yolo_obb'))
