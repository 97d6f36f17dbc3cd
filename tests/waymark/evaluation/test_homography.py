# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError
from waymark.evaluation.homography import PairResult, evaluate_homography, figures_of
from waymark.evaluation.homography_report import show_homography
from waymark.evaluation.pairs import Pair
from waymark.image.registration import Registration, RegistrationConfig

ISSUE_KEYS = {'under_1px', 'under_3px', 'under_5px', 'median_corner_error_px', 'lost', 'wrong', 'ms_per_pair'}
H_TRUE = np.array([[0.9, -0.1, 30], [0.12, 0.95, -5], [1e-4, -5e-5, 1]])


def result(H, found, error, ms=10.0):
    registration = Registration(np.eye(3), 50, 60, 0.9, 0.9, 0.5, 'akaze') if found else None
    return PairResult(Pair(Path('a'), Path('b'), H), registration, error, ms)


def test_figures_count_each_kind_of_answer():
    eye = np.eye(3)
    results = [
        result(eye, True, 0.5),
        result(eye, True, 2.0),
        result(eye, True, 4.0, 20.0),
        result(eye, True, 19.0),
        result(eye, True, 21.0),  # wrong
        result(eye, True, np.inf),  # wrong
        result(eye, False, None),  # lost
        result(eye, False, None),  # lost
        result(None, True, None),  # wrong
        result(None, False, None),  # refused
    ]
    figures = figures_of(results)
    assert (figures['under_1px'], figures['under_3px'], figures['under_5px']) == (1 / 8, 2 / 8, 3 / 8)
    assert (figures['lost'], figures['wrong'], figures['refused']) == (2, 3, 1)
    assert (figures['pairs'], figures['pairs_with_H'], figures['ms_per_pair']) == (10, 8, 11.0)
    assert figures['median_corner_error_px'] == (4 + 19) / 2
    assert figures.keys() >= ISSUE_KEYS


def test_without_a_homography_to_find_the_shares_are_null():
    figures = figures_of([result(None, False, None)])
    assert figures['under_3px'] is None and figures['median_corner_error_px'] is None
    assert (figures['lost'], figures['wrong'], figures['refused']) == (0, 0, 1)


def test_a_median_at_infinity_is_null():
    assert figures_of([result(np.eye(3), True, np.inf)])['median_corner_error_px'] is None


@pytest.fixture
def pairs_file(tmp_path, texture):
    reference = texture(3)
    current = cv2.warpPerspective(reference, H_TRUE, (360, 280), borderMode=cv2.BORDER_REFLECT)
    for name, image in (('a', reference), ('b', current), ('c', texture(50))):
        cv2.imwrite(str(tmp_path / f'{name}.png'), image)
    said = [
        {'reference': 'a.png', 'current': 'b.png', 'H': H_TRUE.tolist()},
        {'reference': 'a.png', 'current': 'c.png', 'H': None},
        {'reference': 'a.png', 'current': 'b.png', 'H': None},
        {'reference': 'a.png', 'current': 'c.png', 'H': H_TRUE.tolist()},
    ]
    (tmp_path / 'pairs.json').write_text(json.dumps(said))
    return tmp_path / 'pairs.json'


@pytest.mark.parametrize('options', [[], ['--detector', 'orb'], ['--thorough']])
def test_the_command_writes_the_figures(pairs_file, tmp_path, options):
    out = tmp_path / 'out.json'
    run = CliRunner().invoke(app, ['eval', 'homography', '--pairs', str(pairs_file), '--json', str(out), *options])
    assert run.exit_code == 0, run.output
    figures = json.loads(out.read_text())
    assert (figures['under_1px'], figures['lost'], figures['wrong'], figures['refused']) == (0.5, 1, 1, 1)
    assert figures['median_corner_error_px'] < 0.3 and figures['ms_per_pair'] > 0
    assert [r['verdict'] for r in figures['results']] == ['found', 'refused', 'wrong', 'lost']
    assert 'median_corner_error_px' in run.output


def test_a_detector_that_there_is_not_is_named(pairs_file, tmp_path):
    with pytest.raises(ConfigError, match=r"detector: must be one of orb, akaze, got 'surf'"):
        show_homography(pairs_file, RegistrationConfig(detector='surf'), tmp_path / 'out.json')


def test_an_output_that_can_not_be_written_is_named_before_the_work(pairs_file, tmp_path):
    with pytest.raises(ConfigError, match='not a file that can be written'):
        show_homography(pairs_file, RegistrationConfig(), tmp_path / 'none' / 'out.json')


def oxford(folder):
    for name in ('graf', 'boat', 'bikes', 'ubc', 'leuven'):
        for number in range(2, 7):
            values = next(ElementTree.parse(folder / name / f'H1to{number}p.xml').iter('data')).text.split()
            H = np.array(values, float).reshape(3, 3)
            yield Pair(folder / name / 'img1.png', folder / name / f'img{number}.png', H)


@pytest.mark.slow
@pytest.mark.parametrize(('thorough', 'right'), [(False, 21), (True, 23)])
def test_oxford(shared_data, thorough, right):
    pairs = list(oxford(shared_data('oxford_affine')))
    figures = figures_of(evaluate_homography(pairs, RegistrationConfig(thorough=thorough)))
    assert figures['wrong'] == 0
    assert figures['under_3px'] * 25 >= right - 1e-6
