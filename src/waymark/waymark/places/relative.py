# SPDX-License-Identifier: Apache-2.0
"""Where the camera is, seen from a keyframe's camera, and how sure that is: from a flat scene.

A flat scene fixes it up to the distance of the plane (Malis and Vargas, INRIA RR-6303, 2007): metric where the altitude
is known. Cameras are optical frames (x right, y down, z forward); points are undistorted pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.geometry import transform_points
from waymark.image.homography import find_homography
from waymark.places.least_squares import Floats, minimize
from waymark.places.rigid import projected, rays_of, tangents, transform, turned

FEWEST = 8
_GROUP_PX = 16  # keypoints nearer to one another than this are found on the same thing
GROUP_IN_DEPTH_PX = 32  # there, on the same pillar


@dataclass(frozen=True, eq=False)
class RelativePose:
    """Pose of the current camera in the keyframe's camera.

    Attributes:
        T_ref_cur: (4, 4): p_ref = T_ref_cur @ p_cur. The position is in m where `is_metric`; else, over a plane, in
            distances of the keyframe's camera from it; else a direction of length 1.
        covariance: (6, 6) of position x, y, z and rotation about the axes x, y, z of the keyframe's camera, rad.
        is_metric: Whether the position is in metres.
        is_planar: Whether it comes from a plane.
    """

    T_ref_cur: Floats
    covariance: Floats
    is_metric: bool
    is_planar: bool = True

    def scaled(self, unit_m: float, sigma_m: float) -> RelativePose:
        """The same in metres.

        Args:
            unit_m: Metres that one unit of the position stands for.
            sigma_m: Standard deviation of that.
        """
        T, covariance = self.T_ref_cur.copy(), self.covariance.copy()
        T[:3, 3] *= unit_m
        covariance[:3] *= unit_m
        covariance[:, :3] *= unit_m
        covariance[:3, :3] += sigma_m**2 * np.outer(self.T_ref_cur[:3, 3], self.T_ref_cur[:3, 3])
        return replace(self, T_ref_cur=T, covariance=covariance, is_metric=True)


@dataclass(frozen=True)
class PlaneKnown:
    """What is known of the plane that both images show.

    Attributes:
        distance_m: Of the keyframe's camera from it (its altitude over flat ground); None: unknown.
        distance_sigma_m: Standard deviation of that.
        normal_ref: Direction from the keyframe's camera to the plane, in its optical frame; level flight looks down.
        normal_sigma_rad: Standard deviation of that direction.
        is_current: The distance is the current camera's, not the keyframe's.
        beam_cur: Direction in the current camera along which the distance was measured; None: the shortest.
    """

    distance_m: float | None = None
    distance_sigma_m: float = 0.0
    normal_ref: tuple[float, float, float] = (0.0, 0.0, 1.0)
    normal_sigma_rad: float = 0.15
    is_current: bool = False
    beam_cur: tuple[float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class _OverPlane:
    """p_cur = R p_ref + d tau, for points with n . p_ref = d."""

    R: Floats
    tau: Floats
    n: Floats

    @property
    def H(self) -> Floats:
        return self.R + np.outer(self.tau, self.n)

    def moved(self, by: Floats) -> _OverPlane:
        n = self.n + tangents(self.n) @ by[6:]
        return _OverPlane(turned(by[:3]) @ self.R, self.tau + by[3:6], n / np.linalg.norm(n))

    def unit_m(self, plane: PlaneKnown) -> float:
        """Distance d of the keyframe's camera from the plane; the current one's is n' . p_cur = d (1 + n' . tau)."""
        if plane.distance_m is None:
            return 1.0
        if not plane.is_current:
            return plane.distance_m
        n_cur = self.R @ self.n
        slant = 1.0 if plane.beam_cur is None else float(n_cur @ np.asarray(plane.beam_cur))
        return plane.distance_m * slant / float(1 + n_cur @ self.tau)


def pose_over_plane(
    points_ref: NDArray[np.floating],
    points_cur: NDArray[np.floating],
    K: Floats,
    plane: PlaneKnown,
    threshold_px: float = 3.0,
) -> RelativePose | None:
    """Find the pose from points of a plane.

    Args:
        points_ref: (N, 2) undistorted px in the keyframe, with outliers.
        points_cur: (N, 2) undistorted px of their matches now.
        K: (3, 3) intrinsics of both images, px.
        plane: What is known of it.
        threshold_px: Of the homography's inliers.

    Returns:
        The pose, metric where the distance is known, else with the plane's distance as the unit of length; None where
        the points do not fix it.
    """
    near = _near_plane(points_ref, points_cur, threshold_px)
    rays, seen, groups = prepared(np.asarray(points_ref)[near], np.asarray(points_cur)[near], K)
    if len(rays) < FEWEST:
        return None
    wanted = np.asarray(plane.normal_ref, np.float64) / np.linalg.norm(plane.normal_ref)
    start = _decomposed(rays, seen, K, wanted)
    if start is None:
        return None
    across = tangents(wanted)

    def residuals(state: _OverPlane) -> Floats:
        return projected(rays @ state.H.T, K) - seen

    def prior(state: _OverPlane) -> Floats:
        return np.asarray(across.T @ state.n / plane.normal_sigma_rad)

    fit = minimize(start, residuals, _OverPlane.moved, 8, groups, prior)
    if fit is None:
        return None
    return _from_plane(fit.state, fit.covariance, plane)


def _near_plane(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], threshold_px: float
) -> NDArray[np.bool_]:
    """Points within twice the threshold of their homography: cut off closer, errors look smaller than they are."""
    require_shape('points_ref', points_ref, ('N', 2))
    require_shape('points_cur', points_cur, (len(points_ref), 2))
    ref, cur = np.asarray(points_ref, np.float32), np.asarray(points_cur, np.float32)
    H, inliers = find_homography(ref, cur, threshold_px)
    if H is None:
        return inliers
    return np.asarray(np.linalg.norm(cur - transform_points(H, ref), axis=1) < 2 * threshold_px)


def _from_plane(state: _OverPlane, covariance: Floats, plane: PlaneKnown) -> RelativePose:
    """Position C = -d R' tau, and the turn of R_ref_cur about the keyframe's axes; to first order in small changes."""

    def position(changed: _OverPlane) -> Floats:
        return np.asarray(-changed.unit_m(plane) * changed.R.T @ changed.tau)

    J = np.zeros((6, 8))
    J[:3] = derivative(lambda by: position(state.moved(by)), 8)
    J[3:, :3] = -state.R.T
    result, centre = J @ covariance @ J.T, position(state)
    if plane.distance_m is not None:
        result[:3, :3] += (plane.distance_sigma_m / plane.distance_m) ** 2 * np.outer(centre, centre)
    return RelativePose(transform(state.R.T, centre), result, plane.distance_m is not None)


def derivative(of: Callable[[Floats], Floats], size: int) -> Floats:
    """Central differences (N, size) at zero of a function of (size,) that gives (N,)."""
    steps = 1e-6 * np.eye(size)
    return np.stack([(of(h) - of(-h)) / 2e-6 for h in steps], axis=-1)


def prepared(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], K: Floats, group_px: int = _GROUP_PX
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Rays (N, 3) of the reference points, current points, and which points lie on the same thing."""
    require_shape('points_ref', points_ref, ('N', 2))
    require_shape('points_cur', points_cur, (len(points_ref), 2))
    require_shape('K', K, (3, 3))
    ref, cur = np.asarray(points_ref, np.float64), np.asarray(points_cur, np.float64)
    cells = np.floor(ref / group_px).astype(np.intp)
    return rays_of(ref, K), cur, cells[:, 0] * 100_003 + cells[:, 1]


