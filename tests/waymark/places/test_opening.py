# SPDX-License-Identifier: Apache-2.0
"""Maps whose keyframes have no summaries: made by an earlier version."""

import logging
from dataclasses import replace

import cv2
import numpy as np
import pytest

from waymark.maps import Keyframe, MapInfo, PlaceMap, encode_thumbnail, open_map, save_map
from waymark.places import LiveMap, PlacesConfig
from waymark.places.finder import view_of
from waymark.places.opening import opening
from waymark.places.summary import unpack_summary
from waymark.types import Frame, Header


@pytest.fixture
def old(texture, tmp_path):
    """A map of five views without summaries, and the views' frames."""
    frames, views = [], []
    for number in range(5):
        frame = Frame(Header((number + 1) * 10**9), np.asarray(cv2.cvtColor(texture(number), cv2.COLOR_GRAY2RGB)))
        view = view_of(frame, np.eye(5, dtype=np.float32)[number], PlacesConfig())
        thumbnail = encode_thumbnail(frame.rgb)
        views.append(Keyframe(number, frame.header, view.vector, view.features, number, thumbnail))
        frames.append(frame)
    save_map(tmp_path / 'old.map', PlaceMap(MapInfo('f' * 64, 'm'), views))
    return tmp_path / 'old.map', frames


def summaries(path):
    with open_map(path) as file:
        return [k.summary for k in file.load().keyframes.values()]


def test_they_are_made_once_and_kept_in_the_file(old, caplog):
    caplog.set_level(logging.INFO)
    path, _ = old
    told = []
    live = LiveMap(PlacesConfig(map=str(path)), lambda stage, done: told.append((stage, done)))
    live.close()
    assert told == [(f'looking at the pictures of {path}', 0.0)] and '5 of 5 keyframes had no summary' in caplog.text
    assert all(unpack_summary(s) is not None for s in summaries(path))
    assert list(opening(path, writing=True)) == [], 'nothing is left to do'


def test_a_map_that_is_only_used_stays_as_it_is(old, caplog):
    caplog.set_level(logging.INFO)
    path, frames = old
    before = path.read_bytes()
    live = LiveMap(PlacesConfig(map=str(path), mapping=False, exclude_recent=0))
    vector = np.eye(5, dtype=np.float32)[3]
    found = [live.observe(replace_stamp(frames[3], 10 + i), vector, 'm', 'f' * 64) for i in range(2)]
    assert found[1].match.keyframe_id == 3
    live.close()
    assert path.read_bytes() == before and 'open it once with `mapping: true`' in caplog.text


def replace_stamp(frame, seconds):
    return Frame(replace(frame.header, stamp_ns=seconds * 10**9), frame.rgb)


def test_a_map_that_is_being_opened_and_is_given_up_is_closed(old):
    path, _ = old
    steps = opening(path, writing=True)
    next(steps)
    steps.close()
    open_map(path, writing=True).close()  # refused while somebody else writes it


def test_new_keyframes_have_theirs_in_the_file_at_once(old, tmp_path):
    _, frames = old
    live = LiveMap(PlacesConfig(map=str(tmp_path / 'new.map'), keyframe_similarity=1))
    for number, frame in enumerate(frames):
        live.observe(frame, np.eye(5, dtype=np.float32)[number], 'm', 'f' * 64)
    live.close()
    assert all(unpack_summary(s) is not None for s in summaries(tmp_path / 'new.map'))
