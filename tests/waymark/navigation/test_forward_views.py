# SPDX-License-Identifier: Apache-2.0
"""Views forward with computed features: points around a way, so that every pose is known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.image.features import Features
from waymark.maps import Keyframe
from waymark.navigation import NavigationConfig
from waymark.navigation.forward_teaching import ForwardTeacher
from waymark.navigation.forward_views import ForwardViews, looking_forward
from waymark.routes import Planar, RoutePath
from waymark.routes.sighting import Seen
from waymark.routes.steps import planar_of
from waymark.routes.teaching import Passed
from waymark.types import Header

SIZE_WH = (320, 240)
K = np.array([[228.0, 0, 159.5], [0, 228.0, 119.5], [0, 0, 1]])
CAMERA = CameraModel(SIZE_WH, K, np.zeros(5))
CONFIG = NavigationConfig(camera_looks='forward', sideways=False)
RNG = np.random.default_rng(5)
POINTS = np.column_stack(
    [RNG.uniform(2, 14, 900), RNG.choice((-1, 1), 900) * RNG.uniform(1, 3, 900), RNG.uniform(-0.5, 2, 900)]
)
WORDS = RNG.integers(0, 256, (900, 32), dtype=np.uint8)
WAY = [Planar(), Planar(1.0, 0.1, 0.05), Planar(2.0, 0.3, 0.1)]


def features_at(pose: Planar, words=WORDS, camera_yaw=0.0) -> Features:
    """What the camera sees; its points lie at heights above it."""
    c, s = math.cos(pose.yaw_rad), math.sin(pose.yaw_rad)
    R = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]) @ looking_forward(camera_yaw)
    seen = (POINTS - (pose.x_m, pose.y_m, 0.0)) @ R
    front = seen[:, 2] > 0.3
    points = np.full((len(seen), 2), -1.0)
    points[front] = (seen[front] @ K.T)[:, :2] / seen[front, 2:]
    inside = (points >= 0).all(axis=1) & (points < SIZE_WH).all(axis=1)
    return Features(points[inside].astype(np.float32), words[inside], SIZE_WH)


def keyframe(number: int, features: Features) -> Keyframe:
    return Keyframe(number, Header(number + 1), np.ones(4, np.float32), features, number)


def views(features) -> ForwardViews:
    return ForwardViews(CONFIG, [keyframe(i, f) for i, f in enumerate(features)], RoutePath(WAY), CAMERA)


@pytest.mark.parametrize('here', [Planar(0.6, -0.3, 0.1), Planar(-0.4, 0.5, -0.2), Planar(0.02, 0.0, 0.0)])
def test_an_image_has_a_pose_in_metres_by_the_known_way_between_keyframes(here):
    seen = Seen(features_at(here), CAMERA, 0.0)

    (found,) = views([features_at(p) for p in WAY]).look(seen, [0])

    assert found.pose.array == pytest.approx(here.array, abs=0.02)
    assert math.sqrt(found.covariance[:2, :2].max()) < 0.1
    assert found.inliers > 50


def test_it_is_given_from_the_keyframe_that_was_asked_for():
    here = WAY[2] @ Planar(-0.5, 0.2, 0.1)

    found = views([features_at(p) for p in WAY]).look(Seen(features_at(here), CAMERA, 0.0), [1, 2])

    assert {s.index for s in found} == {1, 2}
    for sighting in found:
        assert (WAY[sighting.index] @ sighting.pose).array == pytest.approx(here.array, abs=0.03)


def test_without_a_neighbour_that_tells_metres_the_vehicle_is_on_a_line_through_the_keyframe():
    other_words = np.roll(WORDS, 7, axis=0) ^ 0x5A  # the neighbours show nothing that matches
    route = views([features_at(WAY[0]), *(features_at(p, other_words) for p in WAY[1:])])
    here = Planar(0.8, 0.6, 0.1)
    route.expected = Planar(0.5, 0.0)  # half a metre from the keyframe, somewhere

    (found,) = route.look(Seen(features_at(here), CAMERA, 0.0), [0])

    assert found.pose.array == pytest.approx([0.5 * 0.8, 0.5 * 0.6, 0.1], abs=0.02)
    along, across = np.array([0.8, 0.6]), np.array([-0.6, 0.8])
    assert math.sqrt(along @ found.covariance[:2, :2] @ along) == pytest.approx(0.55, abs=0.05)
    assert math.sqrt(across @ found.covariance[:2, :2] @ across) < 0.1


def test_another_place_is_not_seen():
    elsewhere = RNG.integers(0, 256, WORDS.shape, dtype=np.uint8)

    assert (
        views([features_at(p) for p in WAY]).look(Seen(features_at(Planar(), elsewhere), CAMERA, 0.0), [0, 1, 7]) == []
    )


@pytest.mark.parametrize('camera_yaw', [0.0, 0.3])
def test_a_step_is_as_long_as_odometry_says_and_turns_as_images_show(camera_yaw):
    teacher = ForwardTeacher(CONFIG, CAMERA, camera_yaw)
    drifted = [Planar(), Planar(1.05, 0.12, 0.12)]  # 5 % too long, and turned too far
    for number, odometry in enumerate(drifted):
        assert teacher.wants(Passed(odometry=odometry))
        teacher.add(keyframe(number, features_at(WAY[number], camera_yaw=camera_yaw)), Passed(odometry=odometry))

    ids, (step,) = teacher.taught()

    turned = Planar(0.0, 0.0, camera_yaw)
    taught = turned @ planar_of(step) @ turned.inverse
    length = math.hypot(1.05, 0.12)
    course = math.atan2(0.1, 1.0)
    assert ids == (0, 1)
    assert taught.array == pytest.approx([length * math.cos(course), length * math.sin(course), 0.05], abs=0.02)


def test_a_view_is_kept_after_some_way_or_some_turn():
    teacher = ForwardTeacher(CONFIG, CAMERA)
    teacher.add(keyframe(0, features_at(Planar())), Passed(odometry=Planar()))

    assert not teacher.wants(Passed(odometry=Planar(0.9, 0.0, 0.2)))
    assert teacher.wants(Passed(odometry=Planar(1.01, 0.0, 0.0)))
    assert teacher.wants(Passed(odometry=Planar(0.0, 0.0, -0.26)))


def test_without_odometry_a_route_forward_is_refused_by_name():
    with pytest.raises(RouteError, match='needs odometry to teach'):
        ForwardTeacher(CONFIG, CAMERA).wants(Passed(height_m=0.5))
