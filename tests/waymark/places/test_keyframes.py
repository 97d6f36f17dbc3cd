# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.places import KeyframeSelector, PlacesConfig
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
