# SPDX-License-Identifier: Apache-2.0
import contextlib
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError, MapError, SourceError
from waymark.mapping.building import build_map
from waymark.maps import open_map
from waymark.maps.salvage import check_file
from waymark.places import PlacesConfig

EVERY = PlacesConfig(keyframe_similarity=1)


def keyframes(path):
    with open_map(path) as file:
        return list(file.load().keyframes.values())


def test_every_view_of_a_folder_becomes_a_keyframe_where_asked_for(recording, hog, tmp_path):
    told = []
    built = build_map(str(recording), tmp_path / 'a.map', hog, EVERY, progress=lambda *facts: told.append(facts))
    assert (built.keyframes, built.added, built.frames, built.looked_at) == (12, 12, 12, 12)
    assert built.is_whole and built.note == '' and built.duration_s == pytest.approx(1.1)
    assert told[0] == (1, 12, 0) and told[-1] == (12, 12, 11), 'keyframes so far, before the last frame'
    with open_map(tmp_path / 'a.map') as file:
        views = list(file.load().keyframes.values())
        assert all(k.has_thumbnail and k.summary is not None and len(k.features) > 0 for k in views)
    assert [k.header.stamp_ns - views[0].header.stamp_ns for k in views] == [i * 10**8 for i in range(12)]


def test_a_budget_is_kept(recording, hog, tmp_path):
    config = PlacesConfig(keyframe_similarity=1, max_keyframes=7)
    built = build_map(str(recording), tmp_path / 'a.map', hog, config)
    assert (built.keyframes, built.added) == (7, 12)
    assert len(keyframes(tmp_path / 'a.map')) == 7


def test_an_existing_map_goes_on_and_what_is_seen_again_is_linked(recording, hog, tmp_path):
    build_map(str(recording), tmp_path / 'a.map', hog, EVERY)
    built = build_map(str(recording), tmp_path / 'a.map', hog, EVERY)
    assert (built.keyframes, built.added, built.revisits) == (24, 12, 11), 'two in a row make sure'
    with open_map(tmp_path / 'a.map') as file:
        assert [(k.first, k.second) for k in file.load().links] == [(12 + i, i) for i in range(1, 12)]


def test_another_encoder_than_the_maps_is_refused(recording, hog, place, tmp_path):
    build_map(str(recording), tmp_path / 'a.map', hog, EVERY)
    with pytest.raises(MapError, match='was made by encoder .*hog'):
        build_map(str(recording), tmp_path / 'a.map', place)
    assert len(keyframes(tmp_path / 'a.map')) == 12


def test_what_shows_nothing_makes_no_map(hog, tmp_path):
    (tmp_path / 'dark').mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / 'dark' / f'{number}.png'), np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(MapError, match='none of its 3 frames shows anything'):
        build_map(str(tmp_path / 'dark'), tmp_path / 'a.map', hog)


def test_live_and_missing_inputs_are_refused_before_there_is_a_map(hog, tmp_path):
    with pytest.raises(ConfigError, match='is live'):
        build_map('/dev/video0', tmp_path / 'a.map', hog)
    with pytest.raises(SourceError):
        build_map(str(tmp_path / 'none.mp4'), tmp_path / 'a.map', hog)
    assert not (tmp_path / 'a.map').exists()


def test_the_command_says_what_it_made_and_never_adds_unasked(recording, tmp_path):
    words = ['map', 'build', str(recording), '--map', str(tmp_path / 'a.map'), '--encoder', 'hog', '--similarity', '1']
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    assert '12 keyframes, 12 of them from 12 of 12 frames (1.1 s); 0 show a place seen before' in done.output
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, MapError) and 'is there already' in str(again.exception)
    assert CliRunner().invoke(app, [*words, '--continue']).exit_code == 0
    assert len(keyframes(tmp_path / 'a.map')) == 24


def test_ctrl_c_leaves_a_map_that_is_whole(recording, tmp_path):
    path, folder = tmp_path / 'a.map', tmp_path / 'long'
    folder.mkdir()
    for number in range(600):  # seconds of work
        (folder / f'{number}.png').symlink_to(recording / f'{number % 12}.png')
    words = ['map', 'build', str(folder), '--map', str(path), '--encoder', 'hog', '--similarity', '1']
    process = subprocess.Popen([sys.executable, '-m', 'waymark.cli', *words], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (path.exists() and keyframes(path)) and time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 130 and 'Stopped after' in said
    assert check_file(path) == [] and 0 < len(keyframes(path)) < 600
    assert not path.with_name('a.map-wal').exists()