def _decomposed(rays: Floats, seen: Floats, K: Floats, wanted: Floats) -> _OverPlane | None:
    """The decomposition of the points' homography whose normal is nearest to the one expected."""
    bearings = rays_of(seen, K)
    H, _ = cv2.findHomography(rays[:, :2], bearings[:, :2] / bearings[:, 2:], 0)
    if H is None or not np.isfinite(H).all():
        return None
    _, rotations, translations, normals = cv2.decomposeHomographyMat(H, np.eye(3))
    options = [
        _OverPlane(np.asarray(R, np.float64), _vector(t, sign), _vector(n, sign))
        for R, t, n in zip(rotations, translations, normals, strict=True)
        for sign in (1, -1)
    ]
    in_front = [o for o in options if (rays @ o.n > 0).all()]
    # A camera that hardly moved leaves no plane to find: the one expected is as good as any.
    U, _, V = np.linalg.svd(H / np.cbrt(np.linalg.det(H)))
    still = _OverPlane(np.asarray(U @ V, np.float64), np.zeros(3), wanted)
    return max(in_front, key=lambda o: float(o.n @ wanted), default=still if np.linalg.det(U @ V) > 0 else None)


def _vector(column: object, sign: float) -> Floats:
    return np.asarray(sign * np.asarray(column, np.float64).ravel(), np.float64)
