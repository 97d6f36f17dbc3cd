# SPDX-License-Identifier: Apache-2.0
"""A route taught and repeated over a generated ground, with real keyframes and real place recognition."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import MapError, MessageError, RouteError
from waymark.image.camera import CameraModel
from waymark.maps import MapInfo, PlaceMap, open_map, save_map
from waymark.navigation import NavigationConfig, RouteLesson, RouteRepeater
from waymark.navigation.repeating import find_route
from waymark.navigation.teaching import SILENT_IMAGES
from waymark.routes import FollowState, Planar
from waymark.routes.teaching import Passed
from waymark.types import Frame, Header
from waymark_sim.ground import Ground
from waymark_sim.look import Look
from waymark_sim.ortho import OrthoRenderer

SIZE_WH, HEIGHT_M = (320, 240), 20.0
CONFIG = NavigationConfig()
PLACED = 100 / 1024, np.ones((1024, 1024), bool)


def blotches(seed: int) -> Ground:
    """Noise of four sizes on 100 m: made at once, and nowhere alike."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(0, 30, (n, n, 3)), (1024, 1024), interpolation=cv2.INTER_CUBIC)
        for n in (16, 64, 128, 256)
    ]
    return Ground(np.clip(110 + sum(layers), 0, 255).astype(np.uint8), *PLACED)


@pytest.fixture(scope='module')
def renderer():
    return OrthoRenderer(blotches(3), SIZE_WH, math.radians(60))


@pytest.fixture(scope='module')
def encoder():
    return load_encoder(EncoderConfig(encoder='hog'))


def frame_at(renderer: OrthoRenderer, x_m: float, y_m: float, number: int) -> Frame:
    T = np.eye(4)
    T[:3, 3] = x_m, y_m, HEIGHT_M
    return Frame(Header((number + 1) * 100_000_000), renderer.render(T, number))


@pytest.fixture(scope='module')
def taught(renderer, encoder) -> PlaceMap:
    """Eastward from (-12, 0) to (12, 0), heading east."""
    lesson = RouteLesson(CONFIG, encoder, renderer.camera)
    for number, x in enumerate(np.linspace(-12, 12, 17)):
        lesson.observe(frame_at(renderer, x, 0.0, number), Passed(HEIGHT_M, np.eye(3)))
    place_map, route = lesson.finish('east')
    assert lesson.length_m == pytest.approx(24.0, abs=0.3)
    assert len(route.keyframe_ids) == lesson.keyframe_count >= 5
    return place_map


def test_a_taught_route_survives_its_file_and_knows_where_an_image_is(taught, renderer, encoder, tmp_path):
    save_map(tmp_path / 'east.wmap', taught)
    with open_map(tmp_path / 'east.wmap', encoder.fingerprint) as file:
        repeater = RouteRepeater(CONFIG, file.load(), 'east', encoder, renderer.camera)
        said = [repeater.observe(frame_at(renderer, 2.0, -3.0, n), Planar(), HEIGHT_M, np.eye(3)) for n in range(1, 7)]

    assert said[0].state is FollowState.GLOBAL_START
    assert said[-1].state is FollowState.FOLLOWING
    assert said[-1].lateral_error_m == pytest.approx(-3.0, abs=0.15)
    assert said[-1].progress == pytest.approx(14 / 24, abs=0.03)
    assert said[-1].command.left > 0.5  # back to the route


def test_bare_ground_is_enough_to_know_where_it_is(encoder):
    ground = blotches(3)
    bare = Ground(np.clip(140 + 0.06 * (ground.rgb.astype(float) - 110), 0, 255).astype(np.uint8), *PLACED)
    taught_by, seen_by = (OrthoRenderer(bare, SIZE_WH, math.radians(60), Look(noise=6.0), seed) for seed in (1, 2))
    lesson = RouteLesson(CONFIG, encoder, taught_by.camera)
    for number, x in enumerate(np.linspace(-4, 4, 6)):
        lesson.observe(frame_at(taught_by, x, 0.0, number), Passed(HEIGHT_M, np.eye(3), Planar(x)))
    repeater = RouteRepeater(CONFIG, lesson.finish('bare')[0], 'bare', encoder, seen_by.camera)

    said = [repeater.observe(frame_at(seen_by, 1.0, 1.0, n), Planar(), HEIGHT_M, np.eye(3)) for n in range(1, 7)]

    assert said[-1].state is FollowState.FOLLOWING
    assert said[-1].lateral_error_m == pytest.approx(1.0, abs=0.4)


def test_backwards_it_goes_tail_first(taught, renderer, encoder):
    repeater = RouteRepeater(CONFIG, taught, '', encoder, renderer.camera, backwards=True)

    for number in range(1, 7):
        said = repeater.observe(frame_at(renderer, 2.0, 0.0, number), Planar(), HEIGHT_M, np.eye(3))

    assert said.command.forward < -0.5
    assert abs(said.command.yaw_rate) < 0.1


