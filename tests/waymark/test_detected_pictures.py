# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest
from tests.support.tiny_detectors import constant_model, yolo_table
from typer.testing import CliRunner

from waymark.cli import app
from waymark.detected_pictures import drawn, write_picture
from waymark.detection import Detections
from waymark.errors import ConfigError, WaymarkError

STATED = {'task': 'obb', 'names': "{0: 'car', 1: 'ship'}", 'imgsz': '[64, 64]'}


@pytest.fixture
def model(tmp_path):
    rows = np.array([(32.5, 32.5, 30, 10, 0.4, 0.9, 1)])
    return constant_model(tmp_path / 'm.onnx', {'output0': yolo_table(rows)}, metadata=STATED)


@pytest.fixture
def image(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((64, 64, 3), 90, np.uint8))
    return tmp_path / 'a.png'


def detect(*arguments):
    return CliRunner().invoke(app, ['detect', *map(str, arguments), '--backend', 'onnx'])


def test_a_box_is_drawn_along_its_angle_clockwise_on_the_screen():
    found = Detections([(100, 100, 120, 10, np.pi / 4)], [0.9], [0], ('car',))
    picture = drawn(np.zeros((200, 200, 3), np.uint8), found)
    is_drawn = picture.any(axis=2)
    assert is_drawn[100 + 42 - 6 : 100 + 42 + 6, 100 + 42 - 6 : 100 + 42 + 6].any()  # its end lies below and right
    assert not is_drawn[52:64, 136:148].any()
    assert not drawn(np.zeros((20, 20, 3), np.uint8), found.chosen([])).any()


def test_captions_hide_no_other_and_the_third_of_equal_boxes_goes_without(monkeypatch):
    written = []
    monkeypatch.setattr('waymark.detected_pictures.write_text', lambda picture, text, at, _: written.append((text, at)))
    found = Detections([(100, 100, 60, 20, 0)] * 3 + [(250, 250, 60, 20, 0)], [0.9, 0.8, 0.7, 0.6], [0] * 4, ('car',))
    drawn(np.zeros((300, 300, 3), np.uint8), found)
    assert [text for text, _ in written] == ['car 0.90', 'car 0.80', 'car 0.60']
    assert written[0][1] == (70, 86) and written[1][1][0] == 70 and written[1][1][1] > 110 + 4


def test_of_many_boxes_only_long_ones_have_captions(monkeypatch):
    written = []
    monkeypatch.setattr('waymark.detected_pictures.write_text', lambda picture, text, at, _: written.append(text))
    short = [(20 + 40 * k, 20, 8, 4, 0) for k in range(30)]
    found = Detections([*short, (600, 300, 90, 20, 0)], [0.9] * 31, [0] * 31, ('car',))
    drawn(np.zeros((400, 1300, 3), np.uint8), found)
    assert written == ['car 0.90']


def test_boxes_beyond_the_image_do_not_stop_the_drawing():
    found = Detections([(1e9, -1e9, 1e8, 10, 0.3)], [0.9], [0], ('car',))
    assert drawn(np.zeros((20, 20, 3), np.uint8), found).shape == (20, 20, 3)


def test_an_image_gives_a_picture_and_a_table(model, image, tmp_path):
    run = detect(image, '--model', model, '--out', tmp_path / 'new' / 'b.png')
    assert run.exit_code == 0, run.output
    picture = cv2.imread(str(tmp_path / 'new' / 'b.png'))
    assert picture.shape == (64, 64, 3) and (picture != 90).any()
    assert 'ship' in run.stdout and '0.900' in run.stdout and 'decoder yolo_obb' in run.stderr


def test_an_image_gives_its_boxes_as_json(model, image):
    run = detect(image, '--model', model, '--json')
    (box,) = json.loads(run.stdout)['images'][0]['boxes']
    assert box['class'] == 'ship' and box['box'] == pytest.approx([32, 32, 30, 10, 0.4], abs=1e-3)


def test_a_folder_gives_a_video(model, image, tmp_path):
    (tmp_path / 'frames').mkdir()
    for k in range(3):
        (tmp_path / 'frames' / f'{k}.png').write_bytes(image.read_bytes())
    run = detect(tmp_path / 'frames', '--model', model, '--out', tmp_path / 'o.avi')
    assert run.exit_code == 0, run.output
    assert '3 images' in run.stdout
    assert int(cv2.VideoCapture(str(tmp_path / 'o.avi')).get(cv2.CAP_PROP_FRAME_COUNT)) == 3


def test_nothing_found_is_said(model, image):
    run = detect(image, '--model', model, '--confidence', 0.95)
    assert run.exit_code == 0 and 'nothing found' in run.stdout


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('a.png', '--out', 'o.mp4'), 'of a.png give a name that ends in .png'),
        (('a.mp4', '--out', 'o.png'), 'of a.mp4 give a name that ends in .mp4'),
        (('a.png', '--model', ''), 'model: none is named'),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    run = detect(*arguments)
    assert isinstance(run.exception, WaymarkError) and message in str(run.exception)


def test_a_missing_image_is_named(model, tmp_path):
    run = detect(tmp_path / 'none.png', '--model', model)
    assert 'there is no such image' in str(run.exception)


def test_a_picture_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match='can not be written'):
        write_picture(np.zeros((4, 4, 3), np.uint8), tmp_path / 'file' / 'x.png')


def test_what_is_too_small_in_a_large_image_is_said(model, tmp_path):
    for name, shape in (('large.png', (64, 160, 3)), ('usual.png', (64, 120, 3))):
        cv2.imwrite(str(tmp_path / name), np.zeros(shape, np.uint8))
    told = '160 x 64 px are made 2.5 times smaller for the model: objects below some 30 px are missed.'
    assert told in detect(tmp_path / 'large.png', '--model', model).stderr.replace('\n', ' ')
    for name, more in (('large.png', ('--tile-overlap', 0.25)), ('usual.png', ())):
        assert 'smaller' not in detect(tmp_path / name, '--model', model, *more).stderr
