# SPDX-License-Identifier: Apache-2.0
"""Where the vehicle is, from a keyframe that it sees again: computed features, so that the answer is known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.image.camera import CameraModel
from waymark.image.features import Features
from waymark.image.geometry import transform_points
from waymark.image.rotation import rotation_rpy
from waymark.maps import Keyframe
from waymark.routes import Planar, RouteConfig, RouteViews
from waymark.routes.levelling import down_in_camera, mounted
from waymark.routes.sighting import Seen, fit_level
from waymark.types import Header

SIZE_WH = (320, 240)
CAMERA = CameraModel(SIZE_WH, np.array([[200.0, 0, 159.5], [0, 200.0, 119.5], [0, 0, 1]]), np.zeros(5))
HEIGHT_M = 20.0
RNG = np.random.default_rng(3)
GROUND = np.column_stack([RNG.uniform(-25, 25, (900, 2)), np.zeros(900)])
WORDS = RNG.integers(0, 256, (900, 32), dtype=np.uint8)


def features_at(pose: Planar, height_m=HEIGHT_M, roll=0.0, pitch=0.0, camera_yaw=0.0) -> Features:
    """What a camera sees of points on the ground, each with a descriptor of its own."""
    R = rotation_rpy(roll, pitch, pose.yaw_rad) @ mounted(camera_yaw)
    seen = (GROUND - (pose.x_m, pose.y_m, height_m)) @ R
    points = transform_points(CAMERA.K, seen[:, :2] / seen[:, 2:])
    inside = (points >= 0).all(axis=1) & (points < SIZE_WH).all(axis=1)
    return Features(points[inside].astype(np.float32), WORDS[inside], SIZE_WH)


def views_of(features: Features, down=None, camera_yaw=0.0) -> RouteViews:
    keyframe = Keyframe(7, Header(1), np.ones(4, np.float32), features, 7)
    return RouteViews(RouteConfig(), [keyframe], [down], CAMERA, camera_yaw)


@pytest.mark.parametrize('pose', [Planar(2.0, 0.0), Planar(-1.0, 4.0, 0.4), Planar(3.0, -6.0, -2.5), Planar()])
@pytest.mark.parametrize('height_m', [20.0, 25.0])
def test_the_vehicle_is_found_where_it_is(pose, height_m):
    (seen,) = views_of(features_at(Planar())).look(Seen(features_at(pose, height_m), CAMERA, height_m), [0])

    assert seen.pose.array == pytest.approx(pose.array, abs=0.01)
    assert seen.scale == pytest.approx(height_m / HEIGHT_M, rel=1e-3)


def test_known_tilt_of_both_images_moves_nobody():
    pose, roll, pitch = Planar(2.0, -1.0, 0.3), 0.08, -0.06
    R_world_base = rotation_rpy(roll, pitch, 1.1)
    key_down = down_in_camera(rotation_rpy(-0.05, 0.07, 0.4) @ mounted(0.0))
    views = views_of(features_at(Planar(), roll=-0.05, pitch=0.07), key_down)

    (seen,) = views.look(Seen(features_at(pose, roll=roll, pitch=pitch), CAMERA, HEIGHT_M, R_world_base), [0])

    assert seen.pose.array == pytest.approx(pose.array, abs=0.03)


def test_unknown_tilt_moves_the_vehicle_by_no_more_than_is_said():
    current = features_at(Planar(), roll=0.012)

    (seen,) = views_of(features_at(Planar())).look(Seen(current, CAMERA, HEIGHT_M), [0])

    off = math.hypot(seen.pose.x_m, seen.pose.y_m)
    assert off == pytest.approx(HEIGHT_M * 0.012, rel=0.25)  # the rim of the image moves more than its middle
    assert off < 2 * math.sqrt(seen.covariance[0, 0])


def test_a_camera_that_is_mounted_sideways_tells_the_vehicles_way():
    yaw = math.pi / 2
    views = views_of(features_at(Planar(), camera_yaw=yaw), camera_yaw=yaw)

    (seen,) = views.look(Seen(features_at(Planar(3.0, 1.0, 0.2), camera_yaw=yaw), CAMERA, HEIGHT_M), [0])

    assert seen.pose.array == pytest.approx([3.0, 1.0, 0.2], abs=0.01)


def test_another_place_is_no_sighting():
    far = Planar(0.0, 0.0)
    current = features_at(far)
    shuffled = Features(current.keypoints, WORDS[::-1][: len(current)].copy(), SIZE_WH)

    assert views_of(features_at(far)).look(Seen(shuffled, CAMERA, HEIGHT_M), [0]) == []


def test_nothing_seen_nothing_wanted_or_upside_down_is_no_sighting():
    views = views_of(features_at(Planar()))
    none = Features(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), SIZE_WH)
    upside_down = Seen(features_at(Planar()), CAMERA, HEIGHT_M, rotation_rpy(math.pi, 0.0, 0.0))

    assert views.look(Seen(none, CAMERA, HEIGHT_M), [0]) == []
    assert views.look(Seen(features_at(Planar()), CAMERA, HEIGHT_M), []) == []
    assert views.look(Seen(features_at(Planar()), CAMERA, HEIGHT_M), [-1, 1]) == []
    assert views.look(upside_down, [0]) == []


def test_a_fit_leaves_out_what_is_far_off():
    cur = RNG.uniform(-0.5, 0.5, (60, 2))
    key = 1.2 * cur @ np.array([[math.cos(0.3), math.sin(0.3)], [-math.sin(0.3), math.cos(0.3)]]) + (0.1, -0.2)
    key[:2] += 2.0

    fit = fit_level(key, cur)

    assert (fit.scale, fit.turn_rad) == pytest.approx((1.2, 0.3), rel=1e-6)
    assert fit.shift == pytest.approx([0.1, -0.2], rel=1e-6)


@pytest.mark.parametrize('count', [0, 1, 3])
def test_a_fit_of_too_few_points_is_none(count):
    assert fit_level(np.zeros((count, 2)), np.zeros((count, 2))) is None
    assert fit_level(np.zeros((9, 2)), np.zeros((9, 2))) is None  # no extent