def test_another_ground_is_not_the_route(taught, encoder):
    other = OrthoRenderer(blotches(8), SIZE_WH, math.radians(60))
    repeater = RouteRepeater(CONFIG, taught, 'east', encoder, other.camera)

    states = {repeater.observe(frame_at(other, 2.0, 0.0, n), None, HEIGHT_M).state for n in range(1, 7)}

    assert states == {FollowState.GLOBAL_START}


def test_what_is_missing_is_named(taught, renderer, encoder):
    with pytest.raises(RouteError, match=r"0 routes named 'west'.*'east'"):
        find_route(taught, 'west')
    with pytest.raises(RouteError, match='calibrated'):
        RouteLesson(CONFIG, encoder, CameraModel(SIZE_WH, np.zeros((3, 3)), np.zeros(5)))
    with pytest.raises(MapError, match='encoder'):
        RouteRepeater(CONFIG, PlaceMap(MapInfo('other', 'other')), 'east', encoder, renderer.camera)


@pytest.mark.parametrize('height_m', [None, float('nan'), -3.0])
def test_without_a_height_it_holds_and_says_why(taught, renderer, encoder, height_m):
    repeater = RouteRepeater(CONFIG, taught, 'east', encoder, renderer.camera)
    for number in range(1, 7):
        repeater.observe(frame_at(renderer, 2.0, 0.0, number), Planar(), HEIGHT_M, np.eye(3))

    said = [repeater.observe(frame_at(renderer, 2.0, 0.0, n), Planar(), height_m) for n in range(7, 16)]

    assert 'the height above ground is' in said[0].reason
    assert (said[0].state, said[-1].state) == (FollowState.FOLLOWING, FollowState.HOLD)
    assert math.isfinite(said[-1].command.forward)


def test_attitude_and_odometry_that_are_no_numbers_are_not_used(taught, renderer, encoder):
    repeater = RouteRepeater(CONFIG, taught, 'east', encoder, renderer.camera)
    nowhere = Planar(math.nan, math.nan, math.nan)

    for number in range(1, 7):
        said = repeater.observe(frame_at(renderer, 2.0, 0.0, number), nowhere, HEIGHT_M, np.full((3, 3), math.nan))

    assert said.state is FollowState.FOLLOWING
    assert said.lateral_error_m == pytest.approx(0.0, abs=0.2)


def test_images_of_another_size_are_refused_by_name(taught, renderer, encoder):
    repeater = RouteRepeater(CONFIG, taught, 'east', encoder, renderer.camera)

    with pytest.raises(MessageError, match='320x240 px, the images are 64x48'):
        repeater.observe(Frame(Header(1), np.zeros((48, 64, 3), np.uint8)))


def test_a_lesson_of_one_image_or_without_metres_is_refused(renderer, encoder):
    lesson = RouteLesson(CONFIG, encoder, renderer.camera)
    lesson.observe(frame_at(renderer, 0.0, 0.0, 1), Passed(HEIGHT_M))
    with pytest.raises(RouteError, match='two keyframes at least, this one has 1'):
        lesson.finish('stay')

    lesson = RouteLesson(CONFIG, encoder, renderer.camera)
    lesson.observe(frame_at(renderer, 0.0, 0.0, 1), Passed(HEIGHT_M))
    with pytest.raises(RouteError, match='how far it is'):
        lesson.observe(frame_at(renderer, 40.0, 0.0, 2), Passed(HEIGHT_M))


def test_images_with_which_no_sensor_spoke_become_no_keyframes_and_too_many_of_them_are_named(renderer, encoder):
    lesson = RouteLesson(CONFIG, encoder, renderer.camera)
    lesson.observe(frame_at(renderer, 0.0, 0.0, 1), Passed())
    assert lesson.keyframe_count == 0
    lesson.observe(frame_at(renderer, 0.0, 0.0, 2), Passed(HEIGHT_M))
    for number in range(SILENT_IMAGES - 1):
        lesson.observe(frame_at(renderer, 9.0, 0.0, 3 + number), Passed())
    assert lesson.keyframe_count == 1
    with pytest.raises(RouteError, match='neither odometry nor a height above ground came with the last 20 images'):
        lesson.observe(frame_at(renderer, 9.0, 0.0, 99), Passed())


@pytest.mark.slow
@pytest.mark.parametrize('case', ['wind', 'kidnap'])
def test_a_route_is_repeated_in_a_closed_loop(case):
    from waymark.evaluation.route import figures
    from waymark.evaluation.route_run import fly_routes
    from waymark.evaluation.route_scene import RouteFlights

    logs = fly_routes(RouteFlights('ground', 0.0, case=case), CONFIG, lambda *_: None)

    values = figures(logs)
    assert values['success_rate'] == 1.0
    assert values['lateral_error_p95_m'] < 0.5
    assert values['relocalize_s'] <= 5.0
    assert values['open_loop_p95_m'] > 3.0
