# SPDX-License-Identifier: Apache-2.0
"""Real drone photos on the orthophoto that was made of them, as they are and much changed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.geo import GeoConfig, GeoFix, GeoLocalizer, GroundMap, Photo, Unsure, read_ortho
from waymark.image.geometry import transform_points
from waymark.mapping.ortho import ortho_map
from waymark.maps import OrthoFrame

pytestmark = pytest.mark.slow
WIDTH_PX = 756


@pytest.fixture(scope='module')
def localizer(shared_data):
    picture = read_ortho(shared_data('uav_odm_caliterra') / 'caliterra.png')
    encoder = load_encoder(EncoderConfig(threads=1))
    place_map = ortho_map(picture, OrthoFrame(picture.size_wh, 0.2), encoder)
    return GeoLocalizer(GroundMap(place_map), lambda rgb: encoder.encode(rgb).vector, GeoConfig())


@pytest.mark.parametrize('name', ['IMG_9372', 'IMG_9401'])
def test_a_dark_noisy_turned_and_small_photo_is_where_the_photo_itself_is(shared_data, localizer, name):
    photo = cv2.imread(str(shared_data('uav_odm_caliterra') / 'images_1200px' / f'{name}.jpg'))[..., ::-1]
    H = np.array([[0.0, -0.5, 449.5], [0.5, 0.0, -60.0], [0.0, 0.00004, 1.0]])
    small = cv2.warpPerspective(photo, H, (450, 480), flags=cv2.INTER_AREA)
    dark = 0.5 * small + np.random.default_rng(1).normal(0, 8, small.shape)

    plain = localizer.locate(Photo(np.ascontiguousarray(photo)))
    changed = localizer.locate(Photo(np.asarray(np.clip(dark, 0, 255), np.uint8)))

    assert isinstance(plain, GeoFix) and isinstance(changed, GeoFix)
    corners = np.array([[300.0, 225], [900, 225], [900, 675], [300, 675]])
    apart = transform_points(changed.H_map_photo @ H, corners) - transform_points(plain.H_map_photo, corners)
    assert np.linalg.norm(apart, axis=1).max() < 0.01 * WIDTH_PX


def test_photos_of_other_places_are_not_on_it(shared_data, localizer):
    files = sorted(p for p in shared_data('oxford_affine').rglob('*') if p.suffix in ('.png', '.ppm', '.pgm', '.jpg'))
    assert len(files) > 10
    for file in files[:: len(files) // 3]:
        rgb = np.ascontiguousarray(cv2.imread(str(file))[..., ::-1])
        assert isinstance(localizer.locate(Photo(rgb)), Unsure)
