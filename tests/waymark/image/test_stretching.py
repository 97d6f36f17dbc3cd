# SPDX-License-Identifier: Apache-2.0
"""Faint texture gets contrast, its noise does not, and nothing moves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.image.stretching import stretched


def test_a_faint_step_becomes_as_many_times_larger():
    gray = np.full((120, 160), 100, np.uint8)
    gray[:, 80:] = 104

    wide = stretched(gray, 0.0, 6.0).astype(int)

    assert wide[60, 84] - wide[60, 76] == pytest.approx(6 * 4 - 6 * 4 * 8 / 33, abs=1)  # the mean around moves on, too
    assert wide[60, 10] == wide[60, 150] == 128


def test_noise_is_taken_off_before_it_is_stretched():
    noisy = np.clip(np.random.default_rng(2).normal(100, 4, (240, 320)), 0, 255).astype(np.uint8)

    assert stretched(noisy, 2.0, 6.0).std() < 4.5  # 6 x 4 without


def test_what_is_far_from_the_mean_saturates_and_does_not_wrap():
    gray = np.full((120, 160), 100, np.uint8)
    gray[50:54, 70:74], gray[50:54, 90:94] = 255, 0

    wide = stretched(gray, 0.0, 50.0)

    assert wide[52, 72] == 255
    assert wide[52, 92] == 0


def test_a_stretch_of_one_leaves_the_image_as_it_is():
    gray = np.random.default_rng(3).integers(0, 255, (40, 50), np.uint8)

    assert stretched(gray, 2.0, 1.0) is gray


@pytest.mark.parametrize('shape', [(1, 1), (1, 400), (3, 2)])
def test_the_smallest_images_are_taken(shape):
    assert stretched(np.full(shape, 9, np.uint8), 2.0, 6.0).tolist() == np.full(shape, 128).tolist()


@pytest.mark.parametrize('gray', [np.zeros((0, 4), np.uint8), np.zeros((4, 4), np.float32)])
def test_what_is_no_image_is_refused(gray):
    with pytest.raises(ValueError, match='gray'):
        stretched(gray, 2.0, 6.0)


def test_a_corner_stays_where_it_is():
    gray = np.full((240, 320), 90, np.uint8)
    gray[100:, 150:] = 96
    [[found]] = cv2.goodFeaturesToTrack(stretched(gray, 2.0, 6.0), 1, 0.1, 10)

    assert found == pytest.approx((150, 100), abs=2)
