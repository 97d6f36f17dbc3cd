# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.homography import Homography
from waymark.places import KeyframeSelector, PlacesConfig
from waymark.places.keyframes import KeyframeBudget, view_overlap
from waymark.types import NANOSECONDS

CONFIG = PlacesConfig(keyframe_similarity=0.8, keyframe_max_gap_s=5.0)


def direction(degrees):
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], np.float32)


def chosen(config, views):
    """Which (second, degrees) become keyframes."""
    selector = KeyframeSelector(config)
    return [(s, d) for s, d in views if selector.is_due(round(s * NANOSECONDS), direction(d))]


def test_the_first_image_is_a_keyframe():
    assert chosen(CONFIG, [(1, 0)]) == [(1, 0)]


def test_a_view_is_kept_when_it_has_changed_since_the_last_one_kept():
    # cos 36 deg = .81, cos 37 deg = .80 - : small steps add up.
    views = [(0, 0), (1, 20), (2, 36), (3, 38), (4, 60), (4.5, 80)]
    assert chosen(CONFIG, views) == [(0, 0), (3, 38), (4.5, 80)]


def test_a_view_that_stays_is_kept_again_after_the_longest_gap():
    assert chosen(CONFIG, [(s, 0) for s in range(12)]) == [(0, 0), (5, 0), (10, 0)]


def test_no_gap_is_too_long_when_the_gap_is_off():
    assert chosen(PlacesConfig(keyframe_max_gap_s=0.0), [(0, 0), (1000, 0)]) == [(0, 0)]


def test_every_image_is_a_keyframe_when_asked_for():
    assert len(chosen(PlacesConfig(keyframe_similarity=1.0), [(s, 0) for s in range(7)])) == 7


def test_an_image_with_nothing_in_view_is_never_a_keyframe():
    assert not KeyframeSelector(CONFIG).is_due(1, np.zeros(2, np.float32))


def test_a_matrix_is_refused():
    with pytest.raises(ValueError, match='vector: expected shape'):
        KeyframeSelector(CONFIG).is_due(1, np.zeros((1, 2), np.float32))


def test_a_view_that_moved_on_is_kept_by_its_overlap_alone():
    selector = KeyframeSelector(PlacesConfig(keyframe_similarity=-1.0, keyframe_overlap=0.6, keyframe_max_gap_s=0.0))
    shares = [None, 0.9, 0.61, 0.59, 1.0, None]
    due = [selector.is_due(i, direction(0), lambda share=share: share) for i, share in enumerate(shares)]
    assert due == [True, False, False, True, False, True]


def test_a_keyframe_that_shows_an_image_well_enough_makes_it_known():
    selector = KeyframeSelector(PlacesConfig(keyframe_similarity=0.8, keyframe_overlap=0.6))
    assert [selector.is_known(0.81, lambda share=share: share) for share in (0.61, 0.59)] == [True, False]
    assert not selector.is_known(0.79, lambda: 1.0)
    assert KeyframeSelector(CONFIG).is_known(0.81, lambda: pytest.fail('asked for without keyframe_overlap'))


@pytest.mark.parametrize('settings', [{'keyframe_revisits': True}, {'keyframe_similarity': 1.0}])
def test_nothing_is_known_where_each_visit_is_to_be_kept(settings):
    assert not KeyframeSelector(PlacesConfig(**settings)).is_known(1.0, lambda: 1.0)


def test_overlap_is_the_share_of_the_reference_that_is_still_in_view():
    H = np.eye(3)
    H[0, 2] = 30.0  # everything a quarter of the width to the right
    moved = Homography(H, np.ones(4, bool))
    assert view_overlap(moved, (121, 81)) == pytest.approx(0.75, abs=0.01)
    turned_away = Homography(np.array([[1.0, 0, 0], [0, 1, 0], [-0.1, 0, 1]]), np.ones(4, bool))
    assert view_overlap(turned_away, (121, 81)) == 0.0


def filled(most, degrees):
    budget = KeyframeBudget(most)
    for key, angle in enumerate(degrees):
        budget.add(key, direction(angle))
    return budget


def test_the_keyframe_most_like_its_neighbours_goes_first():
    budget = filled(4, [0, 40, 45, 50, 120])
    assert budget.surplus() == 2
    budget.remove(2)
    assert budget.surplus() is None


def test_a_keyframe_of_a_route_stays_and_another_goes():
    assert filled(4, [0, 40, 45, 50, 120]).surplus(pinned={2}) == 1
    assert filled(4, [0, 40, 45, 50, 120]).surplus(pinned={1, 2, 3}) is None


def test_neighbours_of_what_went_become_neighbours():
    budget = filled(2, [0, 1, 2, 60, 61, 90])
    gone = []
    while (key := budget.surplus()) is not None:
        budget.remove(key)
        gone.append(key)
    assert gone[0] in (1, 4) and sorted(gone) == [1, 2, 3, 4]  # the ends stay


def test_without_a_limit_nothing_goes():
    assert filled(0, range(50)).surplus() is None and filled(3, []).surplus() is None
