# SPDX-License-Identifier: Apache-2.0
"""A simulator URI becomes a flight over known ground, past a pad whose place in each image is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError, SourceError
from waymark_sim.pad import SIZE_PX, landing_pad
from waymark_sim.world import build_world


def test_the_route_passes_over_the_pad_on_every_lap(world):
    for lap in (0, 1):
        times = np.arange(0, 20, 0.1) + 20 * lap
        gaps = [np.hypot(*(world.route.pose(t)[:2, 3] - world.pad.centre_m)) for t in times]
        assert min(gaps) < 1.5


def test_the_pad_is_seen_where_the_truth_says(world):
    t = min(np.arange(0, 20, 0.1), key=lambda t: np.hypot(*(world.route.pose(t)[:2, 3] - world.pad.centre_m)))
    T = world.route.pose(t)

    seen = cv2.warpPerspective(
        world.renderer.render(T),
        np.linalg.inv(world.H_image_from_pad(T)),
        (SIZE_PX, SIZE_PX),
        flags=cv2.INTER_LINEAR,
    )

    pad, seen = (cv2.GaussianBlur(i, (0, 0), 4.0).astype(int) for i in (landing_pad(), seen))
    assert np.abs(seen - pad).mean() < 10
    assert np.abs(np.roll(seen, 12, axis=1) - pad).mean() > 20  # not even 2 px beside


def test_no_pad_on_request():
    bare = build_world('sim:ground?pad=0&ground_px=256&width=64&height=48&lap_s=2')

    assert bare.pad is None
    assert bare.H_image_from_pad(bare.route.pose(0)) is None


def test_the_cameras_field_of_view_is_as_asked(world):
    K = world.renderer.camera.K

    assert np.degrees(2 * np.arctan(120 / K[1, 1])) == pytest.approx(60.0)
    assert tuple(K[:2, 2]) == (159.5, 119.5)
    assert world.renderer.camera.size_wh == (320, 240)


@pytest.mark.parametrize(
    ('uri', 'error', 'sentence'),
    [
        ('sim:grund', ConfigError, 'sim:grund: no such ground. Use sim:ground'),
        ('sim:', ConfigError, 'no such ground'),
        ('sim:ground?metres_per_pixel=1', ConfigError, 'metres_per_pixel belongs to a picture of yours'),
        ('sim:/no/such/picture.png?metres_per_pixel=1', SourceError, 'no such file'),
        ('sim:ground?altitude=500&ground_px=256', SourceError, 'no room for a route: from 500 m'),
    ],
)
def test_impossible_worlds_are_refused_by_name(uri, error, sentence):
    with pytest.raises(error) as raised:
        build_world(uri)

    assert sentence in str(raised.value)


def test_a_picture_without_its_scale_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((50, 50), 80, np.uint8))

    with pytest.raises(ConfigError, match=r'its scale is missing. Add \?metres_per_pixel'):
        build_world(f'sim:{tmp_path}/a.png')


def test_a_flight_over_a_real_orthophoto_sees_nothing_but_ground(shared_data):
    path = shared_data('uav_odm_caliterra') / 'caliterra.png'
    real = build_world(f'sim:{path}?metres_per_pixel=0.2&altitude=15&pad=0&noise=0&lap_s=20&width=320&height=240')

    fill = real.ground.rgb[0, 0].astype(int)
    for t in range(20):
        image = real.renderer.render(real.route.pose(float(t))).astype(int)
        assert (np.abs(image - fill).max(axis=2) < 2).mean() < 0.05
