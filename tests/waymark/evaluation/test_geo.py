# SPDX-License-Identifier: Apache-2.0
"""`waymark eval geo`: the truth it reads, the figures it gives, what it refuses."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, SourceError
from waymark.evaluation.geo import GeoResult, GeoTruth, figures_of, outside_map, read_truth
from waymark.geo import GeoFix, Unsure
from waymark.maps import OrthoFrame


def fix(error_m=0.0):
    return GeoFix(error_m, 0, (0, 0), 0, 1, None, 0, np.eye(2), 1, None, 1, np.eye(3), np.eye(3))


def result(error_m=None, on_map=True, found=True):
    truth = GeoTruth('a.jpg', (0.0, 0.0) if on_map else None)
    return GeoResult(truth, fix() if found else Unsure('no', 'votes'), error_m, None, None, 10.0)


def test_figures_count_what_is_accepted_right_wrong_and_not_on_the_map():
    results = [result(1.0), result(3.0), result(30.0), result(60.0), result(found=False), result(on_map=False)]

    figures = figures_of([*results, result(on_map=False, found=False)])

    assert (figures['photos'], figures['on_map'], figures['accepted']) == (7, 5, 4)
    assert figures['median_error_m'] == 16.5
    assert figures['under_25m'] == pytest.approx(2 / 5)
    assert (figures['wrong_over_50m'], figures['accepted_off_map']) == (1, 1)
    assert figures['refused'] == {'votes': 2}


def test_a_truth_outside_the_map_is_told():
    at = [(-0.5, 5.0), (-0.6, 5.0), (9.5, 5.0), (9.6, 5.0), None, (5.0, 99999.0)]
    results = [GeoResult(GeoTruth(f'{k}.jpg', place), fix(), None, None, None, 1.0) for k, place in enumerate(at)]

    assert outside_map(OrthoFrame((10, 20), 0.5), results) == ['1.jpg', '3.jpg', '5.jpg']


def test_figures_of_nothing_are_null():
    figures = figures_of([])

    assert figures['median_error_m'] is None and figures['under_25m'] is None and figures['wrong_over_50m'] == 0


def test_truth_may_lack_columns_and_places(tmp_path):
    path = tmp_path / 'truth.csv'
    path.write_text('file,x_px,y_px,yaw_deg\na.jpg, 1.5, 2,90\nb.jpg,,,\n')

    assert read_truth(path) == [GeoTruth('a.jpg', (1.5, 2.0), 90.0), GeoTruth('b.jpg', None)]


def test_truth_may_come_from_a_spreadsheet(tmp_path):
    path = tmp_path / 'truth.csv'
    path.write_bytes('\ufefffile , x_px , y_px\r\n"a b.jpg" , 1.5 , 2 \r\n\r\n'.encode())

    assert read_truth(path) == [GeoTruth('a b.jpg', (1.5, 2.0))]


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'no column file'),
        ('file,x_px,y_px\n', 'names no photo'),
        ('file;x_px;y_px\na.jpg;1;2\n', 'parted by commas'),
        ('file,x_px,y_px\n,1,2\n', 'line 2'),
        ('file,x_px\na.jpg,1\n', 'no column y_px'),
        ('file,x_px,y_px\na.jpg,1,\n', 'line 2'),
        ('file,x_px,y_px\na.jpg,1,2\nb.jpg,nan,2\n', 'line 3'),
        ('file,x_px,y_px\na.jpg,1,2\na.jpg,1,2\n', 'twice'),
        ('file,x_px,y_px\na.jpg,1,2\n./a.jpg,1,2\n', 'twice'),
    ],
)
def test_a_truth_that_is_none_is_refused_by_name(tmp_path, text, said):
    path = tmp_path / 'truth.csv'
    path.write_text(text)

    with pytest.raises(ConfigError, match=said):
        read_truth(path)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(7)
    ground = np.zeros((500, 500, 3), np.float32)
    for cell in (5, 14, 40):
        small = rng.normal(size=(500 // cell + 2, 500 // cell + 2, 3)).astype(np.float32)
        ground += cv2.resize(small, (500, 500), interpolation=cv2.INTER_CUBIC)
    ground = np.asarray(np.clip(128 + 35 * ground, 1, 254), np.uint8)
    cv2.imwrite(str(tmp_path / 'ground.png'), ground)
    # Straight down, north up: 240 x 180 px of the map about (299.5, 239.5), shown at 320 x 240.
    cv2.imwrite(str(tmp_path / 'a.png'), cv2.resize(ground[150:330, 180:420], (320, 240)))
    cv2.imwrite(str(tmp_path / 'b.png'), rng.integers(0, 255, (240, 320, 3), np.uint8))
    return tmp_path


def test_photos_on_and_off_the_map_are_told_apart(folder):
    (folder / 'truth.csv').write_text('file,x_px,y_px,yaw_deg\na.png,299.5,239.5,0\nb.png,,,\n')
    words = ['--map', str(folder / 'ground.png'), '--metres-per-pixel', '0.4', '--encoder', 'hog', '--set', 'tiles=2']
    words += ['--photos', str(folder), '--truth', str(folder / 'truth.csv'), '--json', str(folder / 'out.json')]

    done = CliRunner().invoke(app, ['eval', 'geo', *words])

    assert done.exit_code == 0, done.output
    figures = json.loads((folder / 'out.json').read_text())
    assert (figures['accepted'], figures['accepted_off_map'], figures['wrong_over_50m']) == (1, 0, 0)
    assert figures['median_error_m'] < 1.0 and figures['median_yaw_error_deg'] < 0.5
    assert figures['map_width_m'] == pytest.approx(200.0)
    assert [r['accepted'] for r in figures['results']] == [True, False]


def test_a_photo_that_is_not_there_is_named(folder):
    (folder / 'truth.csv').write_text('file,x_px,y_px\nnowhere.jpg,1,2\n')
    words = ['--map', str(folder / 'ground.png'), '--photos', str(folder), '--truth', str(folder / 'truth.csv')]

    done = CliRunner().invoke(app, ['eval', 'geo', *words, '--json', str(folder / 'out.json')])

    assert isinstance(done.exception, ConfigError) and 'nowhere.jpg is not in' in str(done.exception)


def test_photos_that_can_not_be_used_are_refused_and_the_others_are_judged(folder):
    cv2.imwrite(str(folder / 'small.png'), np.full((40, 50, 3), 90, np.uint8))
    (folder / 'torn.jpg').write_bytes(b'\xff\xd8\xff\xe0 no picture')
    (folder / 'truth.csv').write_text('file,x_px,y_px\nsmall.png,1,2\na.png,299.5,239.5\ntorn.jpg,1,2\n')
    words = ['--map', str(folder / 'ground.png'), '--metres-per-pixel', '0.4', '--encoder', 'hog', '--set', 'tiles=2']
    words += ['--photos', str(folder), '--truth', str(folder / 'truth.csv'), '--json', str(folder / 'out.json')]

    done = CliRunner().invoke(app, ['eval', 'geo', *words])

    assert done.exit_code == 0, done.output
    figures = json.loads((folder / 'out.json').read_text())
    assert (figures['on_map'], figures['accepted'], figures['refused']) == (3, 1, {'unusable': 2})
    assert 'the photo is 50x40 px: too small' in figures['results'][0]['reason']
    assert 'torn.jpg is left out: ' in done.output


def test_photos_of_which_none_can_be_used_are_an_error(folder):
    cv2.imwrite(str(folder / 'small.png'), np.full((40, 50, 3), 90, np.uint8))
    (folder / 'truth.csv').write_text('file,x_px,y_px\nsmall.png,1,2\n')
    words = ['--map', str(folder / 'ground.png'), '--metres-per-pixel', '0.4', '--encoder', 'hog']
    words += ['--photos', str(folder), '--truth', str(folder / 'truth.csv'), '--json', str(folder / 'out.json')]

    done = CliRunner().invoke(app, ['eval', 'geo', *words])

    assert isinstance(done.exception, SourceError)
    assert 'small.png: the photo is 50x40 px: too small' in str(done.exception)
