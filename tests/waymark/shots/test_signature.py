# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.shots.signature import Change, Signature
from waymark.types import Frame, Header


def sign(picture, layout='rgb'):
    return Signature(Frame(Header(1), picture, layout), 0)


def test_equal_frames_do_not_differ(view):
    change = Change(sign(view(1)), sign(view(1)))
    assert (change.picture, change.colours) == (0.0, pytest.approx(0.0, abs=1e-3))


def test_other_colours_at_other_places_differ_fully():
    left, right = np.zeros((96, 128, 3), np.uint8), np.zeros((96, 128, 3), np.uint8)
    left[:, :64], right[:, 64:] = (200, 0, 0), (0, 0, 200)
    change = Change(sign(left), sign(right))
    assert change.picture > 1.0
    assert change.colours == pytest.approx(np.sqrt(0.5), abs=0.02)  # half of both is black


@pytest.mark.parametrize(
    ('level', 'blank'), [(0, 'black'), (12, 'black'), (22, 'black'), (40, ''), (128, ''), (235, ''), (250, 'white')]
)
def test_all_black_and_all_white_are_blank(level, blank):
    assert sign(np.full((90, 160), level, np.uint8), 'mono').blank == blank


def test_a_line_of_writing_or_noise_leaves_black_blank():
    picture = np.zeros((180, 320), np.uint8)
    picture[160:164, 20:300:2] = 200
    assert sign(picture, 'mono').blank == 'black'
    noise = np.random.default_rng(0).normal(4, 9, (180, 320))
    assert sign(np.clip(noise, 0, 255).astype(np.uint8), 'mono').blank == 'black'


def test_a_dark_scene_is_not_blank(view):
    assert sign((view(1) * 0.15).astype(np.uint8)).blank == ''


@pytest.mark.parametrize('shape', [(1, 1), (3, 1000), (2000, 2)])
def test_any_size_of_frame_has_a_signature(shape):
    found = sign(np.full(shape, 100, np.uint8), 'mono')
    assert found.small.shape == (36, 64, 3)
    assert found.thumb.shape == (18, 32, 3)
    assert found.colours.sum() == pytest.approx(1.0)
