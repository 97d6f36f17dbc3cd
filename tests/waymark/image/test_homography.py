# SPDX-License-Identifier: Apache-2.0
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from waymark.image.features import FeatureConfig, detect
from waymark.image.geometry import corner_error, transform_points
from waymark.image.homography import (
    Homography,
    HomographyConfig,
    estimate_homography,
    find_homography,
    register,
    rejection,
)

CONFIG = HomographyConfig()
H_TRUE = np.array([[0.9, -0.1, 20], [0.15, 1.05, -8], [1e-4, -5e-5, 1]])
SHIFT_PX = np.array([12.0, -7.0], np.float32)
SIZE = (320, 240)


@pytest.fixture
def points_ref():
    return np.random.default_rng(5).uniform((0, 0), SIZE, (60, 2)).astype(np.float32)


def all_agree(H, points):
    return Homography(np.asarray(H, np.float64), np.ones(len(points), bool))


def test_recovers_translation_despite_a_third_of_outliers(points_ref):
    points_cur = points_ref + SHIFT_PX
    points_cur[:20] = points_cur[:20][::-1]

    found = estimate_homography(points_ref, points_cur, CONFIG)

    np.testing.assert_allclose(found.H_cur_ref[:2, 2], SHIFT_PX, atol=0.05)
    assert not found.inliers[:20].any()
    assert found.inlier_count == 40 and found.quality == pytest.approx(2 / 3)


def test_the_quick_way_finds_the_same_points(points_ref):
    points_cur = transform_points(H_TRUE, points_ref).astype(np.float32)
    points_cur[:15] = points_cur[:15][::-1] + 40
    H, inliers = find_homography(points_ref, points_cur, 1.5, quick=True)
    assert corner_error(H, H_TRUE, SIZE) < 0.5
    np.testing.assert_array_equal(inliers, np.arange(60) >= 15)


def test_recovers_a_perspective_view(points_ref):
    points_cur = transform_points(H_TRUE, points_ref).astype(np.float32)
    found = estimate_homography(points_ref, points_cur, CONFIG)
    assert corner_error(found.H_cur_ref, H_TRUE, SIZE) < 0.01


@pytest.mark.parametrize('n', [0, 1, 3, 11])
def test_too_few_points_are_no_homography(points_ref, n):
    assert estimate_homography(points_ref[:n], points_ref[:n], CONFIG) is None


def test_points_of_another_number_are_refused(points_ref):
    with pytest.raises(ValueError, match=r'points_cur: expected shape \(60, 2\), got \(59, 2\)'):
        estimate_homography(points_ref, points_ref[:59], CONFIG)


def test_random_pairs_are_no_homography(points_ref):
    other = np.random.default_rng(6).uniform((0, 0), SIZE, (60, 2)).astype(np.float32)
    assert estimate_homography(points_ref, other, CONFIG) is None


@pytest.mark.parametrize(
    'points',
    [np.zeros((40, 2)), np.c_[np.arange(40), np.arange(40)], np.full((40, 2), np.nan), np.zeros((3, 2))],
    ids=['one place', 'a line', 'nan', 'three'],
)
def test_degenerate_points_raise_nothing(points):
    points = points.astype(np.float32)
    H, inliers = find_homography(points, points, 3.0)
    assert inliers.shape == (len(points),) and inliers.dtype == bool
    assert H is None or np.isfinite(H).all()


@pytest.mark.parametrize(
    ('H', 'reason'),
    [
        (np.eye(3), None),
        (H_TRUE, None),
        (np.diag([-1.0, 1, 1]), 'mirrored'),
        (np.array([[1.0, 0, 0], [0, 1, 0], [-1 / 160, 0, 1]]), 'mirrored'),  # a horizon inside
        (np.diag([0.05, 0.05, 1]), 'scale'),
        (np.diag([20.0, 20, 1]), 'scale'),
    ],
)
def test_each_gate_has_its_name(points_ref, H, reason):
    assert rejection(all_agree(H, points_ref), points_ref, SIZE, CONFIG) == reason


def test_matches_that_few_agree_with_are_rejected(points_ref):
    few = Homography(np.eye(3), np.arange(60) < 14)
    assert rejection(few, points_ref, SIZE, CONFIG) == 'share'


def test_matches_in_one_small_spot_are_rejected(points_ref):
    spot = points_ref / 20
    assert rejection(all_agree(np.eye(3), spot), spot, SIZE, CONFIG) == 'coverage'
    assert rejection(all_agree(np.eye(3), spot), spot, SIZE, CONFIG, covered=CONFIG.min_coverage) is None
    assert rejection(all_agree(np.eye(3), points_ref), points_ref, SIZE, CONFIG, covered=0.0) == 'coverage'


def test_a_plane_whose_far_corner_passes_the_horizon_is_rejected_but_a_room_is_not(points_ref):
    near = points_ref * np.array([0.4, 1], np.float32)
    H = np.array([[1.0, 0, 0], [0, 1, 0], [-1 / 250, 0, 1]])
    assert rejection(all_agree(H, near), near, SIZE, CONFIG) == 'corners'
    assert rejection(all_agree(H, near), near, SIZE, HomographyConfig(convex_corners=False)) is None


@pytest.mark.parametrize('detector', ['orb', 'akaze'])
def test_a_warped_picture_is_registered_and_another_is_not(texture, detector):
    config = FeatureConfig(detector=detector)
    image = texture(1, SIZE)
    reference, warped = detect(image, config), detect(cv2.warpPerspective(image, H_TRUE, SIZE), config)
    found = register(reference, warped, config.ratio, CONFIG)
    assert corner_error(found.H_cur_ref, H_TRUE, SIZE) < 1.5
    assert register(reference, detect(texture(2, SIZE), config), config.ratio, CONFIG) is None


def test_registering_with_nothing_is_none(texture):
    config = FeatureConfig()
    nothing, some = detect(np.zeros((50, 50), np.uint8), config), detect(texture(1), config)
    assert register(nothing, some, 0.8, CONFIG) is None and register(some, nothing, 0.8, CONFIG) is None


def read_homography(path):
    # Not by cv2.FileStorage: 4.11 takes whole numbers for doubles in it and returns what lies in memory.
    return np.array(ElementTree.parse(path).findtext('*/data').split(), float).reshape(3, 3)


# Corner error < 3 px on the 25 pairs of the VGG sequences; plain OpenCV reaches 20 (ORB) and 21 (AKAZE).
@pytest.mark.parametrize(('detector', 'at_least'), [('orb', 18), ('akaze', 21)])
def test_real_views_are_registered_and_the_impossible_ones_are_not_invented(shared_data, detector, at_least):
    folder, config = shared_data('oxford_affine'), FeatureConfig(detector=detector, max_features=2000)
    good, wrong = 0, []
    for sequence in ('graf', 'boat', 'bikes', 'ubc', 'leuven'):
        images = [cv2.imread(str(folder / sequence / f'img{k}.png'), 0) for k in range(1, 7)]
        features = [detect(i, config) for i in images]
        size_wh = features[0].size_wh
        for k in range(2, 7):
            found = register(features[0], features[k - 1], config.ratio, CONFIG)
            H_true = read_homography(folder / sequence / f'H1to{k}p.xml')
            error = None if found is None else corner_error(found.H_cur_ref, H_true, size_wh)
            good += error is not None and error < 3
            wrong += [(sequence, k, error)] if error is not None and error > 20 else []
    assert good >= at_least and wrong == []
