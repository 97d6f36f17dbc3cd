# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from waymark.errors import BackendUnavailable, ConfigError
from waymark.flight_video import FlightVideo
from waymark.image.rotation import yaw_of
from waymark.pipeline.flight_simulator import FlightSimulatorConfig
from waymark.routes import Command
from waymark_sim.live import STEP_S, LiveFlight, Watchers
from waymark_sim.window import open_window


@pytest.fixture(scope='module')
def flight(tmp_path_factory) -> LiveFlight:
    ground = tmp_path_factory.mktemp('ground') / 'ground.png'
    cv2.imwrite(str(ground), np.random.default_rng(1).integers(0, 256, (480, 480, 3), np.uint8))
    return LiveFlight(
        FlightSimulatorConfig(
            ground=str(ground), metres_per_pixel=0.25, length=30.0, altitude=10.0, width=64, height=48
        )
    )


def test_it_looks_ten_times_a_second_and_flies_fifty(flight):
    steps = [flight.step(Command()) for _ in range(50)]
    assert [i for i, step in enumerate(steps) if step.rgb is not None] == list(range(0, 50, 5))
    assert steps[-1].stamp_s - steps[0].stamp_s == pytest.approx(49 * STEP_S)
    assert steps[0].rgb.shape == (48, 64, 3)


def test_forward_and_left_are_the_vehicles_own(flight):
    for command, sideways in ((Command(forward=2.0), 0.0), (Command(left=2.0), math.pi / 2)):
        for _ in range(150):
            flight.step(Command())
        before = flight.T_map_base.copy()
        for _ in range(100):
            flight.step(command)
        moved = (before[:3, :3].T @ (flight.T_map_base - before)[:3, 3])[:2]
        assert math.atan2(moved[1], moved[0]) == pytest.approx(sideways, abs=0.1)
        assert np.hypot(*flight.velocity[:2]) == pytest.approx(2.0, rel=0.06)  # odometry is 5 % wrong


def test_a_turn_to_the_left_is_positive(flight):
    before = yaw_of(flight.T_map_base[:3, :3])
    for _ in range(50):
        flight.step(Command(yaw_rate=0.5))
    assert 0.2 < math.remainder(yaw_of(flight.T_map_base[:3, :3]) - before, 2 * math.pi) < 0.5
    assert flight.velocity[5] == pytest.approx(0.5, abs=0.05)


def test_the_pilot_leads_it_along_the_way_and_a_person_carries_it_back_beside_the_start(flight):
    flight.carry_to_start(0.0)
    flight.step(Command())
    pilot, beside = flight.pilot(), []
    for _ in range(2000):
        pose = flight.pose
        beside.append(np.hypot(*(flight.way - (pose.x_m, pose.y_m)).T).min())
        if pilot.is_done:
            break
        flight.step(pilot.command(pose))
    assert pilot.is_done
    assert max(beside) < 1.5
    flight.carry_to_start(3.0)
    flight.step(Command())
    assert np.hypot(*(flight.way[0] - (flight.pose.x_m, flight.pose.y_m))) == pytest.approx(3.0, abs=0.1)


def test_wind_takes_two_numbers():
    with pytest.raises(ConfigError, match='wind: expected east and north'):
        LiveFlight(FlightSimulatorConfig(wind=(1.0,)))


def test_watchers_get_a_picture_of_each_image_and_nothing_is_drawn_without_them(flight, tmp_path):
    seen = []
    step = flight.step(Command())
    while step.rgb is None:
        step = flight.step(Command())
    Watchers(flight, None, None).see(step, 'flying')
    with FlightVideo(tmp_path / 'film.mp4', 10.0) as film:
        watchers = Watchers(flight, film, seen.append)
        watchers.see(step, 'flying')
        watchers.see(flight.step(Command()), 'flying')  # without an image
    assert [picture.shape for picture in seen] == [(480, 1120, 3)]
    assert (tmp_path / 'film.mp4').stat().st_size > 1000


def test_without_a_display_there_is_no_window(monkeypatch):
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BackendUnavailable, match='no display'), open_window('flight'):
        pass
