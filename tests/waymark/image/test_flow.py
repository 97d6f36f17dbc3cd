# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.image.flow import FlowConfig, follow_points, good_points

CONFIG = FlowConfig()


def test_points_are_spread_over_the_picture_and_keep_their_distance(texture):
    points = good_points(texture(1, (640, 480)), CONFIG)
    assert len(points) == CONFIG.flow_points
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(len(points))
    assert gaps.min() >= CONFIG.flow_spacing_px - 1e-3
    cells = {(int(x // 80), int(y // 80)) for x, y in points}
    assert len(cells) == 48


def test_half_a_picture_without_texture_gets_no_points(texture):
    gray = texture(1).copy()
    gray[:, :160] = 90
    points = good_points(gray, CONFIG)
    assert len(points) > 50
    assert points[:, 0].min() > 150


@pytest.mark.parametrize(
    'gray', [np.zeros((240, 320), np.uint8), np.zeros((8, 320), np.uint8), np.zeros((1, 1), np.uint8)]
)
def test_a_picture_without_anything_has_no_points(gray):
    assert good_points(gray, CONFIG).shape == (0, 2)


def test_points_are_followed_to_a_tenth_of_a_pixel(texture):
    gray = texture(2)
    moved = cv2.warpAffine(gray, np.array([[1.0, 0, 3.25], [0, 1, -2.5]]), (320, 240), flags=cv2.INTER_CUBIC)
    points = good_points(gray, CONFIG)
    there, good = follow_points(gray, moved, points, points, CONFIG)
    inner = (points > 20).all(axis=1) & (points < (300, 220)).all(axis=1)
    assert good[inner].mean() > 0.99
    error = np.linalg.norm(there - points - (3.25, -2.5), axis=1)[good & inner]
    assert np.median(error) < 0.07


def test_what_is_hidden_in_the_next_picture_is_lost(texture):
    gray, hidden = texture(2), texture(2).copy()
    hidden[:, 160:] = texture(9)[:, 160:]
    points = good_points(gray, CONFIG)
    _, good = follow_points(gray, hidden, points, points, CONFIG)
    assert good[points[:, 0] < 140].all()
    assert good[points[:, 0] > 180].mean() < 0.1


def test_no_points_and_pictures_of_two_sizes_give_nothing(texture):
    none = np.zeros((0, 2), np.float32)
    assert follow_points(texture(1), texture(2), none, none, CONFIG)[0].shape == (0, 2)
    points = good_points(texture(1), CONFIG)
    assert not follow_points(texture(1), texture(1, (64, 64)), points, points, CONFIG)[1].any()
    with pytest.raises(ValueError, match='expected: expected shape'):
        follow_points(texture(1), texture(2), points, points[:3], CONFIG)
