# SPDX-License-Identifier: Apache-2.0
"""Vehicles as a camera near the ground sees them."""

import numpy as np
import pytest

from waymark_sim.aerial import CLASS_NAMES, make_scene
from waymark_sim.aerial.bodies import Body, Eye
from waymark_sim.aerial.roadside import _shows, eye_before
from waymark_sim.aerial.shapes import SHAPES

EYE = Eye(500.0, (200.0, 100.0), 2.0)
UP = np.array([0.0, 1.0, 0.0])


def body(x=0.0, ahead=20.0, heading=0.0, seed=0):
    return Body(x, ahead, heading, UP, np.random.default_rng(seed))


def test_a_point_is_seen_where_a_pinhole_camera_sees_it():
    points = np.array([[0.0, 2.0, 10.0], [1.0, 0.0, 10.0], [-4.0, 3.0, 100.0]])
    np.testing.assert_allclose(EYE.seen(points), [[200, 100], [250, 200], [180, 95]])


@pytest.mark.parametrize('seed', range(12))
@pytest.mark.parametrize('heading', [0.0, 0.7, np.pi / 2, 4.0])
def test_all_that_is_painted_of_a_vehicle_but_its_shadow_lies_in_its_outline(seed, heading):
    picture = np.full((400, 400, 3), 255, np.uint8)
    one = body(heading=heading, seed=seed)
    one._shadow = lambda *_: None
    points = one.painted(picture, EYE)
    rows, columns = np.nonzero((picture < 255).any(axis=-1))
    (left, top), (right, low) = points.min(axis=0), points.max(axis=0)
    assert (columns.min(), columns.max()) == pytest.approx((left, right), abs=3)
    assert (rows.min(), rows.max()) == pytest.approx((top, low), abs=3)


def test_from_the_side_a_vehicle_is_as_long_as_it_is_and_from_behind_as_wide():
    picture = np.zeros((400, 400, 3), np.uint8)
    aside, behind = (np.ptp(body(heading=turn).painted(picture, EYE)[:, 0]) for turn in (0.0, np.pi / 2))
    length, width, _ = body()._size
    near, far = 20 - width * 1.02 / 2, 20.0
    assert 500 * length / far <= aside <= 500 * length / near + 1
    assert 500 * width / (20 + length / 2) <= behind <= 500 * 1.02 * width / (20 - length / 2) + 1


@pytest.mark.parametrize('seed', range(30))
@pytest.mark.parametrize('turn', [-0.4, -0.2, 0.2, 0.4])
def test_of_a_vehicle_that_comes_that_side_shows_on_which_the_eye_is(seed, turn):
    one = body(heading=turn - np.pi / 2, seed=seed)
    is_right = turn > 0
    profile = np.array(one._shape.profile)
    shown = [one._is_towards(one._side(profile, side).points, EYE) for side in (-1.0, 1.0)]
    assert shown == [not is_right, is_right]


def test_vehicles_stand_clear_of_one_another():
    assert not body().is_clear_of(body(x=1.0))
    assert not body().is_clear_of(body(x=2.6, heading=np.pi / 2))
    assert body().is_clear_of(body(ahead=24.0))  # side by side
    assert body().is_clear_of(body(x=14.0, heading=1.0))


@pytest.mark.parametrize('seed', range(20))
def test_the_eye_stands_above_the_ground_and_looks_at_the_horizon(seed):
    eye = eye_before(1000, 300.0, np.random.default_rng(seed))
    assert 0.3 <= eye.height_m <= 40
    assert eye.middle[1] == 300.0


@pytest.mark.parametrize(('rows_hidden', 'shows'), [(10, True), (35, False)])
def test_what_is_mostly_painted_over_has_no_label(rows_hidden, shows):
    picture = np.zeros((100, 100, 3), np.uint8)
    points = np.array([[20.0, 30.0], [79.0, 79.0]])
    was = picture[30:80, 20:80].copy()
    picture[30 : 30 + rows_hidden] = 9
    assert _shows(picture, points, was) is shows


def test_labels_are_upright_and_of_vehicles_and_most_scenes_have_some():
    scenes = [make_scene(seed, 160, 'roadside') for seed in range(10)]
    boxes = np.vstack([scene.boxes for scene in scenes])
    kinds = {CLASS_NAMES[k] for scene in scenes for k in scene.classes}
    assert sum(len(scene.boxes) > 0 for scene in scenes) >= 6
    assert kinds <= {'small vehicle', 'large vehicle'}
    assert np.allclose(np.abs(np.sin(2 * boxes[:, 4])), 0, atol=1e-6)  # along x or y


def test_every_profile_begins_and_ends_near_the_ground_and_never_leaves_the_body():
    for shape, weight in SHAPES:
        u, z = np.array(shape.profile).T
        assert weight > 0
        assert u[0] == 0
        assert u[-1] == 1
        assert z[0] < 0.3
        assert z[-1] < 0.3
        assert z.max() == 1
        assert (np.diff(u) >= 0).all()
