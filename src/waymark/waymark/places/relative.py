# SPDX-License-Identifier: Apache-2.0
"""Where the camera is, seen from a keyframe's camera, and how sure that is.

A flat scene fixes it up to the distance of the plane (Malis and Vargas, INRIA RR-6303, 2007): metric where the altitude
is known. Any other scene fixes it up to scale (Hartley and Zisserman, Multiple View Geometry, ch. 9).
Cameras are optical frames (x right, y down, z forward); points are undistorted pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.geometry import transform_points
from waymark.image.homography import find_homography
from waymark.places.least_squares import Floats, minimize

_FEWEST = 8
_GROUP_PX = 16  # keypoints nearer to one another than this are found on the same thing


@dataclass(frozen=True, eq=False)
class RelativePose:
    """Pose of the current camera in the keyframe's camera.

    Attributes:
        T_ref_cur: (4, 4): p_ref = T_ref_cur @ p_cur. m where `is_metric`; else the position is a direction of length 1.
        covariance: (6, 6) of position x, y, z and rotation about the axes x, y, z of the keyframe's camera, rad.
        is_metric: Whether the position is in metres.
    """

    T_ref_cur: Floats
    covariance: Floats
    is_metric: bool


@dataclass(frozen=True)
class PlaneKnown:
    """What is known of the plane that both images show.

    Attributes:
        distance_m: Of the keyframe's camera from it (its altitude over flat ground); None: unknown.
        distance_sigma_m: Standard deviation of that.
        normal_ref: Direction from the keyframe's camera to the plane, in its optical frame; level flight looks down.
        normal_sigma_rad: Standard deviation of that direction.
    """

    distance_m: float | None = None
    distance_sigma_m: float = 0.0
    normal_ref: tuple[float, float, float] = (0.0, 0.0, 1.0)
    normal_sigma_rad: float = 0.15


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
        n = self.n + _tangents(self.n) @ by[6:]
        return _OverPlane(_turned(by[:3]) @ self.R, self.tau + by[3:6], n / np.linalg.norm(n))


@dataclass(frozen=True, eq=False)
class _UpToScale:
    """p_cur = R p_ref + s t, with t of length 1 and s unknown."""

    R: Floats
    t: Floats

    def moved(self, by: Floats) -> _UpToScale:
        t = self.t + _tangents(self.t) @ by[3:]
        return _UpToScale(_turned(by[:3]) @ self.R, t / np.linalg.norm(t))


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
    rays, seen, groups = _prepared(np.asarray(points_ref)[near], np.asarray(points_cur)[near], K)
    if len(rays) < _FEWEST:
        return None
    wanted = np.asarray(plane.normal_ref, np.float64) / np.linalg.norm(plane.normal_ref)
    start = _decomposed(rays, seen, K, wanted)
    if start is None:
        return None
    across = _tangents(wanted)

    def residuals(state: _OverPlane) -> Floats:
        return _projected(rays @ state.H.T, K) - seen

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
    """Position C = -d R' tau; a small turn w of R (left) moves it by d R' [tau]x w... written as R' (tau x w)."""
    R_ref_cur = state.R.T
    distance = 1.0 if plane.distance_m is None else plane.distance_m
    centre = -R_ref_cur @ state.tau
    J = np.zeros((6, 8))
    # R <- exp(w) R: R' <- R' exp(-w), so C <- C + R' (w x tau) = C - R' [tau]x w.
    J[:3, :3] = -distance * R_ref_cur @ _cross(state.tau)
    J[:3, 3:6] = -distance * R_ref_cur
    J[3:, :3] = -R_ref_cur  # the turn of R_ref_cur, about the keyframe's axes
    result = J @ covariance @ J.T
    result[:3, :3] += plane.distance_sigma_m**2 * np.outer(centre, centre)
    return RelativePose(_transform(R_ref_cur, distance * centre), result, plane.distance_m is not None)


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
    if len(points_ref) < _FEWEST:
        return None
    start, inliers = _essential(points_ref, points_cur, K, threshold_px)
    rays, seen, groups = _prepared(np.asarray(points_ref)[inliers], np.asarray(points_cur)[inliers], K)
    if start is None or len(rays) < _FEWEST:
        return None
    rays_cur = np.c_[seen, np.ones(len(seen))] @ np.linalg.inv(K).T
    focal = float(np.sqrt(K[0, 0] * K[1, 1]))

    def residuals(state: _UpToScale) -> Floats:
        return focal * _sampson(_cross(state.t) @ state.R, rays, rays_cur)[:, None]

    fit = minimize(start, residuals, _UpToScale.moved, 5, groups)
    return None if fit is None else _from_direction(fit.state, fit.covariance)


