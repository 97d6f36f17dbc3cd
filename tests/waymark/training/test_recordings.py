# SPDX-License-Identifier: Apache-2.0
"""Reading a user's recording and where its frames were taken."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError, SourceError
from waymark.training.recordings import SIZE_WH, read_recording, read_truth


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(40):
        cv2.imwrite(str(tmp_path / f'{i:03}.png'), np.full((30, 40, 3), 5 * i, np.uint8))
    return tmp_path


def test_all_frames_come_in_order(folder):
    recording = read_recording(str(folder), 100)
    assert recording.frames.shape == (40, SIZE_WH[1], SIZE_WH[0], 3)
    assert recording.frames[:, 0, 0, 0].tolist() == [5 * i for i in range(40)]
    assert recording.positions_m is None


def test_of_a_long_recording_evenly_spread_frames_are_kept(folder):
    assert read_recording(str(folder), 30).numbers.tolist() == list(range(0, 40, 2))


def test_truth_is_interpolated_between_its_rows(folder, tmp_path):
    truth = tmp_path / 'truth.csv'
    truth.write_text('frame,x,y\n0,0,10\n20,40,10\n')
    recording = read_recording(str(folder), 100, str(truth))
    assert recording.positions_m is not None
    assert recording.positions_m[5].tolist() == [10.0, 10.0]


def test_a_simulated_flight_brings_its_own_truth():
    recording = read_recording('sim:ground?ground_px=512&laps=1&lap_s=20&rate=1&width=64&height=48&pad=0', 100)
    assert recording.positions_m is not None
    assert recording.positions_m.shape == (20, 2)


@pytest.mark.parametrize(
    ('text', 'word'), [('frame,x\n1,2\n', "'y'"), ('frame,x,y\n1,2,far\n', 'far'), ('frame,x,y\n', 'no rows')]
)
def test_a_wrong_truth_is_refused_by_name(tmp_path, text, word):
    path = tmp_path / 'truth.csv'
    path.write_text(text)
    with pytest.raises(ConfigError, match=word):
        read_truth(path, np.arange(3))


def test_a_missing_truth_a_missing_recording_a_short_one_and_a_live_one_are_refused(tmp_path):
    with pytest.raises(ConfigError, match='can not be read'):
        read_truth(tmp_path / 'none.csv', np.arange(3))
    with pytest.raises(SourceError):
        read_recording(str(tmp_path / 'none'), 100)
    cv2.imwrite(str(tmp_path / '0.png'), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ConfigError, match='has 1 frames, needed are at least 16'):
        read_recording(str(tmp_path), 100)
    with pytest.raises(ConfigError, match='is live'):
        read_recording('/dev/video0', 100)
