# SPDX-License-Identifier: Apache-2.0
"""`waymark export detector`: what is written finds what the ONNX file found, or nothing is written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from tests.support.rectangle_finder import draw, rectangle_finder
from typer.testing import CliRunner

from waymark.boxes import corners, rotated_iou
from waymark.cli import app
from waymark.detection import Detector, DetectorConfig
from waymark.errors import ConfigError, ModelError
from waymark.exporting.detector import export_detector, needs_models
from waymark.exporting.request import DetectorRequest
from waymark.manifest import read_manifest

BOX = np.array([45.0, 55, 36, 15, 0.6])
SIZE_WH = 160, 120


@pytest.fixture(scope='module')
def finder(tmp_path_factory):
    return rectangle_finder(tmp_path_factory.mktemp('finder') / 'rectangles.onnx', SIZE_WH, gain=1.0)


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """Five pictures of a red rectangle, of which two show a blue one too, and one of nothing."""
    folder = tmp_path_factory.mktemp('images')
    for index in range(6):
        rgb = np.full((120, 160, 3), 30, np.uint8)
        for colour, count, shift in (((255, 0, 0), 5, 0), ((0, 0, 255), 2, 65)):
            if index < count:
                draw(rgb, corners(BOX + [shift, 4 * index, 0, 0, 0.1 * index]), colour)
        cv2.imwrite(str(folder / f'{index}.png'), rgb[..., ::-1])
    return folder


def export(finder, images, out, **settings):
    return export_detector(DetectorRequest(model=str(finder), images=str(images), out=str(out), **settings))


def test_a_folder_has_manifest_and_references_and_finds_the_same(finder, images, tmp_path):
    report = export(finder, images, tmp_path / 'out', name='mine')
    stored = read_manifest(tmp_path / 'out')
    m = stored.manifest
    assert (m.name, m.decoder, m.class_names) == ('mine', 'yolo_obb', ('red', 'green', 'blue'))
    assert (m.input_wh, m.resize, m.precision) == (SIZE_WH, 'letterbox', 'fp32')
    assert sorted(len(r.output) for r in m.references) == [7, 14, 14]  # the pictures in which most is found
    assert (report.parity.share, report.parity.boxes, report.backend) == (1.0, 5, 'onnx (cpu)')
    detector = Detector.from_config(DetectorConfig(model=str(tmp_path / 'out'), backend='onnx'))
    assert detector.parity.share == 1.0
    rgb = cv2.cvtColor(cv2.imread(str(images / '4.png')), cv2.COLOR_BGR2RGB)
    assert rotated_iou(detector.detect(rgb).boxes[0], BOX + [0, 16, 0, 0, 0.4]) > 0.95


OPENVINO = pytest.param('openvino', 'fp16', 'xml', marks=pytest.mark.slow)


@pytest.mark.parametrize(('to', 'precision', 'file'), [OPENVINO, ('tensorrt', 'fp16', 'onnx')])
def test_other_targets_are_held_against_the_same_boxes(finder, images, tmp_path, to, precision, file):
    report = export(finder, images, tmp_path / 'out', to=to, precision=precision)
    stored = read_manifest(tmp_path / 'out')
    assert stored.model_path.name == f'model.{file}' and stored.manifest.precision == precision
    assert stored.manifest.fingerprint == read_manifest(export_fp32(finder, images, tmp_path)).manifest.fingerprint
    assert report.parity.share >= 0.98 and report.parity.precision == precision
    assert bool(report.notes) == (to == 'tensorrt')  # its engine is built on the device


def export_fp32(finder, images, tmp_path):
    export(finder, images, tmp_path / 'fp32')
    return tmp_path / 'fp32'


def test_references_that_show_nothing_prove_nothing(finder, images, tmp_path):
    empty = tmp_path / 'empty'
    empty.mkdir()
    cv2.imwrite(str(empty / 'a.png'), np.zeros((50, 60, 3), np.uint8))
    with pytest.raises(ConfigError, match='finds nothing in the 1 images of .*Give --images DIR with pictures of its'):
        export(finder, empty, tmp_path / 'out')
    (empty / 'a.png').write_bytes(b'no image')
    with pytest.raises(ConfigError, match=r"a.png' is not an image that can be read"):
        export(finder, empty, tmp_path / 'out')
    assert not (tmp_path / 'out').exists() and list(tmp_path.iterdir()) == [empty]


def test_what_can_not_be_is_refused(finder, images, tmp_path):
    with pytest.raises(ModelError, match='has 3 classes, its manifest names 1'):
        export(finder, images, tmp_path / 'out', names=('one',))
    with pytest.raises(ConfigError, match='images: .* is not a folder'):
        export(finder, tmp_path / 'nowhere', tmp_path / 'out')
    with pytest.raises(ConfigError, match='computes in fp16 or int8'):
        export(finder, images, tmp_path / 'out', to='rknn')
    export(finder, images, tmp_path / 'done', to='tensorrt', precision='fp16')
    with pytest.raises(ModelError, match=r'model.onnx.* \(fp16\) can not be converted: only ONNX in fp32 can'):
        export(tmp_path / 'done', images, tmp_path / 'out')


def test_quantisers_are_where_torch_is_and_the_rest_is_here():
    def asked(to, precision):
        return needs_models(DetectorRequest(to=to, precision=precision))

    assert not any(asked(to, p) for to, p in (('onnx', 'fp32'), ('openvino', 'fp16'), ('tensorrt', 'bf16')))
    assert asked('onnx', 'fp16') and asked('onnx', 'int8') and asked('openvino', 'int8') and not asked('rknn', 'int8')


def test_the_command_prints_the_report_and_refuses_a_folder_in_use(finder, images, tmp_path):
    arguments = ['export', 'detector', str(finder), '--images', str(images), '--out', str(tmp_path / 'out')]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert 'share of 5 boxes at IoU .9' in done.stdout and 'image to boxes, ms' in done.stdout
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, ConfigError) and 'is there already' in str(again.exception)


@pytest.mark.models
@pytest.mark.timeout(300)
def test_int8_and_fp16_are_made_in_the_environment_for_them(finder, images, tmp_path, models_python):
    def run(to, precision, model=finder):
        where = ['--out', tmp_path / 'out', '--images', images, '--calibration', images]
        command = [sys.executable, '-m', 'waymark.cli', 'export', 'detector', model, *where, '--json']
        command += ['--to', to, '--precision', precision]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
        shutil.rmtree(tmp_path / 'out', ignore_errors=True)
        return done

    for to, precision in (('onnx', 'int8'), ('onnx', 'fp16')):
        report = json.loads(run(to, precision).stdout)
        assert report['precision'] == precision and report['parity']['share'] >= report['parity']['limit']
    # Weights beyond fp16's numbers: what is made finds nothing, and is not kept.
    beyond = rectangle_finder(tmp_path / 'beyond.onnx', SIZE_WH, gain=1e8)
    done = run('onnx', 'fp16', beyond)
    assert done.returncode == 1 and 'no longer finds what its reference did' in done.stderr
    assert list(tmp_path.iterdir()) == [beyond]


@pytest.mark.rknn
def test_an_npu_finds_the_same_boxes_in_its_simulator(images, tmp_path, capsys):
    model = rectangle_finder(tmp_path / 'rectangles.onnx', SIZE_WH)
    report = export(model, images, tmp_path / 'out', to='rknn', precision='fp16')
    with capsys.disabled():
        print(f'\n{report.manifest.name}, {report.backend}: {report.parity}')
    assert report.parity.share == 1.0 and report.backend == 'rknn (simulator)'
    stored = read_manifest(tmp_path / 'out')
    assert stored.model_path.name == 'model.rknn' and stored.manifest.decoder == 'yolo_obb'
    on_board = Detector.from_config(DetectorConfig(model=str(tmp_path / 'out'), device='simulator'))
    assert on_board.backend_name == 'rknn'
