# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import QueryError
from waymark.image.features import detect
from waymark.maps import Keyframe
from waymark.places import PlacesConfig
from waymark.places.queries import query_by_image, query_by_text, query_by_vector, rank_by_features
from waymark.places.retrieval import ExactIndex
from waymark.types import NANOSECONDS, Header

CONFIG = PlacesConfig()
ENCODER = load_encoder(EncoderConfig(encoder='hog'))
EYE = np.eye(4, dtype=np.float32)


def keyframe(number, gray, vector=None, text_vector=None):
    if vector is None:
        vector = ENCODER.encode(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)).vector
    header = Header((number + 1) * NANOSECONDS)
    return Keyframe(number, header, vector, detect(gray, CONFIG), number, text_vector=text_vector)


def mapped(keyframes):
    index = ExactIndex(len(keyframes[0].vector))
    for one in keyframes:
        index.add(one.keyframe_id, one.vector)
    return index, {one.keyframe_id: one for one in keyframes}


@pytest.fixture(scope='module')
def places(texture):
    """Six places, with ids 0, 10, ..., 50."""
    return mapped([keyframe(10 * seed, texture(seed)) for seed in range(6)])


@pytest.fixture(scope='module')
def plain(texture):
    """Four keyframes whose vectors are the axes; their text vectors too, in another order, the last has none."""
    texts = [EYE[1], EYE[2], EYE[0], None]
    return mapped([keyframe(i, texture(0), EYE[i], texts[i]) for i in range(4)])


def test_a_vector_finds_the_keyframes_most_like_it(plain):
    answers = query_by_vector(np.float32([0.6, 0, 0.8, 0]), *plain, count=2)
    assert [(a.keyframe_id, round(a.similarity, 6), a.match) for a in answers] == [(2, 0.8, None), (0, 0.6, None)]
    assert answers[0].keyframe_stamp_ns == 3 * NANOSECONDS


def test_an_image_finds_its_place_verified_and_then_the_most_similar_ones(places, texture):
    gray = cv2.warpAffine(texture(3), np.float32([[1, 0, 6], [0, 1, -4]]), (320, 240), borderMode=cv2.BORDER_REFLECT)
    vector = ENCODER.encode(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)).vector
    answers = query_by_image(gray, vector, *places, CONFIG, count=3)
    assert (len(answers), answers[0].keyframe_id) == (3, 30)
    assert answers[0].match.inliers >= CONFIG.min_inliers
    np.testing.assert_allclose(answers[0].match.homography.H_cur_ref, [[1, 0, 6], [0, 1, -4], [0, 0, 1]], atol=1)
    assert [a.match for a in answers[1:]] == [None, None]
    assert answers[1].similarity >= answers[2].similarity


def test_features_put_a_place_first_that_similarity_put_last(texture):
    candidates = [(keyframe(seed, texture(seed)), similarity) for seed, similarity in ((0, 0.9), (1, 0.8), (2, 0.1))]
    answers = rank_by_features(detect(texture(2), CONFIG), candidates, CONFIG)
    assert [a.keyframe_id for a in answers] == [2, 0, 1]
    assert [a.match is not None for a in answers] == [True, False, False]


@pytest.mark.parametrize('value', [0, 128, 255])
def test_an_image_that_shows_nothing_is_refused(places, value):
    with pytest.raises(QueryError, match='the query image shows nothing that could be found: it is even'):
        query_by_image(np.full((48, 64), value, np.uint8), np.zeros(704, np.float32), *places, CONFIG)


def test_a_text_finds_keyframes_by_their_text_vectors(plain):
    answers = query_by_text(np.float32([0, 0.8, 0.6, 0]), plain[1], count=2)
    assert [(a.keyframe_id, round(a.similarity, 6)) for a in answers] == [(0, 0.8), (1, 0.6)]
    assert [a.keyframe_id for a in query_by_text(EYE[0], plain[1])] == [2, 0, 1], 'all that have one'


def test_a_map_without_text_vectors_says_how_to_get_them(places):
    with pytest.raises(QueryError, match='none of the 6 keyframes has a text vector.*waymark export encoder'):
        query_by_text(EYE[0], places[1])


def test_a_text_of_another_encoder_is_refused(plain):
    with pytest.raises(QueryError, match="the text's vector has 3 numbers, the map's text vectors have 4"):
        query_by_text(np.zeros(3, np.float32), plain[1])


def test_an_empty_map_answers_nothing(texture):
    index = ExactIndex(4)
    assert query_by_vector(EYE[0], index, {}) == ()
    assert query_by_text(EYE[0], {}) == ()
    assert query_by_image(texture(0), EYE[0], index, {}, CONFIG) == ()
