# SPDX-License-Identifier: Apache-2.0
"""Photos of a ground with known truth are found, others are refused by name."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.errors import MessageError
from waymark.geo import GeoConfig, GeoFix, GeoLocalizer, Photo, Unsure, lens_shift
from waymark.image.camera import CameraModel

TRUTH_PX, YAW_DEG, HEIGHT_PX, SCALE_M = (310.0, 270.0), 140.0, 220.0, 0.5


@pytest.fixture(scope='module')
def localizer(ground):
    return GeoLocalizer(ground, None, GeoConfig())


@pytest.fixture(scope='module')
def photo_and_K(picture, view):
    photo, K, _ = view(picture.rgb, TRUTH_PX, YAW_DEG, HEIGHT_PX, tilt_deg=8.0)
    return photo, K


def test_a_photo_says_place_yaw_height_and_tilt(localizer, photo_and_K):
    photo, K = photo_and_K
    true_scale_m = HEIGHT_PX / K[0, 0] * SCALE_M  # known here: a photo whose scale is said is found as well

    fix = localizer.locate(Photo(photo, K, true_scale_m))

    assert isinstance(fix, GeoFix)
    assert np.hypot(fix.x_px - TRUTH_PX[0], fix.y_px - TRUTH_PX[1]) < 1.0
    assert abs(fix.yaw_deg - YAW_DEG) < 0.5
    assert fix.altitude_m == pytest.approx(HEIGHT_PX * SCALE_M, rel=0.01)
    assert fix.tilt_deg == pytest.approx(8.0, abs=0.5)
    assert fix.sigma_m < 3.0


def test_another_light_blur_and_noise_change_little(localizer, photo_and_K):
    photo, K = photo_and_K
    dim = cv2.GaussianBlur(photo, (0, 0), 1.0) * 0.5 + np.random.default_rng(1).normal(0, 6, photo.shape)

    fix = localizer.locate(Photo(np.asarray(np.clip(dim, 0, 255), np.uint8), K))

    assert isinstance(fix, GeoFix)
    assert np.hypot(fix.x_px - TRUTH_PX[0], fix.y_px - TRUTH_PX[1]) < 3.0


def test_without_a_calibration_there_is_a_place_and_no_altitude(localizer, photo_and_K):
    fix = localizer.locate(Photo(photo_and_K[0]))

    assert isinstance(fix, GeoFix)
    assert fix.altitude_m is None and fix.altitude_sigma_m is None
    assert np.hypot(fix.x_px - TRUTH_PX[0], fix.y_px - TRUTH_PX[1]) * SCALE_M < 3 * fix.sigma_m


def test_a_photo_of_another_ground_is_refused(localizer, other_ground, view):
    photo, K, _ = view(other_ground, TRUTH_PX, YAW_DEG, HEIGHT_PX)

    assert isinstance(localizer.locate(Photo(photo, K)), Unsure)


def test_a_mirrored_photo_is_refused(localizer, photo_and_K):
    assert isinstance(localizer.locate(Photo(np.ascontiguousarray(photo_and_K[0][:, ::-1]))), Unsure)


@pytest.mark.parametrize('level', [0, 127, 255])
def test_a_photo_of_nothing_is_refused_by_name(localizer, level):
    found = localizer.locate(Photo(np.full((240, 320, 3), level, np.uint8)))

    assert isinstance(found, Unsure) and found.gate == 'flat'


def test_a_scale_that_contradicts_the_altitude_is_refused(localizer, photo_and_K):
    photo, K = photo_and_K

    assert isinstance(localizer.locate(Photo(photo, K, 2 * HEIGHT_PX / K[0, 0] * SCALE_M)), Unsure)


def test_an_answer_that_is_too_uncertain_is_refused(ground, photo_and_K):
    found = GeoLocalizer(ground, None, GeoConfig(max_sigma_m=0.01)).locate(Photo(photo_and_K[0]))

    assert isinstance(found, Unsure) and found.gate == 'sigma'


def test_a_photo_too_small_says_so():
    with pytest.raises(MessageError, match='40x30 px: too small'):
        Photo(np.zeros((30, 40, 3), np.uint8))


def test_two_equal_places_are_not_told_apart(frame, picture, view):
    from waymark.geo import GroundMap, OrthoPicture, cut_tiles
    from waymark.maps import MapInfo, OrthoFrame, PlaceMap

    half = picture.rgb[:, :300]
    twice = OrthoPicture(np.ascontiguousarray(np.hstack([half, half])), picture.known)
    photo, K, _ = view(twice.rgb, (150.0, 300.0), 20.0, 150.0)
    tiles = [k for k in cut_tiles(twice, frame, lambda rgb: np.ones(4, np.float32) / 2) if k is not None]
    twin = GroundMap(PlaceMap(MapInfo('f' * 64, 'test', ortho=OrthoFrame(twice.size_wh, SCALE_M)), tiles))

    found = GeoLocalizer(twin, None, GeoConfig()).locate(Photo(photo, K))

    assert isinstance(found, Unsure) and found.gate == 'rivals'


def test_a_lens_is_measured_by_how_far_it_moves_the_corners():
    K = np.array([[200.0, 0, 159.5], [0, 200, 119.5], [0, 0, 1]])
    plain, bent = (CameraModel((320, 240), K, np.array([k1, 0, 0, 0])) for k1 in (0.0, -0.1))

    assert lens_shift(plain) < 1e-9
    assert 0.02 < lens_shift(bent) < 0.2
