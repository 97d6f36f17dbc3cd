# SPDX-License-Identifier: Apache-2.0
"""A route is closed, smooth and flown at constant speed, each lap a little otherwise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark_sim.route import MAX_BANK_RAD, ClosedCurve, Deviation, Route, rotation

STILL = Deviation(0.0, 0.0, 0.0)


def polygon(radius=50.0, n=9) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def uneven() -> np.ndarray:
    return polygon() * np.random.default_rng(2).uniform(0.7, 1.3, (9, 1))


def route(deviation=STILL, lap_s=60.0, points=None) -> Route:
    return Route(ClosedCurve(uneven() if points is None else points), 20.0, lap_s, deviation, seed=5)


def test_a_regular_polygon_becomes_a_circle():
    curve = ClosedCurve(polygon())
    radius = curve.length_m / (2 * math.pi)

    points = curve.points(np.linspace(0, 1, 100))

    np.testing.assert_allclose(np.hypot(*points.T), radius, rtol=1e-6)
    assert curve.heading_and_curvature(0.0) == pytest.approx((math.pi / 2, 1 / radius), rel=1e-6)


def test_the_end_is_the_beginning_in_place_and_direction():
    curve = ClosedCurve(uneven())

    np.testing.assert_allclose(curve.points(np.array([0.0])), curve.points(np.array([1.0])), atol=1e-6)
    assert curve.heading_and_curvature(1.0 - 1e-9) == pytest.approx(curve.heading_and_curvature(0.0), abs=1e-4)


def test_speed_is_constant_and_the_nose_points_ahead():
    flown = route()
    speed = flown.curve.length_m / flown.lap_s

    for t in np.linspace(0.1, 59.9, 50):
        velocity = flown.velocity(t)
        assert np.linalg.norm(velocity) == pytest.approx(speed, rel=2e-3)
        # Banked or not, forward is where it flies to.
        np.testing.assert_allclose(velocity / speed, flown.pose(t)[:3, 0], atol=5e-3)


def test_it_leans_into_turns_and_never_further_than_allowed():
    left = route(points=polygon(30.0), lap_s=20.0).pose(3.0)
    hasty = route(points=polygon(30.0), lap_s=2.0).pose(0.3)

    assert left[2, 1] < 0  # a left turn: the left wing points down
    assert math.asin(-hasty[2, 1]) <= MAX_BANK_RAD + 1e-9


def test_lap_two_revisits_lap_one_within_twice_the_deviation_and_never_exactly():
    deviation = Deviation(0.8, 0.5, 0.02)
    flown = route(deviation)

    gaps = [np.linalg.norm(flown.pose(t + 60.0)[:2, 3] - flown.pose(t)[:2, 3]) for t in np.arange(0, 60, 0.5)]

    assert max(gaps) <= 2 * deviation.offset_m
    assert max(gaps) > 0.3
    turned = [np.abs(flown.pose(t + 60.0)[:3, :3] - flown.pose(t)[:3, :3]).max() for t in np.arange(0, 60, 0.5)]
    assert min(turned) > 1e-5


def test_height_stays_within_its_deviation():
    flown = route(Deviation(0.8, 0.5, 0.02))

    heights = [flown.pose(t)[2, 3] for t in np.arange(0, 120, 0.5)]

    assert 19.5 <= min(heights) < max(heights) <= 20.5


def test_attitude_is_always_a_rotation():
    for t in (0.0, 17.3, 59.99, 60.0, 119.0):
        R = route(Deviation()).pose(t)[:3, :3]
        np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(R) == pytest.approx(1.0)


def test_rotation_turns_yaw_then_pitch_then_roll():
    np.testing.assert_allclose(rotation(0, 0, math.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation(0, math.pi / 2, 0) @ [1, 0, 0], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(rotation(math.pi / 2, 0, 0) @ [0, 1, 0], [0, 0, 1], atol=1e-12)
