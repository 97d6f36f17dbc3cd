# SPDX-License-Identifier: Apache-2.0
"""The command itself: options that do not fit, and the files that it writes."""

from __future__ import annotations

import json

import cv2
import pytest
from typer.testing import CliRunner

from waymark.cli.eval import app
from waymark.errors import ConfigError, SourceError

TINY = ['--simulator', 'orthophoto', '--ground', 'ground', '--altitude', '15', '--speed', '8', '--distance', '16']
TINY += ['--seeds', '1', '--size', '160x120', '--rate', '5']


def run(tmp_path, *options):
    """Run `waymark eval odometry`; what a user can fix comes as the error that the command line would print."""
    CliRunner().invoke(app, ['odometry', '--json', str(tmp_path / 'out.json'), *options], catch_exceptions=False)


def test_a_flight_writes_its_figures_under_the_names_that_were_promised_and_a_picture(tmp_path):
    run(tmp_path, *TINY, '--plot', str(tmp_path / 'plot.png'))
    values = json.loads((tmp_path / 'out.json').read_text())
    assert {'drift_percent', 'position_rmse_m', 'yaw_rmse_rad', 'nees_mean', 'ms_per_frame'} <= set(values)
    assert values['without_pose'] == 0
    assert 0 < values['drift_percent'] < 5
    assert cv2.imread(str(tmp_path / 'plot.png')).shape == (560, 1120, 3)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ([], 'give either --simulator orthophoto or --input'),
        (['--simulator', 'orthophoto', '--input', 'x', '--altitude', '3'], 'one of them only'),
        (['--simulator', 'orthophoto'], 'needs --ground'),
        (['--simulator', 'orthophoto', '--ground', 'ground'], 'needs --altitude'),
        (
            ['--simulator', 'orthophoto', '--ground', 'a.png', '--altitude', '9'],
            '--metres-per-pixel 0: must be above 0',
        ),
        ([*TINY, '--speed', '0'], '--speed 0: must be above 0'),
        ([*TINY, '--distance', 'nan'], '--distance nan: must be above 0'),
        ([*TINY, '--tilt-deg', '50'], '--tilt-deg 50: must be 0 to 30'),
        ([*TINY, '--size', '640'], "--size '640': expected WIDTHxHEIGHT"),
        ([*TINY, '--size', '8x8'], 'sides must be 64 to 8192 px'),
        ([*TINY, '--set', 'no_such=3'], "unknown parameter 'no_such'"),
        ([*TINY, '--plot', '/no/such/folder/plot.png'], 'not a file that can be written'),
        (['--input', 'x'], '--input needs --truth'),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_flown(tmp_path, options, said):
    with pytest.raises(ConfigError, match=said):
        run(tmp_path, *options)
    assert not (tmp_path / 'out.json').exists()


def test_a_ground_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match='no such file'):
        run(tmp_path, '--simulator', 'orthophoto', '--ground', 'no.png', '--metres-per-pixel', '1', '--altitude', '9')
