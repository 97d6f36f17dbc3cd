# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.errors import QueryError
from waymark.image.features import detect
from waymark.places import PlacesConfig
from waymark.places.watching import WatchConfig, WatchList

EYE, OTHER = 'e' * 64, 'o' * 64
PLACES = PlacesConfig()
ALIKE = np.float32([1, 0])


@pytest.fixture
def watch():
    return WatchList(PLACES, WatchConfig())


def names(events):
    return [e.name for e in events]


def test_an_image_is_found_where_embedding_and_local_features_both_say_so(watch, texture):
    watch.add_image('gate', texture(1), ALIKE, EYE)
    right, wrong = detect(texture(1), PLACES), detect(texture(2), PLACES)
    assert watch.observe(ALIKE, EYE, 1, right) == []  # once is not enough
    [event] = watch.observe(ALIKE, EYE, 2, right)
    assert (event.name, event.since_ns, event.stamp_ns) == ('gate', 1, 2)
    assert event.proof > 100
    watch.reset()
    for stamp_ns in range(3, 9):  # alike to the encoder, not to the eye
        assert watch.observe(ALIKE, EYE, stamp_ns, wrong) == []
    for stamp_ns in range(9, 15):  # the features, but the encoder sees something else
        assert watch.observe(np.float32([0, 1]), EYE, stamp_ns, right) == []


def test_a_view_that_only_looks_alike_ends_the_appearance(watch, texture):
    watch.add_image('gate', texture(1), ALIKE, EYE)
    right, wrong = detect(texture(1), PLACES), detect(texture(2), PLACES)
    said = [watch.observe(ALIKE, EYE, i, seen) for i, seen in enumerate([right] * 2 + [wrong] * 5 + [right] * 2)]
    assert [i for i, events in enumerate(said) if events] == [1, 8]


def test_a_text_needs_similarity_alone(watch):
    watch.add_text('a lake', ALIKE, EYE)
    seen = np.float32([0.26, (1 - 0.26**2) ** 0.5])
    assert names(watch.observe(seen, EYE, 1) + watch.observe(seen, EYE, 2)) == ['a lake']


def test_a_threshold_of_its_own_goes_before_the_parameter(watch):
    watch.add_text('a lake', ALIKE, EYE, threshold=0.5)
    seen = np.float32([0.4, (1 - 0.4**2) ** 0.5])
    assert names(watch.observe(seen, EYE, 1) + watch.observe(seen, EYE, 2)) == []


def test_queries_of_another_encoder_and_images_without_features_are_left_alone(watch, texture):
    watch.add_text('a lake', ALIKE, OTHER)
    watch.add_image('gate', texture(1), ALIKE, EYE)
    for stamp_ns in range(4):
        assert watch.observe(ALIKE, EYE, stamp_ns) == []
    assert watch.names == ('a lake', 'gate')


def test_a_query_of_the_same_name_replaces_the_one_before_and_a_removed_one_is_gone(watch):
    watch.add_text('it', ALIKE, EYE)
    watch.add_text('it', np.float32([0, 1]), EYE)
    assert watch.names == ('it',)
    assert watch.observe(ALIKE, EYE, 1) + watch.observe(ALIKE, EYE, 2) == []
    watch.remove('it')
    assert watch.names == ()
    with pytest.raises(QueryError, match="there is no standing query 'it'. Known: none."):
        watch.remove('it')


def test_what_can_not_be_found_is_refused_with_the_reason(watch, texture):
    with pytest.raises(QueryError, match='the wanted view shows nothing'):
        watch.add_image('wall', np.full((240, 320), 90, np.uint8), ALIKE, EYE)
    ramp = np.tile(np.linspace(0, 255, 320).astype(np.uint8), (240, 1))
    with pytest.raises(QueryError, match='the wanted view has .* local features, 20 must agree'):
        watch.add_image('sky', ramp, ALIKE, EYE)
    with pytest.raises(QueryError, match='needs a name'):
        watch.add_text('', ALIKE, EYE)
    with pytest.raises(QueryError, match='threshold: must be at least -1'):
        watch.add_text('x', ALIKE, EYE, threshold=2.0)
