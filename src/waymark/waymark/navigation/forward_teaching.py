# SPDX-License-Identifier: Apache-2.0
"""Turns views forward into a route: odometry says how far, what two keyframes show of each other says which way."""

from __future__ import annotations

import math

from waymark.errors import RouteError
from waymark.image.camera import CameraModel
from waymark.image.features import match
from waymark.maps import Keyframe
from waymark.maps.keyframe import MapPose
from waymark.navigation.config import NavigationConfig
from waymark.navigation.forward_views import looking_forward, planar_part
from waymark.places.epipolar import pose_up_to_scale
from waymark.places.views import Lenses
from waymark.routes.planar import Planar, wrapped
from waymark.routes.steps import seen_from, step_of
from waymark.routes.teaching import Passed, require_enough

_MOST_RAD = 0.2  # that odometry and images may differ by in one step


class ForwardTeacher:
    """A route that is being taught with a camera that looks forward.

    Attributes:
        length_m: Of the way so far.
    """

    def __init__(self, config: NavigationConfig, camera: CameraModel, camera_yaw_rad: float = 0.0) -> None:
        self._config, self._lenses, self._yaw_rad = config, Lenses(camera, camera), camera_yaw_rad
        self._kept: list[tuple[Keyframe, Planar]] = []
        self._steps: list[Planar] = []
        self.length_m = 0.0

    def __len__(self) -> int:
        """Number of keyframes."""
        return len(self._kept)

    def wants(self, passed: Passed) -> bool:
        """Whether the view here should become a keyframe: the first one, and then one every so often.

        Raises:
            RouteError: No odometry says how far the last one is.
        """
        here = _odometry(passed)
        if not self._kept:
            return True
        step = self._kept[-1][1].inverse @ here
        is_far = math.hypot(step.x_m, step.y_m) >= self._config.keyframe_step_m
        return is_far or abs(step.yaw_rad) >= self._config.keyframe_turn_rad

    def add(self, keyframe: Keyframe, passed: Passed) -> None:
        """Go on to the next keyframe.

        Raises:
            RouteError: No odometry says how far it is.
        """
        here = _odometry(passed)
        if self._kept:
            last, there = self._kept[-1]
            step = self._seen(last, keyframe, there.inverse @ here)
            self._steps.append(step)
            self.length_m += math.hypot(step.x_m, step.y_m)
        self._kept.append((keyframe, here))

    def taught(self) -> tuple[tuple[int, ...], tuple[MapPose, ...]]:
        """Keyframe ids and the steps between them, as PlaceMap.add_route takes them.

        Raises:
            RouteError: Fewer than two keyframes.
        """
        require_enough(len(self._kept))
        steps = tuple(step_of(seen_from(step, -self._yaw_rad)) for step in self._steps)
        return tuple(keyframe.keyframe_id for keyframe, _ in self._kept), steps

    def _seen(self, last: Keyframe, keyframe: Keyframe, step: Planar) -> Planar:
        """As long as odometry says, in the direction and with the turn that images show, if they can."""
        pairs = match(last.features, keyframe.features, self._config.route_ratio)
        views = self._lenses.views(last.features.keypoints[pairs[:, 0]], keyframe.features.keypoints[pairs[:, 1]])
        found = pose_up_to_scale(views.points_ref, views.points_cur, views.K)
        length = math.hypot(step.x_m, step.y_m)
        if found is None or length < self._config.keyframe_step_m / 2:
            return step
        x, y, turn = planar_part(found.T_ref_cur, looking_forward(self._yaw_rad))
        course = math.atan2(y, x)
        is_alike = abs(wrapped(turn - step.yaw_rad)) < _MOST_RAD
        is_alike &= abs(wrapped(course - math.atan2(step.y_m, step.x_m))) < _MOST_RAD
        return Planar(length * math.cos(course), length * math.sin(course), float(turn)) if is_alike else step


def _odometry(passed: Passed) -> Planar:
    if passed.odometry is None:
        raise RouteError(
            'a camera that looks forward needs odometry to teach a route: no metres follow from its images alone. '
            'Publish `odometry`, or let the camera look down (camera_looks: down).'
        )
    return passed.odometry
