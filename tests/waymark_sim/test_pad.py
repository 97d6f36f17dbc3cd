# SPDX-License-Identifier: Apache-2.0
"""The landing pad's picture is the file that trackers are given, and no turn of it looks like another."""

from __future__ import annotations

import cv2
import numpy as np

from waymark_sim.pad import SIZE_PX, landing_pad


def test_the_file_for_trackers_is_the_generated_picture(repo):
    file = cv2.imread(str(repo / 'config' / 'targets' / 'landing_pad.png'))[:, :, ::-1]

    assert file.shape == (SIZE_PX, SIZE_PX, 3)
    # A pixel on an edge may fall to its other side where a processor rounds a sine otherwise.
    assert (np.abs(file.astype(int) - landing_pad()).max(axis=2) > 1).sum() < 20


def test_no_quarter_turn_or_mirror_image_looks_like_the_pad():
    gray = cv2.cvtColor(landing_pad(), cv2.COLOR_RGB2GRAY).astype(float)

    for other in [*(np.rot90(gray, k) for k in (1, 2, 3)), gray[:, ::-1], gray[::-1]]:
        assert np.corrcoef(gray.ravel(), other.ravel())[0, 1] < 0.8


def test_no_turn_of_its_middle_matches_it_as_well_as_the_right_one():
    gray = cv2.cvtColor(landing_pad(), cv2.COLOR_RGB2GRAY)
    middle = (SIZE_PX - 1) / 2
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX] - middle
    disc = np.hypot(x, y) < 0.84 * SIZE_PX / 2

    for degrees in range(9, 360, 9):
        M = cv2.getRotationMatrix2D((middle, middle), degrees, 1.0)
        turned = cv2.warpAffine(gray, M, (SIZE_PX, SIZE_PX))
        assert np.corrcoef(gray[disc], turned[disc])[0, 1] < 0.75


def test_it_has_corners_all_over_at_the_size_seen_from_twenty_metres():
    small = cv2.resize(cv2.cvtColor(landing_pad(), cv2.COLOR_RGB2GRAY), (200, 200), interpolation=cv2.INTER_AREA)

    points = cv2.goodFeaturesToTrack(small, 500, 0.05, 4).reshape(-1, 2)

    assert len(points) > 120
    for quadrant in [(points < 100), (points >= 100)]:
        assert quadrant.all(axis=1).sum() > 20


def test_it_is_read_only_and_drawn_once():
    assert landing_pad() is landing_pad()
    assert not landing_pad().flags.writeable
