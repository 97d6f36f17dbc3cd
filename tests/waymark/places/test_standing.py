# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.places.standing import StandingQuery, StandingQueryConfig
from waymark.types import NANOSECONDS

WANTED = np.float32([1, 0])
CONFIG = StandingQueryConfig(threshold=0.6, release=0.2, appear_after=2, gone_after=3)


def view(similarity):
    """A unit vector with this cosine to what is wanted; None: nothing in view."""
    if similarity is None:
        return np.zeros(2, np.float32)
    return np.float32([similarity, (1 - similarity**2) ** 0.5])


def raised(similarities, config=CONFIG):
    """Numbers of the images that raise the event."""
    query = StandingQuery('a door', WANTED, config)
    return [i for i, s in enumerate(similarities) if query.observe(view(s), i * NANOSECONDS) is not None]


@pytest.mark.parametrize(
    ('similarities', 'events'),
    [
        ([], []),
        ([0.9], []),  # once is not enough
        ([0.9, 0.9], [1]),
        ([0.9, 0.1, 0.9, 0.1, 0.9], []),  # not in a row
        ([0.9] * 50, [1]),  # once per appearance
        ([0.61, 0.59] * 20 + [0.61, 0.61] + [0.59, 0.61] * 20, [41]),  # on the threshold: still one event
        ([0.9, 0.9, 0.1, 0.1, 0.9, 0.9], [1]),  # away for too short
        ([0.9, 0.9, 0.1, 0.1, 0.1, 0.9, 0.9], [1, 6]),  # and for long enough
        ([0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9], [1]),  # below the threshold, not below the release
        ([0.9, 0.9, None, None, None, 0.9, 0.9], [1, 6]),  # a covered lens
        ([None] * 5, []),
    ],
)
def test_an_event_is_raised_once_per_appearance(similarities, events):
    assert raised(similarities) == events


def test_the_event_says_what_appeared_and_since_when():
    query = StandingQuery('a door', WANTED, CONFIG)
    assert not query.in_sight
    assert query.observe(view(0.7), 5) is None
    event = query.observe(view(0.8), 9)
    assert (event.name, event.since_ns, event.stamp_ns, round(event.similarity, 6)) == ('a door', 5, 9, 0.8)
    assert query.in_sight
    assert query.similarity == pytest.approx(0.8)


def test_nothing_in_view_is_never_wanted_even_where_the_threshold_is_below_zero():
    config = StandingQueryConfig(threshold=-0.5, appear_after=1, gone_after=1)
    assert raised([None, None, -0.4, None, -0.4], config) == [2, 4]


def test_after_a_reset_the_stream_begins_anew():
    query = StandingQuery('a door', WANTED, CONFIG)
    assert [query.observe(view(0.9), i) is not None for i in (1, 2, 3)] == [False, True, False]
    query.reset()
    assert (query.in_sight, query.similarity) == (False, 0)
    assert [query.observe(view(0.9), i) is not None for i in (1, 2, 3)] == [False, True, False]


def test_a_vector_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r'vector: expected shape \(2,\), got \(3,\)'):
        StandingQuery('a door', WANTED).observe(np.zeros(3, np.float32), 0)


def test_a_query_without_direction_is_refused():
    with pytest.raises(ValueError, match="standing query 'a door' has no direction"):
        StandingQuery('a door', np.zeros(2, np.float32))
