# SPDX-License-Identifier: Apache-2.0
"""Points of a keyframe whose place is known in metres, and the pose of an image that shows them.

The pose is that of Perspective-n-Point (SQPnP: Terzakis and Lourakis, ECCV 2020) by RANSAC, then of least squares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.homography import HomographyConfig
from waymark.places.epipolar import find_essential, pose_up_to_scale
from waymark.places.least_squares import IN_DEPTH, minimize
from waymark.places.relative import GROUP_IN_DEPTH_PX, RelativePose
from waymark.places.rigid import cross, projected, rays_of, transform, turned
from waymark.places.three_views import angles_between, depths
from waymark.places.views import Views

Floats = NDArray[np.float64]
_SMALLEST_PARALLAX_PX = 4.0  # with less, depth is a guess
_LARGEST_MISS_PX = 2.0
_TRIES = 200
_ROUGH_M, _ROUGH_SHARE, _ROUGH_RAD = 0.3, 0.3, 0.05  # of a pose whose errors can not be told
_FEWEST_ALIKE = 20  # matches that must agree with an essential matrix


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Points of one keyframe.

    Attributes:
        points_m: (N, 3) in its optical frame, one per keypoint; NaN where the place is not known.
        parallax_px: (N,) by which two views fixed each; 0 where the place is not known.
    """

    points_m: Floats
    parallax_px: Floats

    @classmethod
    def none(cls, count: int) -> Landmarks:
        """Nothing known of so many keypoints."""
        return cls(np.full((count, 3), np.nan), np.zeros(count))

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """(N,) whether the place of each is known."""
        return np.asarray(self.parallax_px > 0)

    def joined(self, found: Iterable[tuple[int, Floats, float]]) -> Landmarks:
        """With more points (keypoint, (3,) m, parallax px): of each the one with more parallax."""
        points, parallax = self.points_m.copy(), self.parallax_px.copy()
        for keypoint, point, angle in found:
            if angle > parallax[keypoint]:
                points[keypoint], parallax[keypoint] = point, angle
        return Landmarks(points, parallax)


@dataclass(frozen=True, eq=False)
class _Camera:
    """p_cur = R p_ref + t."""

    R: Floats
    t: Floats

    def moved(self, by: Floats) -> _Camera:
        return _Camera(turned(by[:3]) @ self.R, self.t + by[3:])


def triangulated(
    views: Views, keypoints: NDArray[np.intp], length_m: float, is_likely: Callable[[Floats], bool]
) -> list[tuple[int, Floats, float]]:
    """Points of a keyframe by what another view shows of them, from a known distance.

    Args:
        views: (N, 2) matched points of the keyframe and the other view, with outliers.
        keypoints: (N,) which keypoints of the keyframe they are.
        length_m: Between the two cameras.
        is_likely: Whether a pose (4, 4) of the other camera, up to scale, is about what the route says: that makes up
            for points too few to be told twice.

    Returns:
        Keypoint, place (3,) m in the keyframe's optical frame, and parallax in px of each that both views fix.
    """
    pose = pose_up_to_scale(views.points_ref, views.points_cur, views.K)
    if pose is None:
        pose = _essential(views)
    if pose is None or not is_likely(pose.T_ref_cur):
        return []
    rays, rays_cur = rays_of(views.points_ref, views.K), rays_of(views.points_cur, views.K)
    focal = float(np.sqrt(views.K[0, 0] * views.K[1, 1]))
    points = rays * depths(rays, rays_cur, pose)[:, None]
    R = pose.T_ref_cur[:3, :3]
    there = (points - pose.T_ref_cur[:3, 3]) @ R
    parallax = focal * angles_between(rays, rays_cur, pose)
    with np.errstate(divide='ignore', invalid='ignore'):
        miss = np.linalg.norm(projected(there, views.K) - views.points_cur, axis=1)
    good = (points[:, 2] > 0) & (there[:, 2] > 0) & (parallax > _SMALLEST_PARALLAX_PX) & (miss < _LARGEST_MISS_PX)
    return [(int(keypoints[i]), length_m * points[i], float(parallax[i])) for i in np.flatnonzero(good)]


def _essential(views: Views) -> RelativePose | None:
    """The pose of the essential matrix that most points agree with; nothing is known of its errors."""
    found = find_essential(views.points_ref, views.points_cur, views.K)
    if found is None or np.count_nonzero(found.inliers) < _FEWEST_ALIKE:
        return None
    T = transform(found.R.T, -found.R.T @ found.t)
    return RelativePose(T, np.full((6, 6), np.nan), is_metric=False, is_planar=False)


def placed_by(
    landmarks: Landmarks, keypoints: NDArray[np.intp], points_cur: Floats, K: Floats, config: HomographyConfig
) -> tuple[RelativePose, int] | None:
    """The pose of an image that shows landmarks.

    Args:
        landmarks: Of the keyframe.
        keypoints: (N,) which of them are seen.
        points_cur: (N, 2) undistorted px where, with outliers.
        K: (3, 3) intrinsics.
        config: The support that a pose needs.

    Returns:
        The pose in metres in the keyframe's optical frame and the number of points that agree; None without one.
    """
    points = landmarks.points_m[keypoints]
    if len(points) < config.min_inliers:
        return None
    start, near = _ransac(points, points_cur, K, config.ransac_threshold_px)
    if start is None or np.count_nonzero(near) < max(config.min_inliers, config.min_inlier_share * len(points)):
        return None
    points, seen = points[near], points_cur[near]
    cells = np.floor(seen / GROUP_IN_DEPTH_PX).astype(np.intp)

    def residuals(state: _Camera) -> Floats:
        return projected(points @ state.R.T + state.t, K) - seen

    fit = minimize(start, residuals, _Camera.moved, 6, cells[:, 0] * 100_003 + cells[:, 1], noise=IN_DEPTH)
    if fit is None:  # on too few things to say how sure it is
        T = transform(start.R.T, -start.R.T @ start.t)
        rough = np.repeat([_ROUGH_M + _ROUGH_SHARE * float(np.linalg.norm(start.t)), _ROUGH_RAD], 3) ** 2
        return RelativePose(T, np.diag(rough), is_metric=True, is_planar=False), int(np.count_nonzero(near))
    R, t = fit.state.R, fit.state.t
    J = np.zeros((6, 6))  # C = -R' t; R <- exp(w) R turns R' t by -R' (w x t)
    J[:3, :3], J[:3, 3:], J[3:, :3] = -R.T @ cross(t), -R.T, -R.T
    pose = RelativePose(transform(R.T, -R.T @ t), J @ fit.covariance @ J.T, is_metric=True, is_planar=False)
    return pose, int(np.count_nonzero(near))


def _ransac(
    points: Floats, points_cur: Floats, K: Floats, threshold_px: float
) -> tuple[_Camera | None, NDArray[np.bool_]]:
    near = np.zeros(len(points), bool)
    try:
        found, rotation, t, inliers = cv2.solvePnPRansac(
            points, points_cur, K, None, None, None, False, _TRIES, threshold_px, 0.999, None, cv2.SOLVEPNP_SQPNP
        )
    except cv2.error:  # some degenerate point sets
        return None, near
    if not found or inliers is None:
        return None, near
    near[np.asarray(inliers).ravel()] = True
    return _Camera(np.asarray(cv2.Rodrigues(rotation)[0], np.float64), np.asarray(t, np.float64).ravel()), near
