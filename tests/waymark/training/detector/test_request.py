# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, SourceError
from waymark.training.detector.curves import LossPoint, read_curves, write_curves
from waymark.training.detector.pictures import LabelledFolder, open_folder, split
from waymark.training.detector.request import DetectorRequest


@pytest.fixture
def folder(tmp_path):
    for name in ('images', 'labels'):
        (tmp_path / name).mkdir()
    for k in range(4):
        cv2.imwrite(str(tmp_path / 'images' / f'{k}.png'), np.full((40, 80, 3), 40 * k, np.uint8))
        (tmp_path / 'labels' / f'{k}.txt').write_text('1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n')
    (tmp_path / 'labels' / 'classes.txt').write_text('boat\ncar\n')
    return tmp_path


def test_pictures_come_with_their_labels_in_pixels(folder):
    pairs, names = open_folder(folder / 'images', folder / 'labels')
    pictures = LabelledFolder(pairs, names)
    assert names == ('boat', 'car')
    assert len(pictures) == 4
    assert pictures[2].rgb[0, 0, 0] == 80
    np.testing.assert_allclose(pictures[2].boxes, [(39.5, 19.5, 40, 20, 0)])
    assert pictures[2].classes.tolist() == [1]


def test_pictures_have_their_colours(folder):
    bgr = np.full((40, 80, 3), (10, 20, 200), np.uint8)
    cv2.imwrite(str(folder / 'images' / '0.png'), bgr)
    cv2.imwrite(str(folder / 'images' / '1.png'), bgr.astype(np.uint16) * 257)
    pictures = LabelledFolder(*open_folder(folder / 'images', folder / 'labels'))

    assert pictures[0].rgb[0, 0].tolist() == [200, 20, 10]
    assert pictures[1].rgb[0, 0].tolist() == [200, 20, 10]
    assert pictures[1].rgb.dtype == np.uint8


def test_names_are_asked_for_where_there_are_none(folder):
    (folder / 'labels' / 'classes.txt').unlink()
    with pytest.raises(SourceError, match=r'no class names .*Put classes.txt there'):
        open_folder(folder / 'images', folder / 'labels')


def test_pictures_without_labels_are_refused(folder):
    with pytest.raises(SourceError, match='none of the 4 images has a label file'):
        open_folder(folder / 'images', folder / 'images')


def test_no_picture_is_learned_from_and_measured_on(folder):
    pairs, _ = open_folder(folder / 'images', folder / 'labels')
    learn, measure = split(pairs, 0.25, 0)
    assert (len(learn), len(measure)) == (3, 1)
    assert set(learn) | set(measure) == set(pairs)
    with pytest.raises(ConfigError, match='one labelled picture is not enough'):
        split(pairs[:1], 0.25, 0)


def test_curves_are_read_back_up_to_a_step_and_drawn(tmp_path):
    points = [LossPoint(10, 1.5, 1.0), LossPoint(20, 0.75, 0.5)]
    write_curves(points, tmp_path)
    assert read_curves(tmp_path, 10) == points[:1]
    assert read_curves(tmp_path, 99) == points
    assert cv2.imread(str(tmp_path / 'losses.png')).shape == (420, 900, 3)
    assert read_curves(tmp_path / 'elsewhere', 99) == []


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([], 'give either --images and --labels, or --synthetic'),
        (['--images', 'x'], '--images and --labels go together'),
        (['--synthetic', '--box-loss', 'l1'], 'box_loss'),
        (['--synthetic', '--set', 'crop_px=300'], '300 is not a multiple of 32'),
        (['--synthetic', '--set', 'mixed=maybe'], "mixed can not be 'maybe'"),
        (['--synthetic', '--set', 'colour=red'], "'colour=red' is not NAME=VALUE"),
    ],
)
def test_what_can_not_be_is_refused_before_any_environment_is_looked_for(arguments, words, tmp_path):
    result = CliRunner().invoke(app, ['train', 'detector', '--out', str(tmp_path / 'out'), *arguments])
    assert isinstance(result.exception, ConfigError)
    assert words in str(result.exception)


def test_words_become_values():
    request = DetectorRequest.from_words({'out': 'x'}, ['mixed=true', 'batch=4', 'learning_rate=0.01'])
    assert (request.mixed, request.batch, request.step_width) == (True, 4, 0.01)
    assert DetectorRequest(start='y').step_width < DetectorRequest().step_width


def test_a_request_survives_its_journey():
    request = DetectorRequest(out='x', steps=7, mixed=True, box_loss='gwd')
    assert DetectorRequest.from_json(request.to_json()) == request
