# SPDX-License-Identifier: Apache-2.0
"""A base with a camera that looks forward is led between walls, and drives the way again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from waymark.encoding import EncoderConfig, load_encoder
from waymark.errors import ConfigError, RouteError
from waymark.evaluation.route import FlightLog
from waymark.evaluation.route_cases import BETWEEN_WALLS, route_case
from waymark.evaluation.route_report import RouteOptions, request_of
from waymark.evaluation.route_run import config_for, fly_routes
from waymark.image.camera import CameraModel
from waymark.maps import MapInfo, PlaceMap
from waymark.navigation import RouteLesson, RouteRepeater
from waymark.routes.teaching import Passed
from waymark.types import Frame, Header


def options(case: str = 'nominal', length: float | None = None) -> RouteOptions:
    return RouteOptions('ground', None, 20.0, None, case, 1, 4, True, length, None, 'forward')


@pytest.mark.slow
def test_a_base_finds_itself_and_drives_the_taught_way_again_though_odometry_goes_astray():
    [log] = fly_routes(request_of(options(length=14.0)), config_for('forward'), lambda *_: None)

    assert log.is_success
    assert log.relocalize_s < 2.0
    assert np.percentile(log.lateral_m[log.converged], 95) < 0.25


def test_what_counts_as_success_is_nearer_between_walls():
    log = FlightLog(
        np.array([[0.0, 0.0], [40.0, 0.0]]), np.array([40.0, 0.0]), largest_m=route_case('nominal', 'forward').largest_m
    )
    log.stamps_s, log.is_done = [0.0, 1.0, 2.0, 3.0], True
    log.follows, log.sees = [True] * 4, [True] * 4
    log.places_m = [(0.0, 0.0), (10.0, 0.0), (25.0, 0.9), (39.5, 0.0)]
    assert log.is_success

    log.places_m[2] = (25.0, 1.1)
    assert not log.is_success


def test_a_base_drives_slower_and_less_far_where_nothing_is_said():
    request = request_of(options())

    assert (request.speed_m_s, request.length_m, request.rate_hz) == (1.0, 40.0, 5.0)
    assert request_of(options(length=12.0)).length_m == 12.0


@pytest.mark.parametrize('case', ['wind', 'season'])
def test_a_case_that_a_base_on_the_ground_does_not_know_is_refused_by_name(case):
    with pytest.raises(ConfigError, match=f'--case {case}: .*take one of nominal'):
        request_of(options(case))
    assert case not in BETWEEN_WALLS


def test_teaching_forward_without_odometry_says_so():
    camera = CameraModel((320, 240), np.array([[228.0, 0, 159.5], [0, 228.0, 119.5], [0, 0, 1]]), np.zeros(5))
    lesson = RouteLesson(config_for('forward'), load_encoder(EncoderConfig(encoder='hog')), camera)
    frame = Frame(Header(1), np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8))

    with pytest.raises(RouteError, match='needs odometry to teach'):
        lesson.observe(frame, Passed(0.5, np.eye(3)))


def test_turning_round_to_go_back_is_refused_as_nothing_taught_would_be_seen():
    config = replace(config_for('forward'), turn_backwards=True)
    camera = CameraModel((320, 240), np.array([[228.0, 0, 159.5], [0, 228.0, 119.5], [0, 0, 1]]), np.zeros(5))
    encoder = load_encoder(EncoderConfig(encoder='hog'))
    place_map = PlaceMap(MapInfo(encoder.fingerprint, encoder.model_id, camera))

    with pytest.raises(RouteError, match='turn_backwards: true .* tail first'):
        RouteRepeater(config, place_map, '', encoder, camera, backwards=True)
