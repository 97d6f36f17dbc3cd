# SPDX-License-Identifier: Apache-2.0
"""`waymark track` on a small video: overlay, table, JSON, and what is refused."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from waymark.cli import app
from waymark.errors import ConfigError
from waymark.target_video import VideoFile, drawn
from waymark.tracking import TargetState, TrackState
from waymark.types import Frame, Header

LEFTS = (100, 108, 116, None, None, 120, 128)  # where the sign is in each image; None: it is not there


@pytest.fixture
def film(tmp_path, texture):
    wall, sign = texture(9, (480, 360)), texture(1, (240, 180))
    cv2.imwrite(str(tmp_path / 'sign.png'), sign)
    path = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 20, (480, 360))
    for left in LEFTS:
        shown = wall.copy()
        if left is not None:
            shown[90:270, left : left + 240] = sign
        writer.write(cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def run(*words):
    return CliRunner().invoke(app, ['track', *(str(w) for w in words)])


def images_of(path):
    video = cv2.VideoCapture(str(path))
    return [image for ok, image in iter(video.read, (False, None)) if ok]


def test_json_says_of_each_image_where_the_target_is_or_why_not(film):
    done = run(film, '--target', film.with_name('sign.png'), '--json')
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told['frames'], told['targets']) == (7, [{'id': 'sign', 'seen_frames': 5, 'times_lost': 1}])
    rows = [image['targets'][0] for image in told['images']]
    assert [r['state'] for r in rows] == ['TRACKING'] * 3 + ['LOST'] * 2 + ['TRACKING'] * 2
    for row, left in zip(rows, LEFTS, strict=True):
        if left is None:
            assert row.keys() == {'id', 'state', 'reason'} and row['reason']
        else:
            np.testing.assert_allclose(row['corners_px'][0], [left, 90], atol=0.5)
            np.testing.assert_allclose(np.array(row['H'])[:2, 2], [left, 90], atol=0.5)


def test_a_box_of_the_first_image_is_a_target_and_the_overlay_shows_it(film, tmp_path):
    out = tmp_path / 'made' / 'overlay.avi'
    done = run(film, '--box', 'part=120,100,200,160', '--out', out)
    assert done.exit_code == 0
    assert 'part' in done.stdout and '5 of 7' in done.stdout and str(out) in done.stdout.replace('\n', '')
    before, after = images_of(film), images_of(out)
    assert len(after) == 7
    # Green lines where it is seen, red words where it is not, and the image below.
    green, red = ((a.astype(int) - b)[..., k] > 30 for a, b, k in ((after[1], before[1], 1), (after[3], before[3], 2)))
    assert green[95:265, 120:340].sum() > 200 and red[:40, :200].sum() > 50
    assert np.abs(after[3][60:].astype(int) - before[3][60:]).mean() < 8


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ([], 'no target. Give --target PICTURE'),
        (['--box', 'part=1,2,3'], "--box 'part=1,2,3': expected NAME=LEFT,TOP,WIDTH,HEIGHT"),
        (['--box', 'part=400,0,200,200'], 'reaches beyond the image of 480x360 px'),
        (['--box', 'part=120,100,200,160', '--out', 'overlay.txt'], 'overlay.txt: give the overlay a name'),
        (['--target', 'absent.png'], 'is not a file'),
    ],
)
def test_what_can_not_be_done_is_said_in_one_sentence(film, words, message):
    done = run(film, *words)
    assert isinstance(done.exception, ConfigError) and message in str(done.exception)


def test_an_outline_far_outside_of_the_image_is_drawn_without_harm():
    frame = Frame(Header(1), np.zeros((60, 80), np.uint8), 'mono')
    far = TargetState('far', TrackState.TRACKING, corners_px=np.array([[-1e9, 0], [1e9, 5], [1e9, 50], [-1e9, 40.0]]))
    assert drawn(frame, (far,)).shape == (60, 80, 3)


def test_an_image_of_another_size_is_fitted_into_the_video(tmp_path):
    with VideoFile(tmp_path / 'a.avi', 10) as video:
        video.write(np.zeros((120, 160, 3), np.uint8))
        video.write(np.full((240, 320, 3), 200, np.uint8))
    first, second = images_of(tmp_path / 'a.avi')
    assert first.shape == second.shape == (120, 160, 3) and second.mean() > 190
