# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.errors import MapError
from waymark.maps import MapInfo, PlaceMap
from waymark.maps.pruning import prune


def at(degrees):
    """Unit vectors on a circle: their cosines are known."""
    return [np.array([np.cos(a), np.sin(a)], np.float32) for a in np.radians(degrees)]


@pytest.fixture
def circle(keyframe):
    def make(degrees):
        return PlaceMap(MapInfo('f', 'm'), [keyframe(i, vector=v) for i, v in enumerate(at(degrees))])

    return make


def test_the_later_of_the_two_most_alike_goes_first(circle):
    place_map = circle([0, 40, 90, 45, 1])
    assert prune(place_map, keep=3) == [4, 3]
    assert list(place_map.keyframes) == [0, 1, 2]


def test_after_each_removal_the_rest_is_compared_anew(circle):
    # 10 goes for its likeness to 0; 21, which was nearest to 10, is then no longer alike to anything.
    place_map = circle([0, 10, 21, 90])
    assert prune(place_map, similarity=float(np.cos(np.radians(15)))) == [1]


def test_keyframes_of_routes_stay_however_alike(circle):
    place_map = circle([0, 1, 2, 3, 90, 91])
    place_map.add_route('r', [1, 2, 3])
    place_map.link(0, 4, 20)
    assert prune(place_map, similarity=0.9) == [5, 0]
    assert list(place_map.keyframes) == [1, 2, 3, 4]
    assert place_map.routes[0].keyframe_ids == (1, 2, 3) and place_map.links == ()


def test_fewer_than_routes_need_is_refused_and_nothing_is_removed(circle):
    place_map = circle([0, 1, 2, 3])
    place_map.add_route('r', [1, 2, 3])
    with pytest.raises(MapError, match='can not be pruned to 2 keyframes: its routes need 3'):
        prune(place_map, keep=2)
    assert len(place_map) == 4


@pytest.mark.parametrize(('count', 'keep', 'left'), [(0, 5, 0), (1, 5, 1), (1, 1, 1), (4, 4, 4), (4, 1, 1)])
def test_a_map_that_is_small_enough_keeps_all(circle, count, keep, left):
    place_map = circle([10 * i for i in range(count)])
    prune(place_map, keep=keep)
    assert len(place_map) == left


def test_removing_one_by_one_with_a_full_comparison_gives_the_same(keyframe):
    rng = np.random.default_rng(0)
    vectors = [v / np.linalg.norm(v) for v in rng.standard_normal((60, 3)).astype(np.float32)]
    place_map = PlaceMap(MapInfo('f', 'm'), [keyframe(i, vector=v) for i, v in enumerate(vectors)])
    left = list(range(60))
    expected = []
    for _ in range(45):
        cosines = np.round(np.array([[vectors[a] @ vectors[b] if a != b else -2 for b in left] for a in left]), 5)
        best = cosines.max(axis=1)
        expected.append(left.pop(int(np.flatnonzero(best == best.max())[-1])))
    assert prune(place_map, keep=15) == expected
