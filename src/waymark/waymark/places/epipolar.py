# SPDX-License-Identifier: Apache-2.0
"""Two views of a scene with depth: the essential matrix, and the pose that it fixes up to scale.

Hartley and Zisserman, Multiple View Geometry, ch. 9. Cameras are optical frames (x right, y down, z forward); points
are undistorted pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.places.least_squares import IN_DEPTH, Floats, minimize
from waymark.places.relative import FEWEST, GROUP_IN_DEPTH_PX, RelativePose, prepared
from waymark.places.rigid import cross, rays_of, tangents, transform, turn_of, turned

_LARGEST_SIGMA = 0.4  # rad: a direction less sure than that has no covariance worth the name
_SAME_DIRECTION, _SAME_TURN = 0.85, 0.1  # cosine, rad
_FARTHEST = 1000.0  # baselines: what is farther away still says how the camera turned


@dataclass(frozen=True, eq=False)
class Epipolar:
    """Two views of one scene.

    Attributes:
        R: (3, 3) of p_cur = R p_ref + s t, with s unknown.
        t: (3,) of length 1.
        inliers: (N,) bool: points near their epipolar lines, and in front of both cameras.
        agreeing: How many are near their epipolar lines, wherever in space they would be.
    """

    R: Floats
    t: Floats
    inliers: NDArray[np.bool_]
    agreeing: int = 0

    def moved(self, by: Floats) -> Epipolar:
        """Changed a little: (5,) of a turn, rad, and of the direction."""
        t = self.t + tangents(self.t) @ by[3:]
        return Epipolar(turned(by[:3]) @ self.R, t / np.linalg.norm(t), self.inliers, self.agreeing)


def find_essential(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], K: Floats, threshold_px: float = 1.5
) -> Epipolar | None:
    """Fit the essential matrix by USAC_MAGSAC: the one place that calls cv2.findEssentialMat.

    Args:
        points_ref: (N, 2) undistorted px in the keyframe, with outliers.
        points_cur: (N, 2) undistorted px of their matches now.
        K: (3, 3) intrinsics of both images, px.
        threshold_px: Largest distance of an inlier from its epipolar line.

    Returns:
        What fits best; None where the points fix nothing.
    """
    ref, cur = np.ascontiguousarray(points_ref, np.float64), np.ascontiguousarray(points_cur, np.float64)
    if len(ref) < FEWEST:
        return None
    try:
        E, mask = cv2.findEssentialMat(ref, cur, K, cv2.USAC_MAGSAC, 0.999, threshold_px)
        if E is None or E.shape != (3, 3):
            return None
        agreeing = int(np.count_nonzero(mask))
        _, R, t, mask, _ = cv2.recoverPose(E, ref, cur, K, distanceThresh=_FARTHEST, mask=mask)
    except cv2.error:  # USAC raises on some degenerate point sets instead of giving up
        return None
    inliers = np.asarray(mask.ravel() > 0)
    return Epipolar(np.asarray(R, np.float64), np.asarray(t, np.float64).ravel(), inliers, agreeing)


def pose_up_to_scale(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], K: Floats, threshold_px: float = 1.5
) -> RelativePose | None:
    """Find the pose from points of a scene with depth.

    Args:
        points_ref: (N, 2) undistorted px in the keyframe, with outliers.
        points_cur: (N, 2) undistorted px of their matches now.
        K: (3, 3) intrinsics of both images, px.
        threshold_px: Largest distance of an inlier from its epipolar line.

    Returns:
        The pose, its position a direction; None where the points do not fix it.
    """
    start = find_essential(points_ref, points_cur, K, threshold_px)
    if start is None:
        return None
    ref, cur = np.asarray(points_ref)[start.inliers], np.asarray(points_cur)[start.inliers]
    rays, seen, groups = prepared(ref, cur, K, GROUP_IN_DEPTH_PX)
    if len(rays) < FEWEST:
        return None
    rays_cur, focal = rays_of(seen, K), float(np.sqrt(K[0, 0] * K[1, 1]))

    def residuals(state: Epipolar) -> Floats:
        return focal * sampson(cross(state.t) @ state.R, rays, rays_cur)[:, None]

    fit = minimize(start, residuals, Epipolar.moved, 5, groups, noise=IN_DEPTH)
    if fit is None:
        return None
    found = _from_direction(fit.state, fit.covariance)
    is_sure = float(np.sqrt(np.linalg.eigvalsh(found.covariance[:3, :3])[-1])) < _LARGEST_SIGMA
    return found if is_sure and all(_repeats(found, ref[i::2], cur[i::2], K, threshold_px) for i in (0, 1)) else None


def _repeats(
    found: RelativePose, ref: NDArray[np.floating], cur: NDArray[np.floating], K: Floats, threshold_px: float
) -> bool:
    """Whether half of the points alone tells about the same: an essential matrix often has a second, wrong minimum."""
    half = find_essential(ref, cur, K, threshold_px)
    if half is None:
        return False
    along = float(-half.R.T @ half.t @ found.T_ref_cur[:3, 3])
    return along > _SAME_DIRECTION and float(np.linalg.norm(turn_of(half.R @ found.T_ref_cur[:3, :3]))) < _SAME_TURN


def _from_direction(state: Epipolar, covariance: Floats) -> RelativePose:
    R_ref_cur = state.R.T
    J = np.zeros((6, 5))
    # R <- exp(w) R: R' <- R' exp(-w), so C = -R' t moves by R' (w x t) = -R' [t]x w.
    J[:3, :3] = -R_ref_cur @ cross(state.t)
    J[:3, 3:] = -R_ref_cur @ tangents(state.t)
    J[3:, :3] = -R_ref_cur
    return RelativePose(transform(R_ref_cur, -R_ref_cur @ state.t), J @ covariance @ J.T, False, is_planar=False)


def sampson(E: Floats, rays: Floats, rays_cur: Floats) -> Floats:
    """Signed first-order distance (N,) of rays from the epipolar constraint (Hartley and Zisserman, eq. 11.9)."""
    lines_cur, lines_ref = rays @ E.T, rays_cur @ E
    error = np.einsum('ni,ni->n', rays_cur, lines_cur)
    return np.asarray(error / np.sqrt((lines_cur[:, :2] ** 2).sum(1) + (lines_ref[:, :2] ** 2).sum(1)))