def _from_direction(state: _UpToScale, covariance: Floats) -> RelativePose:
    R_ref_cur = state.R.T
    J = np.zeros((6, 5))
    J[:3, :3] = -R_ref_cur @ _cross(state.t)
    J[:3, 3:] = -R_ref_cur @ _tangents(state.t)
    J[3:, :3] = -R_ref_cur
    return RelativePose(_transform(R_ref_cur, -R_ref_cur @ state.t), J @ covariance @ J.T, False)


def _prepared(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], K: Floats
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Rays (N, 3) of the reference points, current points, and which points lie on the same thing."""
    require_shape('points_ref', points_ref, ('N', 2))
    require_shape('points_cur', points_cur, (len(points_ref), 2))
    require_shape('K', K, (3, 3))
    ref, cur = np.asarray(points_ref, np.float64), np.asarray(points_cur, np.float64)
    cells = np.floor(ref / _GROUP_PX).astype(np.intp)
    return np.c_[ref, np.ones(len(ref))] @ np.linalg.inv(K).T, cur, cells[:, 0] * 100_003 + cells[:, 1]


def _decomposed(rays: Floats, seen: Floats, K: Floats, wanted: Floats) -> _OverPlane | None:
    """The decomposition of the points' homography whose normal is nearest to the one expected."""
    bearings = np.c_[seen, np.ones(len(seen))] @ np.linalg.inv(K).T
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
    return max(in_front, key=lambda o: float(o.n @ wanted), default=None)


def _essential(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], K: Floats, threshold_px: float
) -> tuple[_UpToScale | None, NDArray[np.bool_]]:
    ref, cur = np.ascontiguousarray(points_ref, np.float64), np.ascontiguousarray(points_cur, np.float64)
    none = np.zeros(len(ref), np.bool_)
    try:
        E, mask = cv2.findEssentialMat(ref, cur, K, cv2.USAC_MAGSAC, 0.999, threshold_px)
        if E is None or E.shape != (3, 3):
            return None, none
        _, R, t, mask = cv2.recoverPose(E, ref, cur, K, mask=mask)
    except cv2.error:  # USAC raises on some degenerate point sets instead of giving up
        return None, none
    return _UpToScale(np.asarray(R, np.float64), np.asarray(t, np.float64).ravel()), np.asarray(mask.ravel() > 0)


def _sampson(E: Floats, rays: Floats, rays_cur: Floats) -> Floats:
    """Signed first-order distance from the epipolar constraint (Hartley and Zisserman, eq. 11.9), (N,)."""
    lines_cur, lines_ref = rays @ E.T, rays_cur @ E
    error = np.einsum('ni,ni->n', rays_cur, lines_cur)
    return np.asarray(error / np.sqrt((lines_cur[:, :2] ** 2).sum(1) + (lines_ref[:, :2] ** 2).sum(1)))


def _projected(points: Floats, K: Floats) -> Floats:
    pixels = points @ K.T
    return np.asarray(pixels[:, :2] / pixels[:, 2:])


def _turned(by: Floats) -> Floats:
    return np.asarray(cv2.Rodrigues(np.asarray(by, np.float64))[0], np.float64)


def _vector(column: object, sign: float) -> Floats:
    return np.asarray(sign * np.asarray(column, np.float64).ravel(), np.float64)


def _cross(v: Floats) -> Floats:
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def _tangents(direction: Floats) -> Floats:
    """(3, 2) orthonormal, both perpendicular to a unit vector."""
    helper = np.eye(3)[int(np.argmin(np.abs(direction)))]
    a = np.cross(direction, helper)
    a /= np.linalg.norm(a)
    return np.column_stack([a, np.cross(direction, a)])


def _transform(R: Floats, position: Floats) -> Floats:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, position
    return T
