# SPDX-License-Identifier: Apache-2.0
"""The pose of a third view in metres, by the known distance between two others.

What two views of known distance show can be placed in space; from there it is projected into the third (Hartley and
Zisserman, Multiple View Geometry, ch. 12 and 15). Both poses are fitted together: the covariance has all errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waymark.places.epipolar import Epipolar, find_essential, sampson
from waymark.places.least_squares import DOUBT_IN_DEPTH, Floats, minimize
from waymark.places.relative import FEWEST, RelativePose, prepared
from waymark.places.rigid import cross, projected, rays_of, transform, turned
from waymark.places.views import Views

_SMALLEST_PARALLAX = 0.01  # rad, in the median: with less, depth is a guess


@dataclass(frozen=True, eq=False)
class _Three:
    """Keyframe, its neighbour (p_other = R p + t, t of length 1), and the current camera (p_cur = R p + t)."""

    other: Epipolar
    R: Floats
    t: Floats

    def moved(self, by: Floats) -> _Three:
        return _Three(self.other.moved(by[:5]), turned(by[5:8]) @ self.R, self.t + by[8:])


def pose_by_baseline(
    views: Views, points_other: Floats, found: RelativePose, length_m: float, sigma_m: float
) -> RelativePose | None:
    """Find the pose in metres.

    Args:
        views: (N, 2) points of keyframe and current image, with outliers.
        points_other: (N, 2) undistorted px of the same in the neighbour, with outliers.
        found: The pose up to scale.
        length_m: Distance between the cameras of keyframe and neighbour.
        sigma_m: Standard deviation of that.

    Returns:
        The pose; None where the points do not fix it.
    """
    other = find_essential(views.points_ref, points_other, views.K)
    if other is None:
        return None
    good = other.inliers & _agree(views, found)
    if np.count_nonzero(good) < FEWEST:
        return None
    rays, seen, groups = prepared(views.points_ref[good], views.points_cur[good], views.K)
    rays_other = rays_of(points_other[good], views.K)
    start = _start(other, found, rays, rays_other, rays_of(seen, views.K))
    if start is None:
        return None
    focal = float(np.sqrt(views.K[0, 0] * views.K[1, 1]))

    def residuals(state: _Three) -> Floats:
        points = rays * _depths(rays, rays_other, state.other.R, state.other.t)[:, None]
        apart = focal * sampson(cross(state.other.t) @ state.other.R, rays, rays_other)
        return np.asarray(np.c_[projected(points @ state.R.T + state.t, views.K) - seen, apart], np.float64)

    fit = minimize(start, residuals, _Three.moved, 11, groups, doubt=DOUBT_IN_DEPTH)
    if fit is None:
        return None
    R_ref_cur, t = fit.state.R.T, fit.state.t
    J = np.zeros((6, 11))
    J[:3, 5:8], J[:3, 8:], J[3:, 5:8] = -R_ref_cur @ cross(t), -R_ref_cur, -R_ref_cur
    pose = RelativePose(transform(R_ref_cur, -R_ref_cur @ t), J @ fit.covariance @ J.T, False, is_planar=False)
    return pose.scaled(length_m, sigma_m)


def _agree(views: Views, found: RelativePose, threshold_px: float = 3.0) -> np.ndarray:
    """(N,) bool: points near the epipolar lines of a pose."""
    R = found.T_ref_cur[:3, :3].T
    E = cross(-R @ found.T_ref_cur[:3, 3]) @ R
    focal = float(np.sqrt(views.K[0, 0] * views.K[1, 1]))
    off = sampson(E, rays_of(views.points_ref, views.K), rays_of(views.points_cur, views.K))
    return np.asarray(np.abs(off) * focal < threshold_px)


def _start(other: Epipolar, found: RelativePose, rays: Floats, rays_other: Floats, rays_cur: Floats) -> _Three | None:
    """The scale that most points agree on."""
    R = found.T_ref_cur[:3, :3].T
    t = -R @ found.T_ref_cur[:3, 3]
    bent = np.linalg.norm(np.cross(rays @ other.R.T, rays_other), axis=1)
    if float(np.median(bent / np.linalg.norm(rays, axis=1) / np.linalg.norm(rays_other, axis=1))) < _SMALLEST_PARALLAX:
        return None
    by_other, by_cur = _depths(rays, rays_other, other.R, other.t), _depths(rays, rays_cur, R, t)
    ratio = by_other / by_cur
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    return None if len(ratio) < FEWEST else _Three(other, R, float(np.median(ratio)) * t)


def _depths(rays: Floats, rays_cur: Floats, R: Floats, t: Floats) -> Floats:
    """Depths (N,) in the keyframe: p_cur = z R ray + t lies along the other ray y, so z (y x R ray) = -(y x t)."""
    across, along = np.cross(rays_cur, rays @ R.T), np.cross(rays_cur, np.broadcast_to(t, rays_cur.shape))
    squares = np.maximum((across**2).sum(axis=1), 1e-18)
    return np.asarray(-(across * along).sum(axis=1) / squares)
