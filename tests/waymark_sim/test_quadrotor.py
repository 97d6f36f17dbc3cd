# SPDX-License-Identifier: Apache-2.0
"""A quadrotor that flies what it is told, late and with the wind; its pilot; its way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.errors import SourceError
from waymark.routes.planar import Command, Planar
from waymark_sim.ground import Ground
from waymark_sim.ortho import Look
from waymark_sim.pilot import Pilot
from waymark_sim.quadrotor import Quadrotor, QuadrotorConfig
from waymark_sim.scene import Scene, Wall
from waymark_sim.season import another_season
from waymark_sim.simulator import OrthophotoSimulator
from waymark_sim.taught_way import plan_way, pose_at, s_curve

CALM = (0.0, 0.0)
EXACT = QuadrotorConfig(odometry_scale=0.0, odometry_turn_rad_s=0.0, height_bias=0.0, height_noise=0.0, waver_m=0.0)


def ground_of(size_px: int, metres_per_pixel: float = 0.25) -> Ground:
    rgb = np.random.default_rng(1).integers(0, 255, (size_px, size_px, 3), dtype=np.uint8)
    return Ground(rgb, metres_per_pixel, np.ones((size_px, size_px), bool))


def test_a_velocity_is_reached_with_a_lag():
    vehicle = Quadrotor(EXACT, Planar(), 0)

    vehicle.fly(Command(forward=2.0), CALM, 0.3)
    first = vehicle.pose.x_m
    vehicle.fly(Command(forward=2.0), CALM, 3.0)

    assert first < 0.3
    assert vehicle.pose.x_m == pytest.approx(2.0 * (3.3 - EXACT.lag_s), abs=0.03)
    assert vehicle.pose.y_m == pytest.approx(0.0)


def test_left_is_left_of_the_nose():
    vehicle = Quadrotor(EXACT, Planar(0.0, 0.0, math.pi / 2), 0)

    vehicle.fly(Command(left=1.0), CALM, 3.0)

    assert vehicle.pose.x_m == pytest.approx(-2.7, abs=0.03)
    assert vehicle.pose.y_m == pytest.approx(0.0, abs=1e-9)


def test_wind_carries_it_and_odometry_does_not_know():
    vehicle = Quadrotor(EXACT, Planar(), 0)

    vehicle.fly(Command(), (0.6, -0.8), 5.0)

    assert (vehicle.pose.x_m, vehicle.pose.y_m) == pytest.approx((3.0, -4.0))
    assert vehicle.measure().odometry.array == pytest.approx([0.0, 0.0, 0.0])


def test_odometry_is_wrong_by_its_scale():
    vehicle = Quadrotor(QuadrotorConfig(odometry_turn_rad_s=0.0), Planar(), 3)

    vehicle.fly(Command(forward=3.0), CALM, 10.0)

    assert abs(vehicle.measure().odometry.x_m / vehicle.pose.x_m - 1) == pytest.approx(0.05)


def test_equal_seeds_fly_and_measure_alike():
    first, second, other = (Quadrotor(QuadrotorConfig(), Planar(), seed) for seed in (5, 5, 6))
    for vehicle in (first, second, other):
        vehicle.fly(Command(1.0, 0.5, 0.0, 0.2), CALM, 1.0)

    assert np.array_equal(first.T_map_base, second.T_map_base)
    assert first.measure().height_m == second.measure().height_m
    assert not np.array_equal(first.T_map_base, other.T_map_base)


def test_a_vehicle_that_is_carried_off_does_not_notice():
    vehicle = Quadrotor(EXACT, Planar(), 0)
    vehicle.carry(Planar(30.0, 5.0, 1.0))

    assert vehicle.T_map_base[:2, 3] == pytest.approx([30.0, 5.0])
    assert vehicle.measure().odometry.array == pytest.approx([0.0, 0.0, 0.0])


def test_blinded_the_camera_sees_no_texture_and_afterwards_the_ground_again():
    scene = Scene(ground_of(200), light=Look(noise=2.0), blank_s=(0.15, 0.25))
    simulator = OrthophotoSimulator(scene, QuadrotorConfig(altitude_m=10.0), Planar(), (64, 48), 1.0)

    spreads = [simulator.step(Command(), 0.1).rgb.std() for _ in range(3)]

    assert spreads[1] < 3.0 < 10.0 < min(spreads[0], spreads[2])


def test_a_flat_picture_has_no_walls():
    scene = Scene(ground_of(64), walls=(Wall((0.0, 0.0), (1.0, 0.0)),))

    with pytest.raises(ValueError, match='the scene has 1'):
        OrthophotoSimulator(scene, QuadrotorConfig(), Planar(), (64, 48), 1.0)


def test_the_way_is_as_long_as_asked_and_over_known_ground():
    ground = ground_of(640)

    way = plan_way(ground, 95.0, 20.0, seed=4)

    assert np.hypot(*np.diff(way, axis=0).T).sum() == pytest.approx(95.0, rel=0.002)
    assert np.abs(way).max() < 80.0 - 20.0
    assert np.array_equal(way, plan_way(ground, 95.0, 20.0, seed=4))
    assert not np.array_equal(way, plan_way(ground, 95.0, 20.0, seed=5))
    assert s_curve(95.0).mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_ground_without_room_is_refused_with_numbers():
    with pytest.raises(SourceError, match='no room for a way of 95 m'):
        plan_way(ground_of(200), 95.0, 20.0, seed=0)


def test_the_pilot_leads_a_vehicle_along_the_way():
    way = s_curve(40.0)
    vehicle, pilot, off = Quadrotor(EXACT, pose_at(way, 0), 0), Pilot(way, 3.0), []
    for _ in range(200):
        vehicle.fly(pilot.command(vehicle.pose), CALM, 0.1)
        off.append(np.hypot(*(way - (vehicle.pose.x_m, vehicle.pose.y_m)).T).min())
        if pilot.is_done:
            break

    assert pilot.is_done
    assert max(off) < 0.25


def test_another_season_changes_a_tenth_and_all_colours():
    ground = ground_of(400)

    later = another_season(ground, 3)

    assert later.rgb.shape == ground.rgb.shape
    assert (later.rgb != ground.rgb).any(axis=2).mean() > 0.9
    assert np.array_equal(later.rgb, another_season(ground, 3).rgb)
