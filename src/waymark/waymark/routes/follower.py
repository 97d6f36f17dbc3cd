# SPDX-License-Identifier: Apache-2.0
"""Flies a taught route again: from sightings of its keyframes and odometry to a velocity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from waymark.routes.config import RouteConfig
from waymark.routes.drift import RouteDrift, placed_covariance
from waymark.routes.levelling import Floats
from waymark.routes.path import RoutePath
from waymark.routes.planar import Command, Planar
from waymark.routes.sighting import Sighting
from waymark.routes.steering import along, beside, command_of, driven, spiral, towards

_LOOKED_AT = 2  # keyframes that should be in view
_MORE = 6  # and so many where those are not seen
_BACK_M, _AHEAD_M = 3.0, 6.0  # around the last place along the way, within which the next one lies
_SAME_M, _SAME_RAD = 1.5, 0.3  # two sightings within these agree
_FASTEST = 5.0  # times max_speed: above it odometry did not move, it began anew


class FollowState(Enum):
    """What the follower is doing."""

    GLOBAL_START = 0  # does not know where on the route it is, and stays
    FOLLOWING = 1
    HOLD = 2  # lost: stays where it saw the route last
    SEARCHING = 3  # flies a spiral around that place
    DONE = 4  # the end is reached


@dataclass(frozen=True, eq=False)
class Guidance:
    """What one image leads to.

    Attributes:
        command: For the vehicle.
        state: What the follower is doing.
        progress: Share of the way that is done, 0 to 1.
        lateral_error_m: Left of the way, by estimate; None where unknown.
        sigma_m: Standard deviation of the estimated place.
        pose: Estimated, in the route's frame; None where unknown.
        wind: Drift that odometry does not see, (2,) m/s in the route's frame.
        sighting: The best one that was believed, None without any.
        reason: Why no keyframe could be looked for in the image, '' where one could.
    """

    command: Command
    state: FollowState
    progress: float = 0.0
    lateral_error_m: float | None = None
    sigma_m: float = math.inf
    pose: Planar | None = None
    wind: tuple[float, float] = (0.0, 0.0)
    sighting: Sighting | None = None
    reason: str = ''


class RouteFollower:
    """One repetition of one route."""

    def __init__(self, config: RouteConfig, path: RoutePath) -> None:
        self._config, self._path = config, path
        # Air moves what flies in it, never a base on the ground.
        self._drift = RouteDrift(config if config.sideways else replace(config, wind=0.0, wind_change=0.0))
        self._s_m = 0.0
        self._state = FollowState.GLOBAL_START
        self._stamp_s: float | None = None
        self._odometry: Planar | None = None
        self._told = Command()
        self._seen_s = -math.inf  # when a sighting was believed last
        self._seen_at: Floats = np.zeros(2)
        self._searched_m = 0.0
        self._doubted: Planar | None = None  # where the last doubted sighting puts the vehicle
        self._agreeing = 0

    @property
    def state(self) -> FollowState:
        """What it is doing."""
        return self._state

    @property
    def is_lost(self) -> bool:
        """Whether place recognition should look for the vehicle in the whole map."""
        return self._state in (FollowState.GLOBAL_START, FollowState.HOLD, FollowState.SEARCHING)

    @property
    def pose(self) -> Planar | None:
        """Where the vehicle should be, in the route's frame; None where unknown."""
        return None if self._state is FollowState.GLOBAL_START else self._drift.pose

    def wanted(self) -> list[tuple[int, ...]]:
        """Keyframes to look for in the next image: the second few only where none of the first is seen."""
        if self._state is FollowState.GLOBAL_START:
            return []
        near = self._path.near(self._s_m, _LOOKED_AT + _MORE)
        return [tuple(near[:_LOOKED_AT]), tuple(near[_LOOKED_AT:])]

    def begin_at(self, pose: Planar, covariance: Floats) -> None:
        """Believe to be somewhere without a sighting (for an open loop).

        Args:
            pose: In the route's frame.
            covariance: (3, 3) of x, y, heading.
        """
        self._begin(pose, covariance, 0.0, self._path.length_m)
        self._state = FollowState.FOLLOWING
        self._seen_s = math.inf

    def observe(self, stamp_s: float, sightings: Sequence[Sighting] = (), odometry: Planar | None = None) -> Guidance:
        """Take in one image.

        Args:
            stamp_s: Of the image.
            sightings: Keyframes of the route that it shows, best first.
            odometry: Pose of the vehicle at this image in any frame that stays; None: it did what it was told.

        Raises:
            ValueError: The stamp is not later than the one before.
        """
        self._move(stamp_s, odometry)
        best = self._taken_in(sightings, stamp_s)
        if self._state is FollowState.FOLLOWING:
            pose = self._drift.pose
            self._s_m = self._path.project(pose.x_m, pose.y_m, self._s_m - _BACK_M, self._s_m + _AHEAD_M)
        self._decide(stamp_s, best)
        self._told = self._command()
        return self._guidance(best)

    def _move(self, stamp_s: float, odometry: Planar | None) -> None:
        if self._stamp_s is not None:
            seconds = stamp_s - self._stamp_s
            if seconds <= 0:
                raise ValueError(f'stamp_s: expected later than {self._stamp_s:g}, got {stamp_s:g}')
            step = self._step(odometry, seconds)
            self._drift.move(step, seconds)
            if self._doubted is not None:
                self._doubted = self._doubted @ step
            if self._state is FollowState.SEARCHING:
                self._searched_m += self._config.search_speed * seconds
        is_known = odometry is not None and bool(np.isfinite(odometry.array).all())
        self._stamp_s, self._odometry = stamp_s, odometry if is_known else None

    def _step(self, odometry: Planar | None, seconds: float) -> Planar:
        """What odometry says since the last image; where it says nothing, or jumps, what was told."""
        if odometry is not None and self._odometry is not None:
            step = self._odometry.inverse @ odometry
            if math.hypot(step.x_m, step.y_m) <= _FASTEST * self._config.max_speed * seconds + _SAME_M:  # not NaN
                return step
        return Planar(self._told.forward * seconds, self._told.left * seconds, self._told.yaw_rate * seconds)

    def _taken_in(self, sightings: Sequence[Sighting], stamp_s: float) -> Sighting | None:
        """Correct the estimate by the sightings that fit it, or begin anew at those that insist."""
        best = None
        if self._state is not FollowState.GLOBAL_START:
            for sighting in sightings:
                keyframe = self._path.poses[sighting.index]
                if self._drift.distance(sighting, keyframe) <= self._config.gate:
                    self._drift.correct(sighting, keyframe)
                    best = best or sighting
        if best is None and sightings and self._insists(sightings[0]):
            best = sightings[0]
            keyframe = self._path.poses[best.index]
            at = self._path.along(best.index)
            turned = placed_covariance(best.covariance, keyframe.yaw_rad)
            self._begin(keyframe @ best.pose, turned, at - 2 * _AHEAD_M, at + 2 * _AHEAD_M)
        if best is not None:
            self._doubted, self._agreeing = None, 0
            self._seen_s, self._seen_at = stamp_s, self._drift.pose.array[:2]
        return best

    def _insists(self, sighting: Sighting) -> bool:
        """Whether sightings that don't fit the estimate agree with one another for long enough."""
        here, before = self._path.poses[sighting.index] @ sighting.pose, self._doubted
        self._doubted = here
        if before is not None:
            off = before.inverse @ here
            is_same = math.hypot(off.x_m, off.y_m) <= _SAME_M and abs(off.yaw_rad) <= _SAME_RAD
            self._agreeing = self._agreeing + 1 if is_same else 1
        else:
            self._agreeing = 1
        return self._agreeing >= self._config.agree

    def _begin(self, pose: Planar, covariance: Floats, low_m: float, high_m: float) -> None:
        self._drift.start(pose, covariance)
        self._s_m = self._path.project(pose.x_m, pose.y_m, low_m, high_m)

    def _decide(self, stamp_s: float, best: Sighting | None) -> None:
        config, state = self._config, self._state
        if state is FollowState.DONE:
            return
        unseen_s = stamp_s - self._seen_s
        if best is not None:
            self._state, self._searched_m = FollowState.FOLLOWING, 0.0
        elif state is FollowState.FOLLOWING and unseen_s > config.lose_after_s:
            self._state = FollowState.HOLD
        elif (
            state is FollowState.HOLD
            and config.search
            and config.sideways
            and unseen_s > config.lose_after_s + config.search_after_s
        ):
            self._state = FollowState.SEARCHING
        elif state is FollowState.SEARCHING and spiral(config, self._searched_m) is None:
            self._state, self._searched_m, self._seen_s = FollowState.HOLD, 0.0, stamp_s  # back, then once more
        if self._state is FollowState.FOLLOWING and self._path.length_m - self._s_m <= config.arrive_m:
            self._state = FollowState.DONE

    def _command(self) -> Command:
        drift, config = self._drift, self._config
        pose, wind = drift.pose, drift.wind
        if self._state is FollowState.GLOBAL_START:
            return Command()
        if not config.sideways:
            is_led = self._state is FollowState.FOLLOWING
            return driven(config, self._path, self._s_m, pose, drift.sigma_m) if is_led else Command()
        if self._state is FollowState.FOLLOWING:
            velocity, yaw_rate = along(config, self._path, self._s_m, pose, wind, drift.sigma_m)
            return command_of(velocity, yaw_rate, wind, pose.yaw_rad)
        place, most = self._seen_at, config.max_side_speed
        if self._state is FollowState.DONE:
            place = self._path.point(self._path.length_m)
        if self._state is FollowState.SEARCHING:
            offset = spiral(config, self._searched_m)
            place, most = place if offset is None else place + offset, 2 * config.search_speed
        return command_of(towards(config, place, pose, most), 0.0, wind, pose.yaw_rad)

    def _guidance(self, best: Sighting | None) -> Guidance:
        progress = self._s_m / self._path.length_m
        if self._state is FollowState.GLOBAL_START:
            return Guidance(self._told, self._state)
        pose, wind = self._drift.pose, self._drift.wind
        return Guidance(
            self._told,
            self._state,
            1.0 if self._state is FollowState.DONE else progress,
            beside(self._path, self._s_m, pose),
            self._drift.sigma_m,
            pose,
            (float(wind[0]), float(wind[1])),
            best,
        )
