# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.errors import SourceError
from waymark_sim.flights import Flight, FlightPlan, SensorErrors, open_ground
from waymark_sim.ground import Ground, generate_ground

EXACT = SensorErrors(0.0, 0.0, 0.0, 0.0)
PLAN = FlightPlan(8.0, 5.0, 30.0, 3, (64, 48), rate_hz=5.0)


@pytest.fixture(scope='module')
def ground():
    return generate_ground(2, 512, 60.0)


def test_a_flight_is_as_long_as_asked_for_and_its_sensors_are_exact_where_they_do_not_err(ground):
    flight = Flight(ground, PLAN)
    steps = list(flight.steps(EXACT))
    places = np.array([s.T_map_base[:3, 3] for s in steps])
    assert len(steps) == len(flight)
    assert 30.0 <= np.linalg.norm(np.diff(places, axis=0), axis=1).sum() < 31.5
    for step in steps:
        # The end of the beam lies on the ground.
        end = step.T_map_base @ np.array([0.0, 0.0, -step.range_m, 1.0])
        assert end[2] == pytest.approx(0.0, abs=1e-9)
        np.testing.assert_allclose(step.R_world_base, step.T_map_base[:3, :3])
    assert steps[0].rgb.shape == (48, 64, 3)


def test_errors_are_as_large_as_stated_and_their_bias_is_that_of_the_whole_flight(ground):
    def scales(seed):
        plan = FlightPlan(8.0, 5.0, 60.0, seed, (16, 16), rate_hz=5.0)
        steps = zip(*(Flight(ground, plan).steps(e) for e in (EXACT, SensorErrors(0.01, 0.1, 0.0, 0.0))), strict=True)
        return np.array([b.range_m / a.range_m - 1 for a, b in steps])

    flights = [scales(seed) for seed in range(6)]
    assert np.mean([f.std() for f in flights]) == pytest.approx(0.01, rel=0.3)
    assert 0.03 < np.std([f.mean() for f in flights]) < 0.25


def test_the_tilt_that_is_measured_is_off_by_the_stated_angle(ground):
    steps = list(Flight(ground, PLAN).steps(SensorErrors(0.0, 0.0, 0.02, 0.0)))
    up = np.array([s.T_map_base[2, :3] @ s.R_world_base[2] for s in steps])
    angles = np.arccos(np.clip(up, -1, 1))
    assert math.sqrt(float((angles**2).mean())) == pytest.approx(0.02 * math.sqrt(2), rel=0.3)


def test_brightness_wavers_by_the_stated_share(ground):
    flight = Flight(ground, FlightPlan(8.0, 5.0, 150.0, 3, (16, 16), rate_hz=2.0, light=0.3))
    gains = [flight.renderer.look.gain for _ in flight.steps(EXACT)]
    assert max(gains) == pytest.approx(1.3, abs=0.02)
    assert min(gains) == pytest.approx(0.7, abs=0.02)


def test_where_the_picture_is_small_a_part_of_the_view_is_enough_and_that_is_said():
    small = Ground(np.full((300, 300, 3), 90, np.uint8), 0.1, np.ones((300, 300), bool))
    assert Flight(small, FlightPlan(3.0, 2.0, 10.0, 0, (64, 48))).room == 1.0
    assert Flight(small, FlightPlan(14.0, 2.0, 10.0, 0, (64, 48))).room < 1.0
    with pytest.raises(SourceError, match='no room for a flight: from 100 m the camera sees 96 m around'):
        Flight(small, FlightPlan(100.0, 2.0, 10.0, 0, (64, 48)))


def test_the_ground_is_a_file_or_generated():
    assert open_ground('ground', 0.0, 1).metres_per_pixel == pytest.approx(200 / 4096)
    with pytest.raises(SourceError, match='no such file'):
        open_ground('/no/such.png', 0.1, 0)
