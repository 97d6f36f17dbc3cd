# SPDX-License-Identifier: Apache-2.0
"""Maps that a recognizer is given, that are full, and that are only looked at."""

import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ModelError
from waymark.places import PlaceRecognizer, PlacesConfig, PlaceState
from waymark.types import NANOSECONDS, Frame, Header

ENCODER = load_encoder(EncoderConfig())
CONFIG = PlacesConfig(keyframe_similarity=1.0, exclude_recent=0)


def observe(recognizer, gray, second, **more):
    frame = Frame(Header(second * NANOSECONDS), np.ascontiguousarray(gray), 'mono')
    return recognizer.observe(frame, ENCODER.encode(frame.rgb).vector, ENCODER.fingerprint, **more)


@pytest.fixture
def walk(texture):
    return [texture(seed) for seed in range(6)]


@pytest.fixture
def known(walk):
    """Keyframes of a walk, numbered 10, 11, ..."""
    recognizer = PlaceRecognizer.from_config(PlacesConfig(keyframe_similarity=1.0, exclude_recent=99))
    for second, image in enumerate(walk):
        observe(recognizer, image, second + 1)
    return recognizer.keyframes


def test_a_loaded_map_localizes_at_the_second_image_and_counts_on(known, walk):
    recognizer = PlaceRecognizer.from_config(CONFIG)
    recognizer.load(known, ENCODER.fingerprint)
    assert [k.keyframe_id for k in recognizer.keyframes] == list(range(6))
    states = [observe(recognizer, image, 50 + i).state.name for i, image in enumerate(walk[:3])]
    assert states == ['CANDIDATE', 'LOCALIZED', 'LOCALIZED']
    assert recognizer.keyframes[-1].keyframe_id == 8


def test_a_map_is_loaded_once_and_by_its_own_encoder(known, walk):
    recognizer = PlaceRecognizer.from_config(CONFIG)
    recognizer.load(known, 'another')
    with pytest.raises(ModelError, match='fingerprint another'):
        observe(recognizer, walk[0], 60)
    with pytest.raises(ValueError, match='load: there are 6 keyframes already'):
        recognizer.load(known, 'another')


def test_a_map_that_is_only_used_does_not_grow(known, texture):
    recognizer = PlaceRecognizer.from_config(CONFIG)
    recognizer.load(known, ENCODER.fingerprint)
    said = observe(recognizer, texture(33), 60, keep=False)
    assert said.new_keyframe is None and said.keyframe_count == 6 and said.state is PlaceState.LOST


def test_a_place_seen_upside_down_is_found(known, walk):
    recognizer = PlaceRecognizer.from_config(CONFIG)
    recognizer.load(known, ENCODER.fingerprint)
    said = [observe(recognizer, walk[i][::-1, ::-1], 60 + i, keep=False) for i in (5, 4, 3)]
    assert [s.state.name for s in said] == ['CANDIDATE', 'LOCALIZED', 'LOCALIZED']
    assert [s.candidate.keyframe_id for s in said] == [5, 4, 3]


def test_a_full_map_lets_keyframes_go_and_still_recognizes_the_others(walk, texture):
    config = PlacesConfig(keyframe_similarity=1.0, exclude_recent=0, max_keyframes=6)
    recognizer = PlaceRecognizer.from_config(config)
    gone = []
    for second, image in enumerate([*walk, texture(20), texture(21)]):
        gone += observe(recognizer, image, second + 1).removed
    left = [k.keyframe_id for k in recognizer.keyframes]
    assert len(left) == 6 and len(gone) == 2 and sorted(left + gone) == list(range(8))
    key = next(k for k in left if k < 6)
    assert observe(recognizer, walk[key], 90, keep=False).candidate.keyframe_id == key


def test_keyframes_of_routes_stay_in_a_full_map(known, texture):
    config = PlacesConfig(keyframe_similarity=1.0, exclude_recent=0, max_keyframes=6)
    recognizer = PlaceRecognizer.from_config(config)
    recognizer.load(known, ENCODER.fingerprint, pinned=range(6))
    removed = [observe(recognizer, texture(seed), seed).removed for seed in (70, 71)]
    assert removed == [(), (6,)]  # the last one stays: nothing lies beyond it
