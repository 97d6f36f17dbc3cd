# SPDX-License-Identifier: Apache-2.0
"""Turns keyframes, in the order they are passed, into a route: the steps between them in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass

from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.maps.keyframe import Keyframe, MapPose
from waymark.routes.config import SightingConfig
from waymark.routes.levelling import Floats, down_in_camera, mounted
from waymark.routes.planar import Planar
from waymark.routes.sighting import RouteViews, Seen
from waymark.routes.steps import seen_from, step_of


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


class RouteTeacher:
    """A route that is being taught."""

    def __init__(self, config: SightingConfig, camera: CameraModel, camera_yaw_rad: float = 0.0) -> None:
        self._config, self._camera, self._yaw_rad = config, camera, camera_yaw_rad
        self._last: tuple[Keyframe, Passed] | None = None
        self._ids: list[int] = []
        self._steps: list[MapPose] = []
        self.length_m = 0.0

    def __len__(self) -> int:
        """Number of keyframes."""
        return len(self._ids)

    def add(self, keyframe: Keyframe, passed: Passed) -> None:
        """Go on to the next keyframe: by what it shows of the one before where a height is known, else by odometry.

        Raises:
            RouteError: Nothing says how far it is.
        """
        if self._last is not None:
            step = self._step(keyframe, passed)
            self.length_m += math.hypot(step.x_m, step.y_m)
            before = self._last[1].height_m
            climb = 0.0 if passed.height_m is None or before is None else passed.height_m - before
            down = self._down(passed)
            self._steps.append(step_of(seen_from(step, -self._yaw_rad), climb, down))
        self._last = keyframe, passed
        self._ids.append(keyframe.keyframe_id)

    def taught(self) -> tuple[tuple[int, ...], tuple[MapPose, ...]]:
        """Keyframe ids and the steps between them, as PlaceMap.add_route takes them.

        Raises:
            RouteError: Fewer than two keyframes.
        """
        if len(self._ids) < 2:
            raise RouteError(f'a route needs two keyframes at least, this one has {len(self._ids)}. Drive on.')
        return tuple(self._ids), tuple(self._steps)

    def _step(self, keyframe: Keyframe, passed: Passed) -> Planar:
        assert self._last is not None
        last, before = self._last
        if passed.height_m is not None:
            views = RouteViews(self._config, [last], [self._down(before)], self._camera, self._yaw_rad)
            seen = views.look(Seen(keyframe.features, self._camera, passed.height_m, passed.R_world_base), [0])
            if seen:
                return seen[0].pose
        if passed.odometry is not None and before.odometry is not None:
            return before.odometry.inverse @ passed.odometry
        raise RouteError(
            f'keyframe {keyframe.keyframe_id} shows nothing of the one before that says how far it is. '
            'Teach with odometry, or slower and with a height above ground.'
        )

    def _down(self, passed: Passed) -> Floats | None:
        R = passed.R_world_base
        return None if R is None else down_in_camera(R @ mounted(self._yaw_rad))
