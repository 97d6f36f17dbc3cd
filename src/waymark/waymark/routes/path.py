# SPDX-License-Identifier: Apache-2.0
"""The way along a route: where its keyframes lie, and what lies how far along it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waymark.errors import RouteError
from waymark.maps.keyframe import MapPose
from waymark.maps.route import Route
from waymark.routes.planar import Planar, wrapped
from waymark.routes.steps import planar_of, seen_from

Floats = NDArray[np.float64]

_SPACING_M = 0.25  # of the samples that a smooth way is made of
_SMOOTH_M = 1.5  # what bends between keyframes is evened out over this length
_TINY_M = 1e-3


class RoutePath:
    """A smooth way through keyframes, in the frame of the first one, flown from the first to the last or back.

    Attributes:
        poses: Of the keyframes, in their taught order.
        length_m: Of the way.
        is_backwards: Whether it is flown from the last keyframe.
    """

    def __init__(self, poses: Sequence[Planar], is_backwards: bool = False, turns: bool = False) -> None:
        """Lay the way.

        Args:
            poses: Of the keyframes in one frame, in the order they were taught.
            is_backwards: Whether to fly from the last to the first.
            turns: Whether the nose then points along the way; else as it was taught.

        Raises:
            RouteError: Fewer than two different places.
        """
        self.poses, self.is_backwards = tuple(poses), is_backwards
        order = self.poses[::-1] if is_backwards else self.poses
        points = np.array([p.array for p in order]).reshape(-1, 3)
        steps = np.hypot(*np.diff(points[:, :2], axis=0).T) if len(points) > 1 else np.zeros(0)
        if steps.sum() < 10 * _TINY_M:
            raise RouteError('a route needs keyframes at two different places at least. Teach it anew.')
        self._keyframe_s = np.concatenate([[0.0], np.cumsum(np.maximum(steps, _TINY_M))])
        heading = np.unwrap(points[:, 2]) + (np.pi if is_backwards and turns else 0.0)
        self.length_m = float(self._keyframe_s[-1])
        count = max(round(self.length_m / _SPACING_M), 2) + 1
        self._s = np.linspace(0.0, self.length_m, count)
        table = np.column_stack([points[:, :2], heading])
        self._samples = _smoothed(_hermite(table, self._keyframe_s, self._s), self._s[1])
        tangent = np.gradient(self._samples[:, :2], self._s, axis=0)
        self._course = np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))
        self._curvature = np.gradient(self._course, self._s)

    @classmethod
    def of_route(
        cls, route: Route, is_backwards: bool = False, turns: bool = False, camera_yaw_rad: float = 0.0
    ) -> RoutePath:
        """Lay the way of a route in a map; `camera_yaw_rad`: heading of the image's up in the vehicle.

        Raises:
            RouteError: A step between its keyframes is not known in metres.
        """
        if len(route.relative) != len(route.keyframe_ids) - 1 or not route.relative:
            raise RouteError(f'route {route.name!r} has no steps between its keyframes. Teach it anew.')
        poses = [Planar()]
        for number, step in enumerate(route.relative):
            if not isinstance(step, MapPose):
                raise RouteError(
                    f'route {route.name!r}: step {number} is not known in metres. '
                    'Teach it with odometry, or with a height above ground.'
                )
            poses.append(poses[-1] @ seen_from(planar_of(step), camera_yaw_rad))
        return cls(poses, is_backwards, turns)

    def along(self, index: int) -> float:
        """How far along the way keyframe `index` (in taught order) lies, m."""
        return float(self._keyframe_s[len(self.poses) - 1 - index if self.is_backwards else index])

    def near(self, s_m: float, count: int) -> list[int]:
        """Keyframes (in taught order) that lie nearest along the way, nearest first."""
        order = np.argsort(np.abs(self._keyframe_s - s_m), kind='stable')[:count]
        return [int(len(self.poses) - 1 - i if self.is_backwards else i) for i in order]

    def project(self, x_m: float, y_m: float, low_m: float, high_m: float) -> float:
        """How far along the way, between two bounds, the point nearest to (x, y) lies, m."""
        first, last = np.searchsorted(self._s, [low_m, high_m])
        first = min(int(first), len(self._s) - 2)
        part = self._samples[first : max(int(last), first + 2), :2]
        at = int(np.hypot(part[:, 0] - x_m, part[:, 1] - y_m).argmin()) + first
        course = self._course[at]
        ahead = np.cos(course) * (x_m - self._samples[at, 0]) + np.sin(course) * (y_m - self._samples[at, 1])
        return float(np.clip(self._s[at] + np.clip(ahead, -_SPACING_M, _SPACING_M), 0.0, self.length_m))

    def point(self, s_m: float) -> Floats:
        """Place on the way, (2,) m."""
        return np.array([np.interp(s_m, self._s, self._samples[:, k]) for k in (0, 1)])

    def heading(self, s_m: float) -> float:
        """Where the nose should point, rad."""
        return wrapped(float(np.interp(s_m, self._s, self._samples[:, 2])))

    def course(self, s_m: float) -> float:
        """Direction of the way, rad."""
        return float(np.interp(s_m, self._s, self._course))

    def curvature(self, s_m: float, reach_m: float = 0.0) -> float:
        """Sharpest bend from here to `reach_m` ahead, 1/m, without sign."""
        first, last = np.searchsorted(self._s, [s_m, s_m + reach_m])
        first = min(int(first), len(self._s) - 1)
        return float(np.abs(self._curvature[first : max(int(last), first) + 1]).max())


def _hermite(values: Floats, at: Floats, wanted: Floats) -> Floats:
    """A smooth curve through values (N, D) at `at` (N,), where it is `wanted` (M,): cubic, slopes by differences."""
    slopes = np.gradient(values, at, axis=0)
    left = np.clip(np.searchsorted(at, wanted, 'right') - 1, 0, len(at) - 2)
    width = at[left + 1] - at[left]
    t, w = ((wanted - at[left]) / width)[:, None], width[:, None]
    here, there = values[left], values[left + 1]
    begin, finish = w * slopes[left], w * slopes[left + 1]
    return np.asarray(
        (2 * t**3 - 3 * t**2 + 1) * here
        + (t**3 - 2 * t**2 + t) * begin
        + (3 * t**2 - 2 * t**3) * there
        + (t**3 - t**2) * finish
    )


def _smoothed(samples: Floats, spacing_m: float) -> Floats:
    """Means over a short length; ends stay where they are."""
    half = min(round(_SMOOTH_M / spacing_m / 2), (len(samples) - 1) // 2)
    if half == 0:
        return samples
    begin = 2 * samples[0] - samples[half:0:-1]  # mirrored through the end
    finish = 2 * samples[-1] - samples[-2 : -half - 2 : -1]
    padded = np.vstack([begin, samples, finish])
    kernel = np.full(2 * half + 1, 1.0 / (2 * half + 1))
    return np.column_stack([np.convolve(column, kernel, 'valid') for column in padded.T])
