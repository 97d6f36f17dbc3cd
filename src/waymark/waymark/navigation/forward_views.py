# SPDX-License-Identifier: Apache-2.0
"""Keyframes of a camera that looks forward, seen again: where the vehicle is, from such a keyframe.

What two keyframes both show lies, by the known distance between them, so many metres away. An image that shows enough
of such points has a pose in metres. One that shows too few of them still has a direction from the keyframe: the
vehicle is on a line through it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.image.features import match, match_each
from waymark.maps import Keyframe
from waymark.navigation.landmarks import Floats, Landmarks, placed_by, triangulated
from waymark.places.epipolar import pose_up_to_scale
from waymark.places.relative import RelativePose, derivative
from waymark.places.rigid import transform, turned
from waymark.places.views import Lenses
from waymark.routes import RoutePath, Sighting
from waymark.routes.config import SightingConfig
from waymark.routes.planar import Planar, wrapped
from waymark.routes.sighting import Seen

# Columns: the optical frame's right, down and view in forward, left, up of the vehicle.
_R_BASE_FORWARD = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
_REACH = 4  # keyframes before and after that tell how far away things are
_GUESS_SIGMA, _GUESS_SIGMA_M = 0.5, 0.3  # of a distance that nothing measured: as a share of it, and besides
_ALIKE_RAD = 0.2  # by which two keyframes and the route may differ in the direction between them; half of it in turn
_BUMP_RAD = 0.01  # by which keyframe and image are tilted unknown


def looking_forward(yaw_rad: float) -> Floats:
    """R_base_camera (3, 3) of a level camera whose view has this heading in the vehicle."""
    return np.asarray(turned(np.array([0.0, 0.0, yaw_rad])) @ _R_BASE_FORWARD)


def planar_part(T_ref_cur: Floats, R_base_camera: Floats) -> Floats:
    """(3,) forward m, left m and heading rad of a camera's pose (4, 4) in another's, both in vehicles' axes."""
    x, y, _ = R_base_camera @ T_ref_cur[:3, 3]
    R = R_base_camera @ T_ref_cur[:3, :3] @ R_base_camera.T
    return np.array([x, y, math.atan2(R[1, 0], R[0, 0])])


