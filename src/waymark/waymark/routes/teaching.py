# SPDX-License-Identifier: Apache-2.0
"""Turns keyframes, in the order they are passed, into a route: the steps between them in metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.maps.keyframe import Keyframe, MapPose
from waymark.routes.config import SightingConfig
from waymark.routes.levelling import Floats, down_in_camera, mounted
from waymark.routes.planar import Planar
from waymark.routes.sighting import RouteViews, Seen
from waymark.routes.steps import seen_from, step_of
from waymark.routes.untilting import down_by, seeming_offsets, true_step


@dataclass(frozen=True, eq=False)
class Passed:
    """What was measured as a keyframe was taken.

    Attributes:
        height_m: Of the camera above ground, None where unknown.
        R_world_base: (3, 3) attitude, of which roll and pitch count; None where unknown.
        odometry: Pose of the vehicle in any frame that stays; None where unknown.
    """

    height_m: float | None = None
    R_world_base: Floats | None = None
    odometry: Planar | None = None


@dataclass(frozen=True, eq=False)
class _Kept:
    """A keyframe of the route.

    Attributes:
        keyframe: Itself.
        passed: What was measured with it.
        step: From the one before, in the vehicle's frame; None for the first.
        is_seen: Whether the step is by what the two show of each other, not by odometry.
    """

    keyframe: Keyframe
    passed: Passed
    step: Planar | None
    is_seen: bool


class RouteTeacher:
    """A route that is being taught."""

    def __init__(self, config: SightingConfig, camera: CameraModel, camera_yaw_rad: float = 0.0) -> None:
        self._config, self._camera, self._yaw_rad = config, camera, camera_yaw_rad
        self._kept: list[_Kept] = []
        self.length_m = 0.0

    def __len__(self) -> int:
        """Number of keyframes."""
        return len(self._kept)

    def add(self, keyframe: Keyframe, passed: Passed) -> None:
        """Go on to the next keyframe: by what it shows of the one before where a height is known, else by odometry.

        Raises:
            RouteError: Nothing says how far it is.
        """
        step, is_seen = None, False
        if self._kept:
            step, is_seen = self._step(self._kept[-1], keyframe, passed)
            self.length_m += math.hypot(step.x_m, step.y_m)
        self._kept.append(_Kept(keyframe, passed, step, is_seen))

    def taught(self) -> tuple[tuple[int, ...], tuple[MapPose, ...]]:
        """Keyframe ids and the steps between them, as PlaceMap.add_route takes them.

        Raises:
            RouteError: Fewer than two keyframes.
        """
        require_enough(len(self._kept))
        steps = [kept.step for kept in self._kept[1:] if kept.step is not None]
        downs = [self._down(kept.passed) for kept in self._kept]
        if self._can_untilt():
            steps, downs = self._untilted(steps)
        packed = []
        for number, (step, down) in enumerate(zip(steps, downs[1:], strict=True)):
            before, now = (self._kept[i].passed.height_m for i in (number, number + 1))
            climb = 0.0 if before is None or now is None else now - before
            packed.append(step_of(seen_from(step, -self._yaw_rad), climb, down))
        return tuple(kept.keyframe.keyframe_id for kept in self._kept), tuple(packed)

    def _step(self, last: _Kept, keyframe: Keyframe, passed: Passed) -> tuple[Planar, bool]:
        if passed.height_m is not None:
            down = self._down(last.passed)
            views = RouteViews(self._config, [last.keyframe], [down], self._camera, self._yaw_rad)
            seen = views.look(Seen(keyframe.features, self._camera, passed.height_m, passed.R_world_base), [0])
            if seen:
                return seen[0].pose, True
        if passed.odometry is not None and last.passed.odometry is not None:
            return last.passed.odometry.inverse @ passed.odometry, False
        raise RouteError(
            f'keyframe {keyframe.keyframe_id} shows nothing of the one before that says how far it is. '
            'Teach with odometry, or slower and with a height above ground.'
        )

    def _can_untilt(self) -> bool:
        passed = [kept.passed for kept in self._kept]
        is_measured = all(p.odometry is not None and p.height_m is not None for p in passed)
        return is_measured and all(p.R_world_base is None for p in passed) and all(k.is_seen for k in self._kept[1:])

    def _untilted(self, steps: Sequence[Planar]) -> tuple[list[Planar], list[Floats | None]]:
        """Steps between true places, and tilts (see waymark.routes.untilting)."""
        poses = [kept.passed.odometry or Planar() for kept in self._kept]
        heights = [kept.passed.height_m or 1.0 for kept in self._kept]
        odometry = [before.inverse @ now for before, now in zip(poses[:-1], poses[1:], strict=True)]
        stamps = [kept.keyframe.header.stamp_s for kept in self._kept]
        seconds = [now - before for before, now in zip(stamps[:-1], stamps[1:], strict=True)]
        sigma = max(self._config.tilt_sigma_rad, 1e-4) * max(heights)
        offsets = seeming_offsets(steps, odometry, seconds, sigma)
        true = [true_step(step, *offsets[i : i + 2]) for i, step in enumerate(steps)]
        c, s = math.cos(self._yaw_rad), math.sin(self._yaw_rad)  # offsets are the vehicle's, downs the camera's
        ahead, aside = offsets[:, 0], offsets[:, 1]
        camera = zip(c * ahead + s * aside, -s * ahead + c * aside, heights, strict=True)
        return true, [down_by(np.array([x, y]), height) for x, y, height in camera]

    def _down(self, passed: Passed) -> Floats | None:
        R = passed.R_world_base
        return None if R is None else down_in_camera(R @ mounted(self._yaw_rad))


def require_enough(keyframes: int) -> None:
    """Refuse a route without a step.

    Raises:
        RouteError: Fewer than two keyframes.
    """
    if keyframes < 2:
        raise RouteError(f'a route needs two keyframes at least, this one has {keyframes}. Drive on.')
