# SPDX-License-Identifier: Apache-2.0
"""Features know their own scale and direction, and keep them in a map file."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.geo.local_features import LocalFeatures, find_features, from_stored, joined, to_stored
from waymark.geo.voting import mutual, nearest, tally
from waymark.image.features import Features


@pytest.fixture(scope='module')
def gray(picture):
    return cv2.cvtColor(picture.rgb[:256, :256], cv2.COLOR_RGB2GRAY)


@pytest.fixture(scope='module')
def features(gray):
    return find_features(gray, 300)


def test_a_picture_without_texture_has_none():
    assert len(find_features(np.full((100, 100), 90, np.uint8), 50)) == 0
    assert len(find_features(np.zeros((20, 400), np.uint8), 50)) == 0


def test_a_mask_leaves_out_what_it_hides(gray):
    mask = np.zeros(gray.shape, bool)
    mask[:, :128] = True

    found = find_features(gray, 300, mask)

    assert len(found) > 20 and found.points_px[:, 0].max() < 129


def test_what_a_map_keeps_comes_back(features):
    back = from_stored(to_stored(features, (256, 256)))

    np.testing.assert_allclose(back.points_px, features.points_px, atol=1e-4)
    np.testing.assert_allclose(back.scales_px, features.scales_px, rtol=0.03)
    turned = (back.turns_rad - features.turns_rad + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(turned).max() < np.radians(0.8)
    np.testing.assert_array_equal(back.descriptors, features.descriptors)


def test_features_of_another_kind_are_refused():
    with pytest.raises(ValueError, match='130'):
        from_stored(Features(np.zeros((1, 2), np.float32), np.zeros((1, 61), np.uint8), (10, 10)))


def test_features_are_placed_by_pixel_edges(features):
    placed = features.placed(2.0, (100, 50))

    np.testing.assert_allclose(placed.points_px, 2 * (features.points_px + 0.5) - 0.5 + (100, 50))
    np.testing.assert_allclose(placed.scales_px, 2 * features.scales_px)


def test_joining_nothing_is_nothing(features):
    assert len(joined([])) == 0
    assert len(joined([features, LocalFeatures.none(), features])) == 2 * len(features)


def test_matches_vote_for_the_turn_scale_and_shift_between_two_pictures(gray, features):
    M = cv2.getRotationMatrix2D((127.5, 127.5), -35.0, 0.8)
    other = find_features(cv2.warpAffine(gray, M, (256, 256), borderMode=cv2.BORDER_REFLECT), 300)

    vote = tally(other, features, nearest(other, features), 362.0, (0.2, 5.0), 3)[0]

    true = np.linalg.inv(np.vstack([M, (0, 0, 1)]))
    assert abs(vote.z - complex(true[0, 0], true[1, 0])) < 0.08
    np.testing.assert_allclose(vote.on_map(np.array([[127.5, 127.5]])), [[127.5, 127.5]], atol=4)
    assert vote.count > 30


def test_without_features_there_are_no_matches_and_no_votes(features):
    none = LocalFeatures.none()
    for matches in (nearest(none, features), nearest(features, none), mutual(none, features, 0.8)):
        assert len(matches) == 0
        assert tally(none, features, matches, 100.0, (0.1, 10.0), 3) == []


def test_scales_that_are_impossible_do_not_vote(features):
    matches = nearest(features, features)

    assert tally(features, features, matches, 362.0, (0.9, 1.1), 1)[0].count > 100
    assert all(v.count < 30 for v in tally(features, features, matches, 362.0, (3.0, 5.0), 3))
