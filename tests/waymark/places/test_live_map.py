# SPDX-License-Identifier: Apache-2.0
"""A map in use: what it keeps, where, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from waymark.errors import MapError, QueryError
from waymark.maps import open_map
from waymark.places import LiveMap, PlacesConfig, PlaceState
from waymark.places.sensed import Sensed
from waymark.types import Frame, Header

SECOND_NS = 1_000_000_000
EVERY = {'keyframe_similarity': 1.0, 'exclude_recent': 2}


def view(number, second):
    """A textured picture of place `number`, and its vector: places are at right angles."""
    small = np.random.default_rng(number).integers(0, 256, (30, 40, 3), np.uint8)
    pixels = np.ascontiguousarray(small.repeat(8, axis=0).repeat(8, axis=1))
    return Frame(Header(second * SECOND_NS), pixels), np.eye(8, dtype=np.float32)[number]


def drive(live, *numbers, begin=1):
    return [live.observe(*view(n, begin + i), 'eye', 'f' * 64) for i, n in enumerate(numbers)]


def test_what_is_seen_is_in_the_file_and_found_after_a_restart_at_once(tmp_path):
    config = PlacesConfig(map=str(tmp_path / 'm.wmap'), localize_after=1, **EVERY)
    live = LiveMap(config)
    drive(live, 0, 1, 2)
    live.close()

    again = LiveMap(config)
    assert len(again) == 3
    [found] = drive(again, 2, begin=50)  # the newest keyframe of a map made before is not recent
    assert (found.state, found.match.keyframe_id) == (PlaceState.LOCALIZED, 2)
    again.close()
    with open_map(tmp_path / 'm.wmap') as stored:
        place_map = stored.load()
    assert list(place_map.keyframes) == [0, 1, 2, 3]
    assert [(link.first, link.second) for link in place_map.links] == [(3, 2)]
    assert place_map.keyframes[3].place_id == 2


def test_a_keyframe_keeps_no_features_of_what_moves():
    frame, vector = view(0, 1)
    moving = np.zeros((240, 320), np.float32)
    moving[:120] = 1.0
    kept = LiveMap(PlacesConfig(**EVERY)).observe(frame, vector, 'eye', 'f' * 64, Sensed(moving=moving)).new_keyframe
    assert len(kept.features) > 20
    assert kept.features.keypoints[:, 1].min() > 119


def test_a_finished_map_is_used_and_not_changed(tmp_path):
    path = tmp_path / 'm.wmap'
    live = LiveMap(PlacesConfig(map=str(path), **EVERY))
    drive(live, 0, 1)
    live.close()
    before = path.read_bytes()

    reading = LiveMap(PlacesConfig(map=str(path), mapping=False, localize_after=1, **EVERY))
    first, second = drive(reading, 1, 5, begin=50)
    assert (first.match.keyframe_id, second.state) == (1, PlaceState.CANDIDATE)
    assert (len(reading), first.new_keyframe) == (2, None)
    reading.close()
    assert path.read_bytes() == before


def test_keyframes_that_have_to_go_leave_the_file_too(tmp_path):
    live = LiveMap(PlacesConfig(map=str(tmp_path / 'm.wmap'), max_keyframes=3, **EVERY))
    drive(live, 0, 1, 2, 3, 4)
    assert len(live) == 3
    live.close()
    with open_map(tmp_path / 'm.wmap') as stored:
        assert len(stored.load()) == 3


def test_another_encoder_is_refused_with_both_ways_out():
    live = LiveMap(PlacesConfig(**EVERY))
    drive(live, 0)
    frame, vector = view(1, 9)
    with pytest.raises(MapError, match="made by encoder 'eye'.*waymark map reencode.*waymark map translate"):
        live.observe(frame, vector, 'other', '0' * 64)
    assert len(live) == 1


def test_a_map_that_is_to_be_used_only_must_exist(tmp_path):
    with pytest.raises(MapError, match='m.wmap'):
        LiveMap(PlacesConfig(map=str(tmp_path / 'm.wmap'), mapping=False))


def test_an_empty_map_answers_no_query_and_is_not_saved(tmp_path):
    live = LiveMap(PlacesConfig())
    frame, vector = view(0, 1)
    with pytest.raises(QueryError, match='the map is empty'):
        live.find_image(frame.gray, vector, 'f' * 64, 3)
    with pytest.raises(QueryError, match='the map is empty'):
        live.find_text(vector, 'f' * 64, 3)
    with pytest.raises(MapError, match='there is no map yet'):
        live.save(str(tmp_path / 'm.wmap'))


def test_a_text_is_compared_with_the_vectors_of_an_encoder_that_takes_texts():
    live = LiveMap(PlacesConfig(**EVERY))
    drive(live, 0, 1, 2)
    [best, *_] = live.find_text(np.eye(8, dtype=np.float32)[1], 'f' * 64, 2)
    assert (best.keyframe_id, best.similarity) == (1, 1.0)


def test_a_saved_map_can_be_loaded_in_place_of_another_and_a_bad_one_changes_nothing(tmp_path):
    live = LiveMap(PlacesConfig(**EVERY))
    drive(live, 0, 1)
    assert live.save(str(tmp_path / 'two.wmap')) == 2
    drive(live, 2, begin=9)
    (tmp_path / 'bad.wmap').write_bytes(b'no map at all')
    with pytest.raises(MapError, match='bad.wmap'):
        live.load(str(tmp_path / 'bad.wmap'))
    assert len(live) == 3
    assert live.load(str(tmp_path / 'two.wmap')) == 2
    assert live.load(str(tmp_path / 'two.wmap')) == 2
    live.close()
