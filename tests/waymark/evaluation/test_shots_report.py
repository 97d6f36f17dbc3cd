# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from waymark.errors import SourceError
from waymark.evaluation.shots_report import show_evaluation

KEYS = {
    'precision', 'recall', 'f1', 'detected', 'false_positives', 'missed', 'ms_per_frame', 'frames',
    'precision_tolerance_0', 'recall_tolerance_0', 'f1_tolerance_0', 'false_positives_tolerance_0',
    'precision_tolerance_1', 'recall_tolerance_1', 'f1_tolerance_1', 'false_positives_tolerance_1',
    'true_cuts', 'true_gradual', 'cuts', 'gradual',
}  # fmt: skip


def write_truth(path, **truth):
    path.write_text(json.dumps(truth))
    return path


def test_a_folder_with_a_cut_is_evaluated(tmp_path, texture, capsys):
    (tmp_path / 'frames').mkdir()
    for i in range(24):
        cv2.imwrite(str(tmp_path / 'frames' / f'{i:03d}.png'), texture(1 if i < 13 else 2))
    truth = write_truth(tmp_path / 'truth.json', cuts=[13])
    out = tmp_path / 'new' / 'out.json'
    values = show_evaluation(str(tmp_path / 'frames'), truth, out)
    assert json.loads(out.read_text()) == values
    assert set(values) == KEYS
    assert (values['f1'], values['detected'], values['cuts'], values['frames']) == (1.0, 1, [13], 24)
    assert 'ms per frame' in capsys.readouterr().out


def test_testvideo_is_exact(tmp_path, shared_data):
    video = shared_data('shotboundary_pyscenedetect') / 'testvideo.mp4'
    values = show_evaluation(str(video), write_truth(tmp_path / 't.json', cuts=[30, 180, 394]), None)
    assert (values['f1_tolerance_0'], values['detected'], values['false_positives']) == (1.0, 3, 0)


def test_even_colours_of_counter_are_told_apart(tmp_path, shared_data):
    video = shared_data('shotboundary_pyscenedetect') / 'counter.mp4'
    values = show_evaluation(str(video), write_truth(tmp_path / 't.json', cuts=[10, 20]), None)
    assert (values['cuts'], values['gradual']) == ([10, 20], [])


def test_a_live_input_is_refused(tmp_path):
    with pytest.raises(SourceError, match='a live input has no end'):
        show_evaluation('/dev/video0', write_truth(tmp_path / 't.json', cuts=[]), None)


def test_recordings_without_cuts_have_none(tmp_path, shared_data):
    folder = shared_data('opencv_samples')
    truth = write_truth(tmp_path / 't.json', cuts=[])
    values = show_evaluation(str(folder / '768x576.avi'), truth, None)
    assert values['false_positives'] == 0
    assert np.isfinite(values['ms_per_frame'])
