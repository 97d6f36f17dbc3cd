# SPDX-License-Identifier: Apache-2.0
"""The pose of a third view in metres, by the known distance between two others.

Two pairs of views each tell how far away things are, in units of the distance between their own cameras. What both
pairs show gives the ratio of the two units. Each pair's pose is fitted to all that the pair shares, the ratio to what
is seen thrice, which is much less; the covariance has the errors of all three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waymark.places.epipolar import sampson
from waymark.places.least_squares import HUBER, IN_DEPTH, Fit, Floats, minimize
from waymark.places.relative import FEWEST, GROUP_IN_DEPTH_PX, RelativePose, derivative, prepared
from waymark.places.rigid import cross, rays_of, transform, turned
from waymark.places.views import Views

_NEAR_LINE_PX = 3.0
_SMALLEST_PARALLAX_PX = 3.0  # with less, depth is a guess


@dataclass(frozen=True, eq=False)
class _Thrice:
    """Rays (N, 3) of points in keyframe, neighbour and current image; and which of them lie on one thing."""

    ref: Floats
    other: Floats
    cur: Floats
    groups: NDArray[np.intp]

    def only(self, kept: NDArray[np.bool_]) -> _Thrice:
        return _Thrice(self.ref[kept], self.other[kept], self.cur[kept], self.groups[kept])

    def log_ratios(self, other: RelativePose, found: RelativePose) -> Floats:
        """(N,) of the current pair's unit of length to the neighbour's; NaN for points behind a camera."""
        with np.errstate(divide='ignore', invalid='ignore'):
            return np.asarray(np.log(depths(self.ref, self.other, other)) - np.log(depths(self.ref, self.cur, found)))

    def parallax(self, other: RelativePose, found: RelativePose) -> Floats:
        """(N,) rad: the angle by which an error of a ray is divided in a log ratio."""
        angles = angles_between(self.ref, self.other, other), angles_between(self.ref, self.cur, found)
        return np.asarray(1 / np.hypot(*(1 / np.maximum(angle, 1e-9) for angle in angles)))


def pose_by_baseline(
    views: Views, points_other: Floats, found: RelativePose, other: RelativePose, length_m: float, sigma_m: float
) -> RelativePose | None:
    """Find the pose in metres.

    Args:
        views: (N, 2) points of keyframe and current image, with outliers.
        points_other: (N, 2) undistorted px of the same in the neighbour, with outliers.
        found: Pose of the current camera in the keyframe's, its position a direction.
        other: Pose of the neighbour's camera in the keyframe's, its position a direction.
        length_m: Distance between the cameras of keyframe and neighbour.
        sigma_m: Standard deviation of that.

    Returns:
        The pose; None where the points do not tell the ratio of the two distances.
    """
    ref, seen, groups = prepared(views.points_ref, views.points_cur, views.K, GROUP_IN_DEPTH_PX)
    points = _Thrice(ref, rays_of(np.asarray(points_other, np.float64), views.K), rays_of(seen, views.K), groups)
    focal = float(np.sqrt(views.K[0, 0] * views.K[1, 1]))
    parallax_px = focal * points.parallax(other, found)
    near = _fits(points.ref, points.cur, found, focal) & _fits(points.ref, points.other, other, focal)
    near &= np.isfinite(points.log_ratios(other, found)) & (parallax_px > _SMALLEST_PARALLAX_PX)
    if np.count_nonzero(near) < FEWEST:
        return None
    points, weights = points.only(near), parallax_px[near]
    log_ratios = points.log_ratios(other, found)
    fit = _agreed(log_ratios, weights, points.groups)
    if fit is None:
        return None

    def changed(by: Floats) -> Floats:
        """Log ratios by poses that are a little different: (6,) of the neighbour's, (6,) of the current one."""
        return points.log_ratios(_moved(other, by[:6]), _moved(found, by[6:]))

    # What lies far off pulls with constant strength, whatever the poses.
    pull = weights**2 * (np.abs(log_ratios - fit.state) * weights < HUBER * fit.sigma)
    by_other, by_found = np.split(pull @ derivative(changed, 12) / pull.sum(), 2)
    variance = float(fit.covariance[0, 0] + by_other @ other.covariance @ by_other) + (sigma_m / length_m) ** 2
    return _scaled(found, length_m * float(np.exp(fit.state)), by_found, variance)


def _agreed(log_ratios: Floats, weights: Floats, groups: NDArray[np.intp]) -> Fit[float] | None:
    """The log ratio that the points agree on; `weights` turn what a point is off into px."""
    return minimize(
        float(np.median(log_ratios)),
        lambda log: np.asarray((log_ratios - log) * weights)[:, None],
        lambda log, by: log + float(by[0]),
        1,
        groups,
        noise=IN_DEPTH,
    )


def _scaled(found: RelativePose, unit_m: float, by_found: Floats, variance: float) -> RelativePose:
    """A pose whose unit of length is known.

    Args:
        found: The pose.
        unit_m: Its unit.
        by_found: (6,) how the logarithm of the unit changes with the pose itself.
        variance: Of that logarithm by all else.
    """
    metric = found.scaled(unit_m, unit_m * float(np.sqrt(variance)))
    J, shared = np.eye(6), np.zeros((6, 6))
    J[:3] *= unit_m
    shared[:3] = unit_m * np.outer(found.T_ref_cur[:3, 3], by_found)
    added = (J + shared) @ found.covariance @ (J + shared).T - J @ found.covariance @ J.T
    return replace(metric, covariance=metric.covariance + added)


def _moved(pose: RelativePose, by: Floats) -> RelativePose:
    """Changed a little: (6,) as in its covariance."""
    T = transform(turned(by[3:]) @ pose.T_ref_cur[:3, :3], pose.T_ref_cur[:3, 3] + by[:3])
    return replace(pose, T_ref_cur=T)


def _fits(rays: Floats, rays_cur: Floats, pose: RelativePose, focal: float) -> NDArray[np.bool_]:
    """(N,) whether points are near the epipolar lines of a pose."""
    R = pose.T_ref_cur[:3, :3].T
    E = cross(-R @ pose.T_ref_cur[:3, 3]) @ R
    return np.asarray(np.abs(sampson(E, rays, rays_cur)) * focal < _NEAR_LINE_PX)


def depths(rays: Floats, rays_cur: Floats, pose: RelativePose) -> Floats:
    """Depths (N,) in the keyframe: z ray = C + w R y for the other ray y, so z (R y x ray) = R y x C."""
    back, C = rays_cur @ pose.T_ref_cur[:3, :3].T, pose.T_ref_cur[:3, 3]
    across, along = np.cross(back, rays), np.cross(back, np.broadcast_to(C, back.shape))
    return np.asarray((across * along).sum(axis=1) / np.maximum((across**2).sum(axis=1), 1e-18))


def angles_between(rays: Floats, rays_cur: Floats, pose: RelativePose) -> Floats:
    """Sines (N,) of the angles between the rays that meet at each point."""
    back = rays_cur @ pose.T_ref_cur[:3, :3].T
    lengths = np.linalg.norm(back, axis=1) * np.linalg.norm(rays, axis=1)
    return np.asarray(np.linalg.norm(np.cross(back, rays), axis=1) / lengths)
