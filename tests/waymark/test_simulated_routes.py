# SPDX-License-Identifier: Apache-2.0
"""Routes taught into a file and repeated from it, and the film of it."""

from __future__ import annotations

import dataclasses
import json
import math

import cv2
import numpy as np
import pytest

from waymark.errors import BackendUnavailable, ConfigError, MapError, RouteError, WaymarkError
from waymark.evaluation.route_scene import RouteFlights
from waymark.flight_video import FlightVideo, GroundView, flight_picture
from waymark.routes import Command, FollowState, Guidance
from waymark.simulated_routes import facts_of, repeat_file, teach_file
from waymark_sim.ground import Ground

WAY = np.array([[-10.0, 0.0], [10.0, 0.0]])


def picture_of(guidance, side_m=0.0):
    rgb = np.full((400, 400, 3), 90, np.uint8)
    view = GroundView(Ground(rgb, 0.25, np.ones((400, 400), bool)), WAY)
    T = np.eye(4)
    T[:3, 3] = 0.0, side_m, 20.0
    return flight_picture(np.full((24, 32, 3), 60, np.uint8), view.drawn(T), guidance, 3.0)


def test_the_vehicle_is_drawn_where_it_is():
    picture = picture_of(None)

    above = picture[:, 640:]
    assert picture.shape == (480, 1120, 3)
    assert tuple(above[240, 242]) == (40, 120, 255)  # the way's middle is the picture's
    assert tuple(above[240, 160]) == (250, 210, 60)  # the taught way runs through it from left to right
    assert tuple(picture_of(None, side_m=10.0)[240, 640 + 240]) == (250, 210, 60)


def test_what_the_follower_says_is_written_into_the_picture():
    lost = picture_of(Guidance(Command(), FollowState.GLOBAL_START))
    following = picture_of(Guidance(Command(), FollowState.FOLLOWING, 0.5, 0.2))

    assert (lost != following).any()


@pytest.mark.parametrize('name', ['flight.mp4', 'flight.gif'])
def test_a_film_is_written(tmp_path, name):
    if name.endswith('.gif') and not cv2.haveImageWriter(name):
        with pytest.raises(BackendUnavailable, match='writes no GIF. Give a .mp4 name'):
            FlightVideo(tmp_path / name, 10.0)
        pytest.skip(f'OpenCV {cv2.__version__} writes no GIF')
    with FlightVideo(tmp_path / name, 10.0) as film:
        for side in range(6):
            film.write(picture_of(None, float(side)))

    if name.endswith('.gif'):
        _, animation = cv2.imreadanimation(str(tmp_path / name))
        assert [frame.shape[:2] for frame in animation.frames] == [(240, 560)] * 2
        assert set(animation.durations) == {300}
    else:
        assert cv2.VideoCapture(str(tmp_path / name)).get(cv2.CAP_PROP_FRAME_COUNT) == 6


def test_a_film_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'flight\.webm'):
        FlightVideo(tmp_path / 'flight.webm', 10.0)


def facts_with(poses=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)), **change):
    request = dataclasses.asdict(RouteFlights('ground', 0.0))
    return json.dumps({'request': {**request, **change}, 'poses': poses})


@pytest.mark.parametrize(
    'facts',
    [
        None,
        'not json',
        '{}',
        '{"request": {"size_wh": [1, 2], "speed": 3}, "poses": []}',
        facts_with(speed_m_s=0.0),
        facts_with(altitude_m='20'),
        facts_with(size_wh=[320, 0]),
        facts_with(simulator='none'),
        facts_with(attitude=1),
        facts_with(poses=[]),
        facts_with(poses=[[0.0, 0.0, math.nan], [1.0, 0.0, 0.0]]),
    ],
)
def test_a_map_that_nobody_says_how_it_was_flown_is_refused(tmp_path, facts):
    path = tmp_path / 'way.wmap'
    path.touch()
    if facts is not None:
        facts_of(path).write_text(facts)

    with pytest.raises(RouteError, match='does not say how the route was flown. Teach it: waymark sim teach'):
        repeat_file(path, 'nominal', 1, None)


def test_a_map_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(MapError, match=r'way\.wmap: there is no such map. Teach it'):
        repeat_file(tmp_path / 'way.wmap', 'nominal', 1, None)


@pytest.mark.parametrize(
    ('map_', 'video', 'text'),
    [
        ('there.wmap', None, 'is there already'),
        ('nowhere/way.wmap', None, 'there is no folder'),
        ('way.wmap', 'film.webm', 'Give one that ends in .gif, .mp4'),
    ],
)
def test_what_can_not_be_written_is_refused_before_anything_flies(tmp_path, map_, video, text):
    (tmp_path / 'there.wmap').touch()
    nowhere = RouteFlights(str(tmp_path / 'no such ground.png'), 0.0)  # flying would be another error

    with pytest.raises(WaymarkError, match=text):
        teach_file(tmp_path / map_, nowhere, video and tmp_path / video)


def test_a_ground_that_shows_nothing_teaches_nothing_and_says_so(tmp_path):
    cv2.imwrite(str(tmp_path / 'plain.png'), np.full((64, 64, 3), 120, np.uint8))

    with pytest.raises(RouteError, match=r'--ground \S+plain.png taught nothing over 8 m from 20 m.*more to see'):
        teach_file(tmp_path / 'way.wmap', RouteFlights(str(tmp_path / 'plain.png'), 0.0, length_m=8.0))


@pytest.mark.slow
def test_a_route_taught_into_a_file_is_repeated_from_it(tmp_path):
    path = tmp_path / 'way.wmap'

    count, length_m = teach_file(path, RouteFlights('ground', 0.0, length_m=40.0), tmp_path / 'teach.mp4')
    log = repeat_file(path, 'offset', 1, tmp_path / 'repeat.gif')

    assert count >= 10
    assert length_m == pytest.approx(40.0, abs=1.0)
    assert log.is_done
    assert (tmp_path / 'repeat.gif').stat().st_size > 10_000
