# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.geometry import corner_error, transform_points
from waymark.image.refinement import fit_robustly, freed_of_light, refine

H_TRUE = np.array([[0.95, -0.12, 30], [0.1, 0.9, 5], [1e-4, -5e-5, 1]])
SIZE = (320, 240)


@pytest.fixture
def reference(texture):
    return texture(3)


@pytest.fixture
def current(reference):
    return cv2.warpPerspective(reference, H_TRUE, (360, 280), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize('off_px', [0, 3, 8])
def test_a_homography_that_is_off_becomes_exact(reference, current, off_px):
    corners = np.array([[0, 0], [320, 0], [320, 240], [0, 240]], np.float32)
    moved = corners + np.random.default_rng(1).choice([-off_px, off_px], (4, 2)).astype(np.float32)
    first = H_TRUE @ cv2.getPerspectiveTransform(corners, moved)
    refined = refine(reference, current, first, 480)
    assert corner_error(refined.H_cur_ref, H_TRUE, SIZE) < 0.25
    assert refined.support > 0.8 and len(refined.agreeing_px) > 100
    assert refined.H_cur_ref[2, 2] == 1


def test_light_does_not_move_it(reference, current):
    ramp = np.linspace(0.4, 1.1, 360)
    darker = (current * ramp * 0.6 + 20).astype(np.uint8)
    assert corner_error(refine(reference, darker, H_TRUE, 480).H_cur_ref, H_TRUE, SIZE) < 0.3


def test_another_picture_supports_nothing(reference, texture):
    refined = refine(reference, texture(99), np.eye(3), 480)
    assert refined is None or refined.support < 0.1


def test_a_working_size_below_the_picture_still_gives_full_pixels(texture):
    big = texture(5, (800, 600))
    shift = np.array([[1, 0, 6], [0, 1, -4], [0, 0, 1.0]])
    seen = cv2.warpPerspective(big, shift, (800, 600), borderMode=cv2.BORDER_REFLECT)
    assert corner_error(refine(big, seen, np.eye(3), 400).H_cur_ref, shift, (800, 600)) < 0.3


@pytest.mark.parametrize('value', [0, 255])
def test_blank_pictures_have_nothing_to_track(reference, value):
    blank = np.full_like(reference, value)
    assert refine(blank, blank, np.eye(3), 480) is None
    against = refine(reference, blank, np.eye(3), 480)
    assert against is None or against.support < 0.1


def test_a_picture_outside_of_the_current_one_is_none(reference):
    assert refine(reference, reference, np.array([[1, 0, 9000], [0, 1, 0], [0, 0, 1.0]]), 480) is None


def test_a_tiny_picture_is_none(reference):
    assert refine(reference[:30, :30].copy(), reference, np.eye(3), 480) is None


def test_light_is_taken_off(reference):
    even = freed_of_light(reference).astype(int)
    darker = freed_of_light((reference * 0.5 + 40).astype(np.uint8)).astype(int)
    assert np.median(np.abs(even - darker)) <= 4


def test_robust_fit_finds_the_map_despite_a_third_of_wrong_points():
    rng = np.random.default_rng(2)
    points = rng.uniform((0, 0), SIZE, (90, 2)).astype(np.float32)
    D = np.array([[1.01, 0.005, 2], [-0.004, 0.99, -1], [1e-5, 2e-5, 1]])
    moved = transform_points(D, points).astype(np.float32)
    moved[:30] += rng.uniform(-25, 25, (30, 2)).astype(np.float32)
    assert corner_error(fit_robustly(points, moved), D, SIZE) < 0.05


def test_robust_fit_of_points_on_a_line_is_none():
    x = np.linspace(0, 300, 40, dtype=np.float32)
    assert fit_robustly(np.stack([x, x], 1), np.stack([x + 1, x], 1)) is None