class ForwardViews:
    """The keyframes of a route, to be looked for in images of a camera that looks forward."""

    def __init__(
        self,
        config: SightingConfig,
        keyframes: Sequence[Keyframe],
        path: RoutePath,
        camera: CameraModel,
        yaw_rad: float = 0.0,
    ) -> None:
        """Take the views.

        Args:
            config: What is asked of a sighting.
            keyframes: In taught order.
            path: Through them.
            camera: That took them.
            yaw_rad: Heading of the view in the vehicle.
        """
        self._config, self._camera, self._poses = config, camera, path.poses
        self._keyframes, self._R_base_camera = tuple(keyframes), looking_forward(yaw_rad)
        self._landmarks: dict[int, Landmarks] = {}
        self.expected: Planar | None = None  # in the route's frame: how far lines reach

    def look(self, seen: Seen, indices: Iterable[int]) -> list[Sighting]:
        """Look for some keyframes (in taught order) in an image; those that are seen, by falling number of inliers."""
        wanted = [i for i in indices if 0 <= i < len(self._keyframes)]
        features = [self._keyframes[i].features for i in wanted]
        pairs_of = match_each(features, seen.features, self._config.route_ratio)
        found = (self._sighting(i, pairs, seen) for i, pairs in zip(wanted, pairs_of, strict=True))
        return sorted((s for s in found if s is not None), key=lambda s: -s.inliers)

    def _sighting(self, index: int, pairs: NDArray[np.intp], seen: Seen) -> Sighting | None:
        if len(pairs) < self._config.min_inliers:
            return None
        points_cur = seen.camera.undistort_points(seen.features.keypoints[pairs[:, 1]])
        landmarks = self._landmarks_of(index)
        has_depth = landmarks.is_known[pairs[:, 0]]
        placed = placed_by(landmarks, pairs[has_depth, 0], points_cur[has_depth], seen.camera.K, self._config)
        if placed is not None:
            return self._in_metres(index, *placed)
        points_key = self._camera.undistort_points(
            self._keyframes[index].features.keypoints[pairs[:, 0]], seen.camera.K
        )
        found = pose_up_to_scale(points_key, points_cur, seen.camera.K)
        return None if found is None else self._on_a_line(index, found, len(pairs))

    def _in_metres(self, index: int, pose: RelativePose, inliers: int) -> Sighting:
        x, y, yaw = planar_part(pose.T_ref_cur, self._R_base_camera)
        reach = math.hypot(x, y)
        # A tilted keyframe tilts what is seen from it.
        tilt = np.diag([(_BUMP_RAD * reach) ** 2, (_BUMP_RAD * reach) ** 2, (_BUMP_RAD * 0.2) ** 2])
        return Sighting(index, Planar(x, y, yaw), self._planar_covariance(pose) + tilt, 1.0, inliers)

    def _on_a_line(self, index: int, found: RelativePose, matches: int) -> Sighting:
        """On a line through the keyframe, as far along it as the vehicle should be."""
        x, y, yaw = planar_part(found.T_ref_cur, self._R_base_camera)
        reach = self._reach(index)
        along = np.array([x, y]) / max(math.hypot(x, y), 1e-9)
        covariance = self._planar_covariance(found)
        covariance[:2] *= reach
        covariance[:, :2] *= reach
        guess = _GUESS_SIGMA_M + _GUESS_SIGMA * reach
        covariance[:2, :2] += guess**2 * np.outer(along, along) + 0.05**2 * np.eye(2)
        return Sighting(index, Planar(reach * along[0], reach * along[1], yaw), covariance, 1.0, matches)

    def _planar_covariance(self, pose: RelativePose) -> Floats:
        """(3, 3) of forward, left and heading; the pose's is (6, 6) of position and turn about the keyframe's axes."""

        def moved(by: Floats) -> Floats:
            T = pose.T_ref_cur
            changed = transform(turned(by[3:]) @ T[:3, :3], T[:3, 3] + by[:3])
            return planar_part(changed, self._R_base_camera)

        J = derivative(moved, 6)
        return np.asarray(J @ pose.covariance @ J.T)

    def _reach(self, index: int) -> float:
        """How far from a keyframe the vehicle should be, m."""
        key, here = self._poses[index], self.expected
        if here is not None:
            return math.hypot(here.x_m - key.x_m, here.y_m - key.y_m)
        near = self._poses[index + 1 if index + 1 < len(self._poses) else index - 1]
        return math.hypot(near.x_m - key.x_m, near.y_m - key.y_m) / 2

    def _landmarks_of(self, index: int) -> Landmarks:
        """Points of a keyframe in metres, by those before and after it; made when first asked for."""
        if index not in self._landmarks:
            keyframe, both = self._keyframes[index], Lenses(self._camera, self._camera)
            found = Landmarks.none(len(keyframe.features.keypoints))
            for other in range(max(index - _REACH, 0), min(index + _REACH + 1, len(self._keyframes))):
                if other == index:
                    continue
                step = self._poses[index].inverse @ self._poses[other]
                there = self._keyframes[other].features
                pairs = match(keyframe.features, there, self._config.route_ratio)
                views = both.views(keyframe.features.keypoints[pairs[:, 0]], there.keypoints[pairs[:, 1]])
                found = found.joined(
                    triangulated(views, pairs[:, 0], math.hypot(step.x_m, step.y_m), self._is_like(step))
                )
            self._landmarks[index] = found
        return self._landmarks[index]

    def _is_like(self, step: Planar) -> Callable[[Floats], bool]:
        """Whether a camera's pose (4, 4) up to scale is about a step of the route."""

        def is_like(T_ref_cur: Floats) -> bool:
            x, y, yaw = planar_part(T_ref_cur, self._R_base_camera)
            off = wrapped(math.atan2(y, x) - math.atan2(step.y_m, step.x_m))
            return abs(off) < _ALIKE_RAD and abs(wrapped(yaw - step.yaw_rad)) < _ALIKE_RAD / 2

        return is_like
