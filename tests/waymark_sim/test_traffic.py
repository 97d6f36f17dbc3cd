# SPDX-License-Identifier: Apache-2.0
"""Traffic: where vehicles are is exactly where their mask says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.sources.config import ImageSourceConfig
from waymark.sources.open import open_source
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.route import rotation
from waymark_sim.traffic import SHADOW, VEHICLE, Vehicle, make_traffic, paint_traffic

VAN = Vehicle('van', 0, (1.0, -2.0), 0.0, 10.0)


def pose(x=0.0, y=0.0, z=20.0, yaw=0.0):
    T = np.eye(4)
    T[:3, :3] = rotation(0.05, -0.08, yaw)
    T[:3, 3] = x, y, z
    return T


@pytest.fixture(scope='module')
def renderer(checkerboard):
    return OrthoRenderer(checkerboard, (320, 240), math.radians(60))


def test_a_straight_drive_and_a_full_circle_end_where_they_must():
    np.testing.assert_allclose(VAN.pose(2.0), (21.0, -2.0, 0.0))
    circling = Vehicle('car', 1, (3.0, 4.0), 0.5, 5.0, turn_rad_s=0.25)
    np.testing.assert_allclose(circling.pose(2 * np.pi / 0.25)[:2], (3.0, 4.0), atol=1e-9)
    # A quarter to the left from heading east: radius forward and radius to the side.
    np.testing.assert_allclose(Vehicle('car', 1, (0.0, 0.0), 0.0, 5.0, 0.25).pose(np.pi / 0.5)[:2], (20.0, 20.0))


@pytest.mark.parametrize('yaw', [0.0, 1.0, -2.5])
def test_the_mask_lies_where_the_vehicle_does(renderer, yaw):
    masks = []
    T = pose(yaw=yaw)
    still, image = (
        renderer.render(T, 0, p) for p in (None, lambda i, H: masks.append(paint_traffic(i, H, [VAN], 0.0)))
    )
    rows, columns = np.nonzero(masks[0] == VEHICLE)
    H = renderer.H_image_from_ground(T)
    expected = H @ (*VAN.start_m, 1.0)
    np.testing.assert_allclose([columns.mean(), rows.mean()], expected[:2] / expected[2], atol=0.7)
    area_m2 = len(rows) / abs(np.linalg.det(H)) * expected[2] ** 3
    assert 0.93 * 5.6 * 2.1 < area_m2 < 1.01 * 5.6 * 2.1  # corners are round
    changed = (image != still).any(axis=2)
    assert not changed[masks[0] == 0].mean() > 0.01
    assert (masks[0] == SHADOW).any()


def test_a_vehicle_out_of_view_leaves_the_image_alone(renderer):
    far = Vehicle('truck', 2, (500.0, 0.0), 0.0, 5.0)
    masks = []
    image = renderer.render(pose(), 0, lambda i, H: masks.append(paint_traffic(i, H, [far], 0.0)))
    np.testing.assert_array_equal(image, renderer.render(pose(), 0))
    assert not masks[0].any()


def test_equal_seeds_give_equal_traffic():
    assert make_traffic(3, 8, 50.0) == make_traffic(3, 8, 50.0) != make_traffic(4, 8, 50.0)
    assert len(make_traffic(3, 8, 50.0)) == 8 and make_traffic(3, 0, 50.0) == ()


def test_a_simulated_flight_shows_the_traffic_it_was_asked_for():
    flight = 'sim:ground?laps=1&lap_s=4&rate=2&width=160&height=120&noise=0&ground_px=1024&pad=0'
    busy, empty = (open_source(ImageSourceConfig(input=flight + more)) for more in ('&traffic=400', ''))
    differs = [(a.frame.rgb != b.frame.rgb).any() for a, b in zip(busy.frames(), empty.frames(), strict=True)]
    assert len(differs) == 8 and any(differs)
