# SPDX-License-Identifier: Apache-2.0
"""The way along a route."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.errors import RouteError
from waymark.maps import Route
from waymark.routes import Planar, RoutePath
from waymark.routes.steps import step_of

STRAIGHT = [Planar(4.0 * i) for i in range(6)]


def circle(radius_m: float, count: int) -> list[Planar]:
    angles = np.linspace(0, math.pi / 2, count)
    return [Planar(radius_m * math.sin(a), radius_m * (1 - math.cos(a)), a) for a in angles]


def test_a_straight_way_is_as_long_as_its_keyframes_are_apart():
    path = RoutePath(STRAIGHT)

    assert path.length_m == pytest.approx(20.0)
    assert path.along(3) == pytest.approx(12.0)
    assert path.point(7.0) == pytest.approx([7.0, 0.0])
    assert path.curvature(0.0, 20.0) == pytest.approx(0.0, abs=1e-9)


def test_backwards_the_way_begins_at_the_last_keyframe_and_keeps_the_taught_heading():
    path = RoutePath(STRAIGHT, is_backwards=True)

    assert path.along(5) == 0.0
    assert path.point(4.0) == pytest.approx([16.0, 0.0])
    assert abs(path.course(10.0)) == pytest.approx(math.pi)
    assert path.heading(10.0) == pytest.approx(0.0)
    assert path.near(1.0, 2) == [5, 4]


def test_a_vehicle_that_turns_flies_backwards_nose_first():
    path = RoutePath(STRAIGHT, is_backwards=True, turns=True)

    assert abs(path.heading(10.0)) == pytest.approx(math.pi)


def test_a_bend_has_its_curvature():
    path = RoutePath(circle(20.0, 12))

    assert path.length_m == pytest.approx(10 * math.pi, rel=0.01)
    assert path.curvature(path.length_m / 2) == pytest.approx(1 / 20, rel=0.15)
    assert path.heading(path.length_m / 2) == pytest.approx(math.pi / 4, abs=0.01)
    assert path.course(path.length_m / 2) == pytest.approx(math.pi / 4, abs=0.03)


def test_a_place_beside_the_way_is_projected_between_samples():
    path = RoutePath(STRAIGHT)

    assert path.project(7.1, 3.0, 0.0, 20.0) == pytest.approx(7.1)
    assert path.project(-5.0, 0.0, 0.0, 20.0) == pytest.approx(0.0, abs=0.01)
    assert path.project(7.1, 3.0, 10.0, 20.0) == pytest.approx(10.0, abs=0.3)  # a loop is not cut short


def test_a_route_in_a_map_becomes_a_way():
    route = Route(0, 'field', (3, 4, 9), (step_of(Planar(4.0, 0.0, math.pi / 2)), step_of(Planar(2.0))))

    path = RoutePath.of_route(route)

    assert path.poses[2].array == pytest.approx([4.0, 2.0, math.pi / 2])


def test_a_route_without_metres_is_refused_by_number():
    with pytest.raises(RouteError, match=r"'field': step 1 is not known in metres"):
        RoutePath.of_route(Route(0, 'field', (0, 1, 2), (step_of(Planar(4.0)), np.eye(3))))
    with pytest.raises(RouteError, match='no steps'):
        RoutePath.of_route(Route(0, 'field', (0, 1, 2)))


@pytest.mark.parametrize('poses', [[], [Planar()], [Planar(), Planar(0.0, 0.0, 1.0)]])
def test_a_way_without_length_is_refused(poses):
    with pytest.raises(RouteError, match='two different places'):
        RoutePath(poses)
