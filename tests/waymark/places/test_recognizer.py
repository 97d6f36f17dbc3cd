# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ModelError
from waymark.places import PlaceRecognizer, PlacesConfig, PlaceState
from waymark.types import NANOSECONDS, Frame, Header

ENCODER = load_encoder(EncoderConfig())
EVERY = PlacesConfig(keyframe_similarity=1.0, exclude_recent=3)


def observe(recognizer, gray, second):
    frame = Frame(Header(second * NANOSECONDS), gray, 'mono')
    return recognizer.observe(frame, ENCODER.encode(frame.rgb).vector, ENCODER.fingerprint)


def nearby(gray):
    """The same view from a little further left."""
    H = np.array([[1.02, 0.01, 4], [-0.01, 1.02, -3], [0, 0, 1]])
    return cv2.warpPerspective(gray, H, gray.shape[::-1], borderMode=cv2.BORDER_REFLECT), H


@pytest.fixture
def walk(texture):
    """Six different places."""
    return [texture(seed) for seed in range(6)]


def test_places_seen_again_are_localized_after_the_second_one(walk):
    recognizer = PlaceRecognizer.from_config(EVERY)
    first = [observe(recognizer, image, i + 1) for i, image in enumerate(walk)]
    again = [observe(recognizer, nearby(image)[0], i + 11) for i, image in enumerate(walk)]

    assert {a.state for a in first} == {PlaceState.LOST}
    assert [a.state.name for a in again] == ['CANDIDATE', *['LOCALIZED'] * 5]
    assert again[0].match is None and again[0].candidate.keyframe_id == 0
    assert [a.match.keyframe_id for a in again[1:]] == [1, 2, 3, 4, 5]
    match = again[2].match
    assert match.keyframe_stamp_ns == 3 * NANOSECONDS
    assert match.inliers >= 20 and 0 < match.quality <= 1 and match.similarity > 0.5
    np.testing.assert_allclose(match.homography.H_cur_ref, nearby(walk[2])[1], atol=0.5)


def test_places_never_seen_are_lost(walk, texture):
    recognizer = PlaceRecognizer.from_config(EVERY)
    for i, image in enumerate(walk):
        observe(recognizer, image, i + 1)
    for seed in range(20, 30):
        answer = observe(recognizer, texture(seed), seed)
        assert answer.state is PlaceState.LOST and answer.match is None


def test_keyframes_of_a_known_place_carry_its_first_id(walk):
    recognizer = PlaceRecognizer.from_config(EVERY)
    for i, image in enumerate(walk * 3):
        observe(recognizer, image, i + 1)
    # The first image of the second round is only a CANDIDATE, so it passes for a new place.
    places = [k.place_id for k in recognizer.keyframes]
    assert places == [0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]


def test_the_latest_keyframes_can_not_match(walk):
    recognizer = PlaceRecognizer.from_config(EVERY)
    answers = [observe(recognizer, walk[0], i + 1) for i in range(6)]
    assert [a.nearest_id for a in answers] == [None, None, None, None, 0, 0]


def test_young_keyframes_can_not_match(walk):
    recognizer = PlaceRecognizer.from_config(
        PlacesConfig(keyframe_similarity=1.0, exclude_recent=0, exclude_recent_s=4.0)
    )
    answers = [observe(recognizer, walk[0], i + 1) for i in range(6)]
    assert [a.nearest_id is not None for a in answers] == [False, False, False, False, True, True]


def test_the_keyframe_that_an_image_became_is_given(walk):
    recognizer = PlaceRecognizer.from_config(PlacesConfig())
    first, same = (observe(recognizer, walk[0], s) for s in (1, 2))
    other = observe(recognizer, walk[1], 3)
    assert first.new_keyframe.keyframe_id == 0 and first.new_keyframe.header.stamp_ns == NANOSECONDS
    assert same.new_keyframe is None and same.keyframe_count == 1
    assert other.new_keyframe.keyframe_id == 1 and other.keyframe_count == 2


def test_rounds_through_known_places_make_the_map_no_larger(walk):
    rounds = {}
    for keeps in (False, True):
        config = PlacesConfig(exclude_recent=3, keyframe_revisits=keeps)
        recognizer = PlaceRecognizer.from_config(config)
        said = [observe(recognizer, image, i + 1) for i, image in enumerate(walk * 4)]
        rounds[keeps] = [s.keyframe_count for s in said[5::6]]
    # In the second round the first image is only a CANDIDATE, and the last two show keyframes that can not match yet.
    assert rounds == {False: [6, 9, 9, 9], True: [6, 12, 18, 24]}


def test_a_robot_at_its_dock_stops_adding_what_it_sees(walk):
    recognizer = PlaceRecognizer.from_config(PlacesConfig(exclude_recent=3, keyframe_max_gap_s=2.0))
    counts = [observe(recognizer, walk[0], second).keyframe_count for second in range(1, 40)]
    assert counts[6] == 4 and counts[-1] == 4, 'the last three can not match'


@pytest.mark.parametrize('shade', [0, 255])
def test_blank_images_are_lost_and_not_kept(walk, shade):
    recognizer = PlaceRecognizer.from_config(PlacesConfig(exclude_recent=0))
    observe(recognizer, walk[0], 1)
    answer = observe(recognizer, np.full((240, 320), shade, np.uint8), 2)
    assert answer.state is PlaceState.LOST and answer.new_keyframe is None and answer.candidate is None


def test_an_embedding_of_another_encoder_is_refused_by_name(walk):
    recognizer = PlaceRecognizer.from_config(PlacesConfig())
    observe(recognizer, walk[0], 1)
    frame = Frame(Header(2), walk[1], 'mono')
    with pytest.raises(ModelError, match=f'fingerprint {ENCODER.fingerprint[:16]}…, this embedding by other'):
        recognizer.observe(frame, np.ones(ENCODER.dim, np.float32), 'other')


@pytest.mark.parametrize(
    ('vector', 'said'),
    [
        (np.ones((1, ENCODER.dim), np.float32), 'vector: expected shape'),
        (np.ones(9, np.float32), rf'vector: expected shape \({ENCODER.dim},\)'),
        (np.full(ENCODER.dim, np.nan, np.float32), f'vector: {ENCODER.dim} of {ENCODER.dim} values are not finite'),
    ],
)
def test_what_is_no_embedding_is_refused(walk, vector, said):
    recognizer = PlaceRecognizer.from_config(PlacesConfig(exclude_recent=0))
    observe(recognizer, walk[0], 1)
    with pytest.raises(ValueError, match=said):
        recognizer.observe(Frame(Header(2), walk[1], 'mono'), vector, ENCODER.fingerprint)


def test_a_keyframe_keeps_no_features_of_what_moves(walk):
    recognizer = PlaceRecognizer.from_config(EVERY)
    frame = Frame(Header(NANOSECONDS), walk[0], 'mono')
    vector = ENCODER.encode(frame.rgb).vector
    moving = np.zeros(walk[0].shape, np.float32)
    moving[:120] = 1.0
    kept = recognizer.observe(frame, vector, ENCODER.fingerprint, moving=moving).new_keyframe
    assert len(kept.features) > 20 and kept.features.keypoints[:, 1].min() > 119
