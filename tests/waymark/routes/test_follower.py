# SPDX-License-Identifier: Apache-2.0
"""The follower in a closed loop with a vehicle that does what it is told, and exact sightings of its keyframes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from waymark.routes import Command, FollowState, Planar, RouteConfig, RouteFollower, RoutePath, Sighting

KEYFRAMES = [Planar(3.0 * i, 6 * math.sin(0.2 * i), math.atan(0.4 * math.cos(0.2 * i))) for i in range(16)]
COVARIANCE = np.diag([0.1, 0.1, 0.01]) ** 2
RATE_HZ, REACH_M = 10.0, 8.0


class Loop:
    """A point that moves as told, in the wind; it sees keyframes within reach unless it is blind."""

    def __init__(self, start: Planar, backwards=False, wind=(0.0, 0.0), scale=1.0, **config):
        path = RoutePath(KEYFRAMES, backwards)
        self.follower = RouteFollower(RouteConfig(**config), path)
        self.pose, self.wind, self.scale, self.path = start, np.array(wind), scale, path
        self.odometry, self.time_s, self.blind, self.command = Planar(), 0.0, False, Command()

    def step(self):
        dt, c = 1 / RATE_HZ, self.command
        moved = Planar(c.forward * dt, c.left * dt, c.yaw_rate * dt)
        self.odometry = self.odometry @ Planar(self.scale * moved.x_m, self.scale * moved.y_m, moved.yaw_rad)
        there = self.pose @ moved
        self.pose = Planar(there.x_m + self.wind[0] * dt, there.y_m + self.wind[1] * dt, there.yaw_rad)
        self.time_s += dt
        said = self.follower.observe(self.time_s, self.sightings(), self.odometry)
        self.command = said.command
        return said

    def sightings(self):
        if self.blind:
            return []
        seen = [(k.inverse @ self.pose, i) for i, k in enumerate(KEYFRAMES)]
        near = sorted((math.hypot(p.x_m, p.y_m), i, p) for p, i in seen)
        return [Sighting(i, p, COVARIANCE, 1.0, 50) for d, i, p in near[:2] if d < REACH_M]

    def off_m(self) -> float:
        s = self.path.project(self.pose.x_m, self.pose.y_m, 0.0, self.path.length_m)
        return float(np.hypot(*(self.path.point(s) - (self.pose.x_m, self.pose.y_m))))

    def fly(self, seconds: float):
        for _ in range(round(seconds * RATE_HZ)):
            said = self.step()
            if said.state is FollowState.DONE:
                break
        return said


@pytest.mark.parametrize('backwards', [False, True])
def test_a_route_is_followed_to_its_end(backwards):
    start, end = (KEYFRAMES[-1], KEYFRAMES[0]) if backwards else (KEYFRAMES[0], KEYFRAMES[-1])
    loop = Loop(start, backwards)

    said = loop.fly(60)

    assert (said.state, said.progress) == (FollowState.DONE, 1.0)
    assert math.hypot(loop.pose.x_m - end.x_m, loop.pose.y_m - end.y_m) < 1.0


def test_a_start_beside_the_route_and_with_a_wrong_heading_converges():
    loop = Loop(KEYFRAMES[0] @ Planar(0.0, -6.0, 0.5))

    loop.fly(8)

    assert loop.off_m() < 0.15
    assert loop.fly(60).state is FollowState.DONE


def test_wind_that_odometry_does_not_see_is_learned():
    loop = Loop(KEYFRAMES[0], wind=(0.6, -0.8))

    said = loop.fly(10)

    start = np.array([KEYFRAMES[0].x_m, KEYFRAMES[0].y_m])
    assert start == pytest.approx([0, 0])
    assert said.wind == pytest.approx((0.6, -0.8), abs=0.15)
    assert loop.off_m() < 0.15


def test_bends_doubt_and_the_end_slow_it_down():
    loop = Loop(KEYFRAMES[0], side_acceleration=0.05)

    speeds = [math.hypot(c.forward, c.left) for c in (loop.step().command for _ in range(60))]

    assert max(speeds[20:]) < 2.0 < RouteConfig().max_speed


def test_nothing_is_commanded_before_it_knows_where_it_is():
    loop = Loop(KEYFRAMES[3])
    loop.blind = True

    said = loop.fly(2)

    assert (said.state, said.command, said.lateral_error_m) == (FollowState.GLOBAL_START, Command(), None)


def test_one_sighting_is_not_enough_to_begin():
    loop = Loop(KEYFRAMES[3])

    assert loop.step().state is FollowState.GLOBAL_START
    assert loop.step().state is FollowState.GLOBAL_START
    assert loop.step().state is FollowState.FOLLOWING


def test_blinded_it_returns_to_where_it_saw_the_route_last_and_holds():
    loop = Loop(KEYFRAMES[0], wind=(0.5, 0.0))
    loop.fly(6)
    before = loop.pose
    loop.blind = True

    said = loop.fly(20)

    assert said.state is FollowState.HOLD
    assert math.hypot(loop.pose.x_m - before.x_m, loop.pose.y_m - before.y_m) < 2.0
    loop.blind = False
    assert loop.step().state is FollowState.FOLLOWING
    assert loop.fly(60).state is FollowState.DONE


def test_carried_off_it_believes_the_third_sighting_that_agrees_and_goes_on_there():
    loop = Loop(KEYFRAMES[0])
    loop.fly(4)
    loop.pose = KEYFRAMES[11] @ Planar(0.0, 2.0, 0.3)

    states = [loop.step() for _ in range(4)]

    assert [s.sighting is None for s in states[:3]] == [True, True, False]
    assert states[2].progress > 0.6
    assert loop.fly(60).state is FollowState.DONE


def test_one_wrong_sighting_moves_nothing():
    loop = Loop(KEYFRAMES[0])
    said = loop.fly(5)
    wrong = Sighting(14, Planar(), COVARIANCE, 1.0, 80)

    after = loop.follower.observe(loop.time_s + 0.1, [wrong], loop.odometry)

    assert after.sighting is None
    assert math.hypot(after.pose.x_m - said.pose.x_m, after.pose.y_m - said.pose.y_m) < 0.5


def test_a_search_flies_a_spiral_and_finds_the_route_again():
    loop = Loop(KEYFRAMES[0], search=True, search_after_s=2.0)
    loop.fly(5)
    loop.pose = loop.pose @ Planar(0.0, 14.0, 0.0)  # out of sight of all keyframes

    states = {loop.step().state for _ in range(350)}

    assert FollowState.SEARCHING in states
    assert loop.fly(60).state is FollowState.DONE


def test_a_search_that_finds_nothing_returns_and_holds():
    loop = Loop(KEYFRAMES[0], search=True, search_after_s=1.0, search_radius_m=6.0)
    loop.fly(4)
    loop.blind = True

    states = [loop.step().state for _ in range(400)]

    first = states.index(FollowState.SEARCHING)
    assert FollowState.HOLD in states[first:]


def test_without_odometry_it_goes_by_what_it_told():
    loop = Loop(KEYFRAMES[0])
    for _ in range(150):
        loop.step()
        loop.follower._odometry = None  # as if none had ever come

    assert loop.off_m() < 0.5


def test_odometry_that_begins_anew_moves_nothing():
    loop = Loop(KEYFRAMES[0])
    before = loop.fly(5).pose
    loop.odometry, loop.blind = Planar(200.0, -80.0, 1.0), True

    after = loop.step().pose

    assert math.hypot(after.x_m - before.x_m, after.y_m - before.y_m) < 0.6


def test_at_the_end_it_stays_in_the_wind():
    loop = Loop(KEYFRAMES[0], wind=(0.0, 0.8))
    loop.fly(60)

    for _ in range(100):
        said = loop.step()

    end = KEYFRAMES[-1]
    assert said.state is FollowState.DONE
    assert math.hypot(loop.pose.x_m - end.x_m, loop.pose.y_m - end.y_m) < 0.3


def test_backwards_with_the_nose_ahead_the_vehicle_turns_round():
    loop = Loop(KEYFRAMES[-1], backwards=True)
    loop.path = RoutePath(KEYFRAMES, True, turns=True)
    loop.follower = RouteFollower(RouteConfig(), loop.path)

    loop.fly(10)

    assert loop.command.forward > 1.0
    assert loop.off_m() < 0.3
    assert loop.fly(60).state is FollowState.DONE


def test_an_open_loop_drifts_with_the_wind():
    loop = Loop(KEYFRAMES[0], wind=(0.0, 1.0))
    loop.blind = True
    loop.follower.begin_at(KEYFRAMES[0], np.zeros((3, 3)))

    loop.fly(10)

    assert loop.off_m() > 3.0


def test_time_that_stands_still_is_refused():
    follower = RouteFollower(RouteConfig(), RoutePath(KEYFRAMES))
    follower.observe(1.0)

    with pytest.raises(ValueError, match='stamp_s: expected later than 1'):
        follower.observe(1.0)
