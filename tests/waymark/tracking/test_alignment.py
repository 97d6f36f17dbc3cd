# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.geometry import corner_error
from waymark.tracking import TrackerConfig, learn_target
from waymark.tracking.alignment import align
from waymark.tracking.gates import Standing, doubt
from waymark.tracking.pyramid import FramePyramid

SIZE_WH = (320, 240)
H_TRUE = np.array([[1.3, 0.25, 90], [-0.2, 1.2, 120], [2e-4, 3e-4, 1]])
CONFIG = TrackerConfig()


@pytest.fixture
def templates(texture):
    return learn_target('pad', texture(1), CONFIG).views[0].followed


@pytest.fixture
def scene(texture):
    picture = texture(1)
    shown = cv2.warpPerspective(np.full_like(picture, 255), H_TRUE, (640, 480)) == 255
    return np.where(shown, cv2.warpPerspective(picture, H_TRUE, (640, 480)), texture(9, (640, 480)))


@pytest.mark.parametrize('off', [(0, 0), (9, -7), (-15, 12)])
@pytest.mark.parametrize('scale', [1.0, 0.5, 0.2])
def test_a_nearly_right_homography_is_made_right(templates, scene, off, scale):
    seen = cv2.resize(scene, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    true = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5], [0, 0, 1]]) @ H_TRUE
    start = np.array([[1, 0, off[0] * scale], [0, 1, off[1] * scale], [0, 0, 1]]) @ true
    found = align(templates, FramePyramid(seen), start, 60)
    assert corner_error(found.H_cur_ref, true, SIZE_WH) < 0.25
    assert found.agreement > 0.9 and found.visible > 0.9
    assert doubt(found, SIZE_WH, Standing.NEW, CONFIG) is None


def test_from_too_far_away_nothing_is_believed(templates, scene):
    start = np.array([[1, 0, 160], [0, 1, -120], [0, 0, 1.0]]) @ H_TRUE
    found = align(templates, FramePyramid(scene), start, 60)
    assert found is None or doubt(found, SIZE_WH, Standing.FOLLOWED, CONFIG) is not None


@pytest.mark.parametrize(
    'H', [np.diag([0.02, 0.02, 1.0]), np.diag([-1.0, 1, 1]), np.full((3, 3), np.nan), np.eye(3) * 0]
)
def test_a_speck_a_mirror_image_and_no_homography_are_not_laid(templates, scene, H):
    assert align(templates, FramePyramid(scene), H, 60) is None


def test_each_gate_says_its_name(templates, scene):
    found = align(templates, FramePyramid(scene), H_TRUE, 60)
    for reason, changes in {
        'inliers': {'min_inliers': 61},
        'share': {'min_inlier_share': 1.0, 'min_inliers': 4},
        'scale': {'min_scale': 2.0},
        'coverage': {'min_coverage': 1.0},
        'exactness': {'max_corner_sigma': 1e-6},
        'agreement': {'min_agreement_first': 1.0},
        'visible': {'min_visible_first': 1.0},
    }.items():
        if reason == 'visible':
            found = align(templates, FramePyramid(np.ascontiguousarray(scene[:330])), H_TRUE, 60)
        if reason == 'share' and found.inliers.all():
            found.inliers[0] = False
        if reason == 'agreement' and found.agreement == 1:
            continue
        assert doubt(found, SIZE_WH, Standing.NEW, TrackerConfig(**changes)) == reason


def test_from_a_near_start_the_answer_is_the_same(templates, scene):
    start = np.array([[1, 0, 1.2], [0, 1, -0.9], [0, 0, 1]]) @ H_TRUE
    found = align(templates, FramePyramid(scene), start, 60, is_near=True)
    assert corner_error(found.H_cur_ref, H_TRUE, SIZE_WH) < 0.25
    assert found.agreement > 0.8 and doubt(found, SIZE_WH, Standing.FOLLOWED, CONFIG) is None
