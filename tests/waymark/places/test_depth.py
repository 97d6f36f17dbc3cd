# SPDX-License-Identifier: Apache-2.0
"""Scenes with depth: a rendered corridor, whose truth is exact."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest
from corridor import Corridor, ahead

from waymark.image.camera import CameraModel
from waymark.image.features import detect
from waymark.image.rotation import quaternion_xyzw
from waymark.maps import Keyframe
from waymark.maps.keyframe import MapPose
from waymark.places import PlacesConfig
from waymark.places.locating import Locator
from waymark.places.planarity import shows_a_plane
from waymark.places.rigid import inverse, transform, turn_of, turned
from waymark.places.sensed import Sensed
from waymark.places.verification import support_candidates
from waymark.places.views import Lenses
from waymark.types import Header

CONFIG = PlacesConfig()
K = np.array([[300.0, 0, 159.5], [0, 300, 119.5], [0, 0, 1]])
HERE, NEIGHBOUR = ahead(5.0), ahead(5.35, 0.35, 1.25)
NOW, ASIDE = ahead(5.3, -0.3, 1.4, 0.04), ahead(5.6, -0.7, 1.3, 0.1)


@pytest.fixture(scope='module')
def seen():
    """`seen(seed, T_map_camera)`: features of a view of a corridor, drawn once."""
    rooms, known = {}, {}

    def draw(seed, T):
        room = rooms.setdefault(seed, Corridor(seed))
        key = seed, T.tobytes()
        if key not in known:
            known[key] = detect(np.ascontiguousarray(room.render(T)[..., 0]), CONFIG)
        return known[key]

    draw.lenses = Lenses(Corridor(1).camera, Corridor(1).camera)
    return draw


def keyframe(number, features, T=None):
    pose = None if T is None else MapPose(tuple(map(float, T[:3, 3])), quaternion_xyzw(T[:3, :3]))
    return Keyframe(number, Header(number + 1), np.ones(1, np.float32), features, number, pose=pose)


def supported(reference, current, lenses):
    [support] = support_candidates(current, [reference], np.ones(1, np.float32), [0], CONFIG, lenses)
    return support.found


@pytest.mark.slow
def test_where_no_plane_holds_enough_matches_the_essential_matrix_verifies_the_place(seen):
    reference, current = keyframe(0, seen(1, HERE)), seen(1, ASIDE)
    without, found = supported(reference, current, None), supported(reference, current, seen.lenses)
    assert without is None or without.strength < CONFIG.min_inliers
    assert found.strength >= CONFIG.min_inliers
    assert found.inliers == np.count_nonzero(found.epipolar) > without.inliers
    assert found.quality == pytest.approx(found.epipolar.mean())


@pytest.mark.slow
def test_another_corridor_is_verified_by_neither(seen):
    found = supported(keyframe(0, seen(1, HERE)), seen(2, HERE), seen.lenses)
    assert found is None or found.strength < CONFIG.min_inliers


@pytest.mark.slow
def test_a_keyframe_of_another_size_than_its_camera_s_is_not_measured(seen):
    camera = seen.lenses.ref
    wrong = Lenses(CameraModel((640, 480), camera.K, camera.D), camera)
    reference, current = keyframe(0, seen(1, HERE), HERE), seen(1, ASIDE)
    found = supported(reference, current, wrong)
    assert found is None or found.epipolar is None
    right = supported(reference, seen(1, NOW), seen.lenses)
    assert Locator(CONFIG).locate(right, {0: reference}, wrong, Sensed(camera)) is None


def located(seen, keyframes):
    found = supported(keyframes[0], seen(1, NOW), seen.lenses)
    return Locator(CONFIG).locate(found, keyframes, seen.lenses, Sensed(seen.lenses.cur))


@pytest.mark.slow
def test_without_poses_of_keyframes_the_position_is_a_direction(seen):
    pose, true = located(seen, {0: keyframe(0, seen(1, HERE))}), inverse(HERE) @ NOW
    assert (pose.is_metric, pose.is_planar) == (False, False)
    direction = true[:3, 3] / np.linalg.norm(true[:3, 3])
    assert np.degrees(np.arccos(pose.T_ref_cur[:3, 3] @ direction)) < 8
    assert np.degrees(np.linalg.norm(turn_of(pose.T_ref_cur[:3, :3] @ true[:3, :3].T))) < 1


@pytest.mark.slow
def test_the_distance_of_two_keyframes_gives_metres(seen):
    posed = {0: keyframe(0, seen(1, HERE), HERE), 1: keyframe(1, seen(1, NEIGHBOUR), NEIGHBOUR)}
    pose, true = located(seen, posed), inverse(HERE) @ NOW
    assert (pose.is_metric, pose.is_planar) == (True, False)
    error = np.r_[pose.T_ref_cur[:3, 3] - true[:3, 3], turn_of(pose.T_ref_cur[:3, :3] @ true[:3, :3].T)]
    assert np.linalg.norm(error[:3]) < 0.1
    assert error @ np.linalg.solve(pose.covariance, error) < 22.46  # one in a thousand is larger


def projected(points, T_ref_cur):
    seen = (points - T_ref_cur[:3, 3]) @ T_ref_cur[:3, :3] @ K.T
    return seen[:, :2] / seen[:, 2:]


@pytest.mark.parametrize('is_flat', [True, False])
def test_planes_are_told_from_depth(is_flat):
    rng = np.random.default_rng(1)
    camera = CameraModel((320, 240), K, np.zeros(5))
    for _ in range(20):
        T = transform(turned(rng.normal(0, 0.1, 3)), rng.uniform(-1.5, 1.5, 3))
        pixels = rng.uniform((5, 5), (315, 235), (120, 2))
        depth = 15.0 if is_flat else rng.uniform(4, 15, (120, 1))
        points = np.c_[pixels, np.ones(120)] @ np.linalg.inv(K).T * depth
        noisy = pixels + rng.normal(0, 0.5, pixels.shape), projected(points, T) + rng.normal(0, 0.5, pixels.shape)
        noisy[1][:20] = noisy[1][:20][::-1]
        assert shows_a_plane(Lenses(camera, camera).views(*noisy), CONFIG.ransac_threshold_px) == is_flat


def test_a_camera_that_only_turned_shows_a_plane():
    rng = np.random.default_rng(2)
    points = rng.uniform((-3, -2, 4), (3, 2, 15), (120, 3))
    views = projected(points, np.eye(4)), projected(points, transform(turned(np.array([0.05, 0.1, 0.2])), np.zeros(3)))
    camera = CameraModel((320, 240), K, np.zeros(5))
    assert shows_a_plane(Lenses(camera, camera).views(*views), CONFIG.ransac_threshold_px)


def test_two_lenses_are_compared_as_one_ideal_camera():
    points = np.random.default_rng(3).uniform((-3, -2, 5), (3, 2, 9), (50, 3))
    wide = CameraModel(
        (640, 480), np.array([[400.0, 0, 320], [0, 410, 240], [0, 0, 1]]), np.array([-0.2, 0.05, 0, 0, 0.0])
    )
    plain = CameraModel((320, 240), K, np.zeros(5))
    bent = partial(cv2.projectPoints, points, np.zeros(3), np.zeros(3))
    ref, cur = (bent(c.K, c.D)[0].reshape(-1, 2) for c in (wide, plain))
    views = Lenses(wide, plain).views(ref, cur)
    np.testing.assert_allclose(views.points_ref, views.points_cur, atol=1e-2)
