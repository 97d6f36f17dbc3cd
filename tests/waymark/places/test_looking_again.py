# SPDX-License-Identifier: Apache-2.0
"""While it is LOCALIZED, the recognizer looks first at what the last image showed."""

import cv2
import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.image import hamming
from waymark.image.features import detect
from waymark.maps import Keyframe
from waymark.places import PlaceRecognizer, PlacesConfig, PlaceState, warm_up
from waymark.places.finder import PlaceFinder, view_of
from waymark.types import NANOSECONDS, Frame, Header

ENCODER = load_encoder(EncoderConfig())
CONFIG = PlacesConfig(exclude_recent=0)


def view(gray, config=CONFIG):
    frame = Frame(Header(NANOSECONDS), gray, 'mono')
    return view_of(frame, ENCODER.encode(frame.rgb).vector, config)


def keyframe(number, gray):
    seen = view(gray)
    return Keyframe(number, Header(number + 1), seen.vector, seen.features, number)


@pytest.fixture
def walk(texture):
    """Six different places."""
    return [texture(seed) for seed in range(6)]


@pytest.fixture
def finder(walk):
    return finder_of(walk)


def finder_of(walk, config=CONFIG):
    known = PlaceFinder(config, ENCODER.dim, ENCODER.fingerprint)
    for number, gray in enumerate(walk):
        known.add(keyframe(number, gray), view(gray).summary)
    return known


def shown(recognizer, images):
    """What is said of images of a map that is only used."""
    said = []
    for i, gray in enumerate(images):
        frame = Frame(Header((100 + i) * NANOSECONDS), gray, 'mono')
        vector = ENCODER.encode(frame.rgb).vector
        said.append(recognizer.observe(frame, vector, ENCODER.fingerprint, keep=False))
    return said


def of_the_whole_map(said):
    """Which images were compared with the whole map: only for that is an image summed up."""
    return [i for i, s in enumerate(said) if 'summary' in vars(s.view)]


def recognizer(walk, **changes):
    known = PlaceRecognizer(PlacesConfig(exclude_recent=0, **changes))
    known.load([keyframe(i, gray) for i, gray in enumerate(walk)], ENCODER.fingerprint)
    return known


def test_while_localized_one_image_in_five_is_compared_with_the_whole_map(walk):
    said = shown(recognizer(walk), [walk[2]] * 14)
    assert [s.state for s in said] == [PlaceState.CANDIDATE] + [PlaceState.LOCALIZED] * 13
    assert of_the_whole_map(said) == [0, 1, 6, 11]
    assert {s.match.keyframe_id for s in said[1:]} == {2}
    assert {s.nearest_id for s in said} == {2} and min(s.best_similarity for s in said) > 0.999


def test_every_image_is_compared_with_the_whole_map_on_request(walk):
    assert of_the_whole_map(shown(recognizer(walk, search_every=1), [walk[2]] * 8)) == list(range(8))


def test_who_is_carried_off_is_found_in_the_same_image(walk):
    said = shown(recognizer(walk, neighbourhood=1), [walk[0]] * 3 + [walk[5]] * 3)
    assert [s.state.name for s in said] == [
        'CANDIDATE',
        'LOCALIZED',
        'LOCALIZED',
        'CANDIDATE',
        'LOCALIZED',
        'LOCALIZED',
    ]
    assert said[3].candidate.keyframe_id == 5 and of_the_whole_map(said) == [0, 1, 3, 4]


def test_who_is_lost_looks_in_the_whole_map_each_time(walk, texture):
    said = shown(recognizer(walk), [walk[0]] * 2 + [texture(seed) for seed in range(20, 27)])
    assert of_the_whole_map(said) == list(range(9))
    assert [s.state for s in said[-3:]] == [PlaceState.LOST] * 3


def test_the_best_of_those_shown_before_is_taken_when_it_is_clear(walk, finder):
    H = np.array([[1.02, 0.01, 4], [-0.01, 1.02, -3], [0, 0, 1]])
    found = finder.find_again(view(cv2.warpPerspective(walk[1], H, walk[1].shape[::-1])), [9, 4, 1])
    assert found.keys.tolist() == [1] and found.match.keyframe_id == 1, '9 is gone, 4 is another place'
    np.testing.assert_allclose(found.match.homography.H_cur_ref, H, atol=0.5)
    assert found.verified[0] > found.scores[0] == pytest.approx(found.similarities[0])


def test_what_is_less_than_clear_is_none(walk, finder):
    assert finder.find_again(view(walk[1]), []) is None
    assert finder.find_again(view(walk[1]), [0, 2]) is None
    some = PlacesConfig(exclude_recent=0, max_features=50, min_inliers=40)  # verified by 40 and more, by no 60
    careful = finder_of(walk, some)
    assert careful.find(view(walk[1], some)).match.strength >= 40
    assert careful.find_again(view(walk[1], some), [1]) is None


def test_a_covered_lens_shows_nothing_again(walk, finder):
    frame = Frame(Header(1), walk[1], 'mono')
    assert finder.find_again(view_of(frame, np.zeros(ENCODER.dim, np.float32), CONFIG), [1]) is None


def test_features_found_before_give_the_same_answer(walk):
    frame = Frame(Header(100 * NANOSECONDS), walk[3], 'mono')
    vector, features = ENCODER.encode(frame.rgb).vector, detect(frame.gray, CONFIG)
    found, given = (
        recognizer(walk).observe(frame, vector, ENCODER.fingerprint, keep=False, features=f) for f in (None, features)
    )
    assert given.view.features is features
    assert given.candidate.inliers == found.candidate.inliers > 100


@pytest.mark.parametrize('detector', ['orb', 'akaze'])
def test_once_warm_the_first_image_loads_nothing(detector):
    hamming._session.cache_clear()
    warm_up(PlacesConfig(detector=detector))
    assert hamming._session.cache_info().currsize == 1
