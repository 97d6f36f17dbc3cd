# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.geometry import corner_error
from waymark.image.registration_gates import GateConfig, judge, view_rejection

SIZE = (400, 300)
H_TRUE = np.array([[0.8, -0.25, 90], [0.2, 0.85, 10], [2e-4, -1e-4, 1]])


@pytest.fixture
def reference(texture):
    return texture(3, SIZE)


@pytest.fixture
def current(reference):
    return cv2.warpPerspective(reference, H_TRUE, (480, 400), borderMode=cv2.BORDER_REFLECT)


def test_a_homography_ten_pixels_off_is_made_exact_and_believed(reference, current):
    off = np.array([[1, 0, 8], [0, 1, -6], [0, 0, 1.0]]) @ H_TRUE
    judged = judge(reference, current, off, GateConfig())
    assert judged.rejection is None
    assert corner_error(judged.H_cur_ref, H_TRUE, SIZE) < 0.2
    assert judged.agreement > 0.9 and judged.support > 0.9 and judged.spread_px < 1


@pytest.mark.parametrize(
    ('H', 'gate'),
    [
        (np.diag([-1.0, 1.0, 1.0]), 'mirrored'),
        (np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]]), 'mirrored'),  # the horizon crosses the reference
        (np.zeros((3, 3)), 'mirrored'),
        (np.diag([0.05, 0.05, 1.0]), 'scale'),
        (np.diag([20.0, 20.0, 1.0]), 'scale'),
        (np.eye(3), None),
        (-2 * H_TRUE, None),
    ],
)
def test_what_no_camera_sees_is_refused(H, gate):
    assert view_rejection(H, SIZE, GateConfig()) == gate


def test_a_blank_current_image_has_nothing_to_track(reference):
    assert judge(reference, np.full((300, 400), 90, np.uint8), np.eye(3), GateConfig()).rejection is not None


def test_another_picture_lacks_support(reference, texture):
    assert judge(reference, texture(60, SIZE), np.eye(3), GateConfig()).rejection in ('tracking', 'points', 'support')


@pytest.mark.parametrize(('side', 'gate'), [(100, 'coverage'), (150, 'spread'), (280, None)])
def test_a_corner_says_little_about_the_others(texture, side, gate):
    reference = texture(7, (640, 480))
    corner = np.ascontiguousarray(reference[:side, :side])
    assert judge(reference, corner, np.eye(3), GateConfig()).rejection == gate


def test_a_wall_of_equal_tiles_has_a_rival(texture):
    wall = np.tile(texture(4, (80, 60)), (5, 5))
    assert judge(wall, wall, np.eye(3), GateConfig()).rejection == 'rivalry'


def test_agreement_is_a_gate_of_its_own(reference, current):
    assert judge(reference, current, H_TRUE, GateConfig(min_agreement=1.0)).rejection == 'agreement'
