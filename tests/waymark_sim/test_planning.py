# SPDX-License-Identifier: Apache-2.0
"""Routes are planned only where there is room."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark_sim.planning import plan_curve


def clearance(known: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(np.pad(known.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]


@pytest.mark.parametrize('seed', range(5))
def test_a_route_keeps_its_distance_from_the_unknown(seed):
    known = np.ones((200, 300), bool)
    known[:80, :120] = False  # a corner is missing
    distance = clearance(known)

    curve = plan_curve(distance, 1.0, 20.0, seed)

    points = curve.points(np.linspace(0, 1, 1000))
    column, row = np.rint(points[:, 0] + 149.5).astype(int), np.rint(99.5 - points[:, 1]).astype(int)
    assert (distance[row, column] > 18.5).all()
    assert curve.length_m > 100


def test_the_same_seed_plans_the_same_route():
    distance = clearance(np.ones((200, 200), bool))
    at = np.linspace(0, 1, 9)

    first, again, other = (plan_curve(distance, 1.0, 20.0, seed).points(at) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize('known', [np.ones((30, 30), bool), np.zeros((200, 200), bool)])
def test_no_room_is_none(known):
    assert plan_curve(clearance(known), 1.0, 20.0, 0) is None
