# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.features import Features
from waymark.maps import Keyframe
from waymark.places import PlacesConfig
from waymark.places.verification import shared_coverage, support_candidates
from waymark.types import Header

SIZE = (640, 480)
CONFIG = PlacesConfig(min_coverage=0.05)
RNG = np.random.default_rng(0)
DESCRIPTORS = RNG.integers(0, 256, (60, 32)).astype(np.uint8)
SIGN = np.r_[RNG.uniform(0, 1, (56, 2)), [[0, 0], [1, 0], [1, 1], [0, 1]]]


def with_sign(share):
    """Features of an image of which a sign fills this share."""
    size = np.array(SIZE) - 1.0
    points = size / 2 + (SIGN - 0.5) * size * np.sqrt(share)
    return Features(points.astype(np.float32), DESCRIPTORS, SIZE)


@pytest.mark.parametrize(
    ('in_keyframe', 'in_image', 'is_found'),
    [(0.04, 0.04, False), (0.04, 0.08, True), (0.08, 0.04, True), (0.02, 0.04, False)],
)
def test_a_small_thing_shows_a_place_where_it_fills_enough_of_either_image(in_keyframe, in_image, is_found):
    keyframe = Keyframe(3, Header(1), np.ones(1, np.float32), with_sign(in_keyframe), 3)
    [support] = support_candidates(with_sign(in_image), [keyframe], np.ones(1, np.float32), [0], CONFIG)
    assert support.matches == 60
    assert (support.found is not None) == is_found
    if support.found is not None:
        assert (support.found.keyframe_id, support.found.inliers, support.found.quality) == (3, 60, 1)


def test_coverage_is_of_the_image_that_is_covered_more():
    ref, cur = with_sign(0.04).keypoints, with_sign(0.09).keypoints
    assert shared_coverage(ref, cur, SIZE, SIZE) == pytest.approx(0.09, rel=1e-4)
    assert shared_coverage(cur, ref, SIZE, SIZE) == pytest.approx(0.09, rel=1e-4)
    half = SIZE[0] // 2, SIZE[1] // 2
    assert shared_coverage(ref, ref / 2, SIZE, half) == pytest.approx(0.04, rel=1e-2)
    assert shared_coverage(ref[:2], cur[:2], SIZE, SIZE) == 0
