# SPDX-License-Identifier: Apache-2.0
"""What moves, where it is now: simulated traffic with exact masks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.masks import MotionConfig, motion_labels, motion_mask, still_weights
from waymark.similarity import mse

H = np.array([[0.99, -0.05, 6], [0.05, 0.99, -4], [1e-5, 0, 1]])
SQUARE = 36


def scene(texture, x, y):
    """A picture with a patterned square of 36 px at a place."""
    image = cv2.GaussianBlur(texture(11, (320, 240)), (0, 0), 1.2)
    image[y : y + SQUARE, x : x + SQUARE] = cv2.GaussianBlur(texture(5, (SQUARE, SQUARE)), (0, 0), 1.0)
    return image


def moved(texture, x, y, H):
    """The picture through H, the square standing at a place of the new frame."""
    empty = cv2.warpPerspective(
        cv2.GaussianBlur(texture(11, (320, 240)), (0, 0), 1.2), H, (320, 240), borderMode=cv2.BORDER_REFLECT
    )
    empty[y : y + SQUARE, x : x + SQUARE] = cv2.GaussianBlur(texture(5, (SQUARE, SQUARE)), (0, 0), 1.0)
    return empty


def square(x, y):
    mask = np.zeros((240, 320), bool)
    mask[y : y + SQUARE, x : x + SQUARE] = True
    return mask


def overlap(found, true):
    return (found & true).sum() / (found | true).sum()


def test_what_moves_shows_where_it_is_and_not_where_it_was(texture):
    mask = motion_mask(scene(texture, 150, 100), scene(texture, 158, 104), np.eye(3))
    assert mask.dtype == np.float32 and set(np.unique(mask)) <= {0.0, 0.5, 1.0}
    assert overlap(mask == 1, square(158, 104)) > 0.57
    left_behind = square(150, 100) & ~cv2.dilate(square(158, 104).astype(np.uint8), np.ones((3, 3))).astype(bool)
    assert (mask[left_behind] == 1).mean() < 0.5


def test_a_homography_out_by_some_pixels_is_made_exact_first(texture):
    before, now = scene(texture, 150, 100), moved(texture, 158, 108, H)
    wrong = np.array([[1.0, 0, 4], [0, 1, -3], [0, 0, 1]]) @ H
    assert overlap(motion_mask(before, now, wrong) == 1, square(158, 108)) > 0.5
    loose = motion_mask(before, now, wrong, MotionConfig(mask_refine=False))
    assert (loose > 0).mean() > 0.6


def test_a_moving_camera_another_light_and_noise_are_no_motion(texture):
    rng = np.random.default_rng(0)
    before = scene(texture, 150, 100)
    now = cv2.warpPerspective(before, H, (320, 240), borderMode=cv2.BORDER_REFLECT)
    now = np.clip(1.15 * now + 8 + rng.normal(0, 3, now.shape), 0, 255).astype(np.uint8)
    assert (motion_mask(before, now, H) == 1).mean() == 0


def test_what_appears_without_flow_is_changed_and_not_moving(texture):
    still = cv2.GaussianBlur(texture(11, (320, 240)), (0, 0), 1.2)
    mask = motion_mask(still, scene(texture, 150, 100), np.eye(3))
    assert (mask[square(150, 100)] >= 0.5).mean() > 0.6


def test_frames_of_nothing_have_no_motion():
    for value in (0, 128, 255):
        even = np.full((120, 160), value, np.uint8)
        assert not motion_mask(even, even, np.eye(3)).any()
    assert not motion_mask(even[:3, :3], even[:3, :3], np.eye(3)).any()


def test_large_frames_are_worked_on_small_and_keep_their_size(texture):
    before, now = (cv2.resize(scene(texture, x, 100), (960, 720), interpolation=cv2.INTER_CUBIC) for x in (150, 158))
    mask = motion_mask(before, now, np.eye(3), MotionConfig(mask_side_px=320))
    true = np.kron(square(158, 100), np.ones((3, 3), bool))
    assert mask.shape == (720, 960) and overlap(mask == 1, true) > 0.45


def test_labels_are_mono8_and_weigh_a_comparison(texture):
    before, now = scene(texture, 150, 100), scene(texture, 158, 104)
    labels = motion_labels(motion_mask(before, now, np.eye(3)))
    assert labels.dtype == np.uint8 and set(np.unique(labels)) == {0, 128, 255}
    weights = still_weights(labels)
    assert set(np.unique(weights)) == {0.0, 1.0}
    # Nearly all that differs is masked.
    assert float(mse(before, now, mask=weights)) < 1e-4 * float(mse(before, now))


@pytest.mark.parametrize('gap_px', [1, 2, 255])
def test_any_gap_is_taken(texture, gap_px):
    mask = motion_mask(scene(texture, 150, 100), scene(texture, 158, 104), np.eye(3), MotionConfig(mask_gap_px=gap_px))
    assert mask.shape == (240, 320)
