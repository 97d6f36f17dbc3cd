# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from waymark.errors import ConfigError
from waymark.pipeline.sim_fly import FlyOptions, parameters_of


def test_a_window_is_opened_where_there_is_a_display_unless_told(monkeypatch):
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    assert parameters_of(FlyOptions())['show'] is False
    monkeypatch.setenv('DISPLAY', ':0')
    assert parameters_of(FlyOptions())['show'] is True
    assert parameters_of(FlyOptions(show=False))['show'] is False


def test_files_are_those_of_the_folder_it_is_called_in():
    found = parameters_of(FlyOptions('mine.png', 0.1, video=Path('film.mp4')))
    assert (found['ground'], found['video']) == (str(Path.cwd() / 'mine.png'), str(Path.cwd() / 'film.mp4'))
    assert parameters_of(FlyOptions())['ground'] == 'ground'


def test_a_value_out_of_range_is_refused_before_anything_starts():
    with pytest.raises(ConfigError, match='waymark sim fly: altitude: must be above 0'):
        parameters_of(FlyOptions(altitude=-1.0))
