# SPDX-License-Identifier: Apache-2.0
"""A base that can not move sideways: speed and yaw rate that lead it along a way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.routes import FollowState, Planar, RouteConfig, RouteFollower, RoutePath, Sighting
from waymark.routes.steering import driven

CONFIG = RouteConfig(sideways=False, max_speed=1.0)
EAST = [Planar(float(x)) for x in range(11)]
START = np.diag([0.01, 0.01, 0.001])


def told(pose: Planar, path=None, s_m=5.0):
    return driven(CONFIG, path or RoutePath(EAST), s_m, pose, 0.0)


def test_on_the_way_it_goes_straight_on_and_beside_it_turns_towards_it():
    assert (told(Planar(5.0)).forward, told(Planar(5.0)).yaw_rate) == pytest.approx((1.0, 0.0), abs=1e-6)
    assert told(Planar(5.0, 0.3)).yaw_rate < -0.1
    assert told(Planar(5.0, -0.3)).yaw_rate > 0.1
    assert told(Planar(5.0, 0.0, 0.3)).yaw_rate < -0.1
    assert told(Planar(5.0, 0.3)).left == 0.0


def test_the_circle_that_it_drives_passes_the_point_ahead():
    command = told(Planar(5.0, 0.4))

    # From (0, 0.4) with radius r = v / w: (1.2 m ahead) is on it when 1.2^2 + (0.4 + r)^2 = r^2, for r < 0.
    radius = command.forward / command.yaw_rate
    assert 1.2**2 + (0.4 + radius) ** 2 == pytest.approx(radius**2, rel=0.01)


def test_turned_away_it_turns_on_the_spot_first():
    command = told(Planar(5.0, 0.0, 2.0))

    assert command.forward == 0.0
    assert command.yaw_rate == -CONFIG.max_yaw_rate


def test_backwards_it_goes_tail_first_and_steers_back_to_the_way():
    path = RoutePath(EAST, is_backwards=True)
    for side in (0.3, -0.3):
        here = Planar(5.0, side)
        command = told(here, path)
        assert command.forward < -0.5
        # Driven on for some time, it is nearer to the way.
        for _ in range(20):
            here = here @ Planar(command.forward * 0.1, 0.0, command.yaw_rate * 0.1)
            command = told(here, path, path.project(here.x_m, here.y_m, 0.0, 10.0))
        assert abs(here.y_m) < 0.12


def test_it_stops_where_it_is_lost_and_at_the_end():
    follower = RouteFollower(CONFIG, RoutePath(EAST))
    follower.begin_at(Planar(0.0, 0.5), START)
    pose, moved = Planar(0.0, 0.5), Planar()
    for number in range(1, 400):
        said = follower.observe(0.1 * number, (), moved)
        step = Planar(0.1 * said.command.forward, 0.0, 0.1 * said.command.yaw_rate)
        pose, moved = pose @ step, moved @ step
        if said.state is FollowState.DONE:
            break

    assert said.state is FollowState.DONE
    assert (said.command.forward, said.command.yaw_rate) == (0.0, 0.0)
    assert math.hypot(pose.x_m - 10.0, pose.y_m) < 0.6
    assert said.wind == (0.0, 0.0)


def test_where_it_sees_nothing_any_more_it_stops_instead_of_flying_back():
    follower = RouteFollower(
        RouteConfig(sideways=False, max_speed=1.0, search=True, search_after_s=0.0), RoutePath(EAST)
    )
    at_first = Sighting(0, Planar(), START, 1.0, 50)
    said = [follower.observe(0.1 * n, [at_first], Planar()) for n in range(1, 5)]
    assert said[-1].state is FollowState.FOLLOWING
    assert said[-1].command.forward > 0.5

    blind = [follower.observe(0.4 + 0.1 * n, (), Planar(0.05 * n)) for n in range(1, 40)]

    assert blind[-1].state is FollowState.HOLD
    assert all(g.command.forward == g.command.yaw_rate == g.command.left == 0.0 for g in blind[8:])
