# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest
from tests.support.tiny_detectors import constant_model, yolo_table
from typer.testing import CliRunner

from waymark.cli import app
from waymark.detection import Detections, DetectorConfig, write_labels
from waymark.errors import ConfigError, SourceError
from waymark.evaluation.detections import DetectionsRequest
from waymark.evaluation.detections_report import show_detections

# What the model says of every image, px of its input (64 x 64) from the upper left corner: a car and a ship.
ROWS = np.array([(20, 20, 20, 10, 0.4, 0.9, 0), (44, 40, 16, 6, -0.7, 0.6, 1)])
CENTRED = ROWS[:, :5] - [0.5, 0.5, 0, 0, 0]


@pytest.fixture
def scene(tmp_path):
    """Three images: two with the car and the ship, one without a label file."""
    (tmp_path / 'images').mkdir()
    (tmp_path / 'labels').mkdir()
    for k in range(3):
        cv2.imwrite(str(tmp_path / 'images' / f'{k}.png'), np.full((64, 64, 3), 90, np.uint8))
        if k < 2:
            truth = Detections(CENTRED, np.ones(2), [0, 1], ('car', 'ship'))
            write_labels(truth, (64, 64), tmp_path / 'labels' / f'{k}.txt')
    stated = {'task': 'obb', 'names': "{0: 'car', 1: 'ship'}", 'imgsz': '[64, 64]'}
    constant_model(tmp_path / 'm.onnx', {'output0': yolo_table(ROWS)}, metadata=stated)
    return tmp_path


def request(scene, names=None, **fields):
    config = DetectorConfig(**{'model': str(scene / 'm.onnx'), 'backend': 'onnx', **fields})
    return DetectionsRequest(scene / 'images', scene / 'labels', names, config)


def test_the_figures_are_those_of_boxes_in_two_of_three_images(scene, capsys):
    figures = show_detections(request(scene), scene / 'out.json')
    assert json.loads((scene / 'out.json').read_text()) == figures
    # Per class two hits, then the false box of the last image. Of all as one class the false car comes before the
    # ships: precision 1 up to half the recall (51 of 101 recalls), then 4 of 5.
    assert figures['map50'] == figures['map50_95'] == 1
    assert figures['class_agnostic_map50'] == pytest.approx((51 + 50 * 4 / 5) / 101)
    assert figures['per_class']['ship'] == {'labels': 2, 'detections': 3, 'ap50': 1.0, 'ap50_95': 1.0}
    assert (figures['images'], figures['images_without_label_file'], figures['labels']) == (3, 1, 4)
    assert figures['ms_per_image'] > 0 and figures['decoder'] == 'yolo_obb'
    said = capsys.readouterr()
    assert '1 images have no label file' in said.out and 'decoder yolo_obb' in said.err


def test_classes_are_matched_by_name_not_by_number(scene, capsys):
    (scene / 'names.txt').write_text('boat\nCar\n')
    labels = scene / 'labels' / '0.txt'
    labels.write_text(labels.read_text().replace('0 ', '1 ', 1).splitlines()[0] + '\n')  # only the car, as class 1
    (scene / 'labels' / '1.txt').unlink()
    figures = show_detections(request(scene, scene / 'names.txt'), scene / 'out.json')
    assert figures['per_class']['Car']['ap50'] == figures['map50'] == 1
    assert 'ship (not labelled)' in figures['per_class']
    assert 'classes matched by name: car; not labelled' in capsys.readouterr().err


def test_names_that_no_class_has_leave_the_class_agnostic_figure(scene, capsys):
    (scene / 'names.txt').write_text('plane\nbridge\n')
    figures = show_detections(request(scene, scene / 'names.txt'), scene / 'out.json')
    assert figures['map50'] == 0 and figures['class_agnostic_map50'] > 0.9
    assert 'look at class-agnostic figures only' in capsys.readouterr().err


def test_labels_of_images_that_are_not_there_are_counted(scene, capsys):
    for name in ('7.txt', 'classes.txt'):
        (scene / 'labels' / name).write_text('0 0 0 1 0 1 1 0 1\n')
    figures = show_detections(request(scene), scene / 'out.json')
    assert (figures['label_files_without_image'], figures['labels']) == (1, 4)
    assert '1 label files have no image: left out' in capsys.readouterr().out


def test_the_command_writes_the_figures(scene):
    options = ['--images', 'images', '--labels', 'labels', '--model', 'm.onnx', '--json', 'out.json']
    paths = [str(scene / o) if not o.startswith('--') else o for o in options]
    run = CliRunner().invoke(app, ['eval', 'detections', *paths, '--backend', 'onnx'])
    assert run.exit_code == 0, run.output
    assert json.loads((scene / 'out.json').read_text())['map50'] == 1


def test_what_is_missing_is_named(scene, tmp_path):
    with pytest.raises(ConfigError, match='--model: none is given'):
        show_detections(request(scene, model=''), scene / 'out.json')
    with pytest.raises(SourceError, match='there is no such folder of labels'):
        show_detections(
            DetectionsRequest(scene / 'images', scene / 'no', None, request(scene).config), scene / 'o.json'
        )
    for file in (scene / 'labels').iterdir():
        file.unlink()
    with pytest.raises(SourceError, match=r'none of the 3 images has a label file there \(0.txt\)'):
        show_detections(request(scene), scene / 'out.json')
    (scene / 'labels' / '0.txt').write_text('')
    with pytest.raises(SourceError, match='has a labelled box. Check both folders'):
        show_detections(request(scene), scene / 'out.json')


def test_labels_with_more_classes_than_the_model_are_refused_by_line(scene):
    (scene / 'labels' / '0.txt').write_text('7 0 0 1 0 1 1 0 1\n')
    with pytest.raises(SourceError, match=r'0.txt, line 1: class 7, but there are 2 class names'):
        show_detections(request(scene), scene / 'out.json')
