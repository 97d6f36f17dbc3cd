# SPDX-License-Identifier: Apache-2.0
"""Metric pose of a planar target of known width, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.camera import CameraModel

_ROUNDS = 4
_LEAST_SIGMA_PX = 0.1  # what optical flow does not get better than
# Neighbouring points err alike (blur, interpolation, a sheet that is not quite flat): so many count as one.
_POINTS_PER_FACT = 2.0
_FEWEST = 4


@dataclass(frozen=True, eq=False)
class TargetPose:
    """Where a target is.

    Attributes:
        T_camera_target: (4, 4), m: the target's origin is its centre, x to its right, y down, z away from a viewer in
            front of it; the camera's frame is its optical frame.
        covariance: (6, 6) of x, y, z (m) and of small turns about the camera's x, y, z axes (rad), as
            geometry_msgs/PoseWithCovariance has it. Where the image fits two poses (a small target seen nearly from the
            front), their distance is in it.
    """

    T_camera_target: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def __post_init__(self) -> None:
        require_shape('T_camera_target', self.T_camera_target, (4, 4))
        require_shape('covariance', self.covariance, (6, 6))


@dataclass(frozen=True, eq=False)
class _Fit:
    R: NDArray[np.float64]
    t: NDArray[np.float64]
    normal: NDArray[np.float64]  # (6, 6) of x, y, z, turns
    squares: float  # sum of squared residuals, px^2


def target_pose(
    points_ref: NDArray[np.floating],
    points_cur: NDArray[np.floating],
    size_wh: tuple[int, int],
    width_m: float,
    camera: CameraModel,
) -> TargetPose | None:
    """Pose of a planar target from points on it: IPPE (Collins and Bartoli, IJCV 2014), then Gauss-Newton.

    Args:
        points_ref: (N, 2) px of the target's picture.
        points_cur: (N, 2) the same points in the current image, px.
        size_wh: Of the picture, px.
        width_m: Real width of the whole picture, m.
        camera: Calibrated camera of the current image.

    Returns:
        The pose; None where no pose fits, as for points on a line.
    """
    require_shape('points_ref', points_ref, ('N', 2))
    require_shape('points_cur', points_cur, (len(points_ref), 2))
    if len(points_ref) < _FEWEST:
        return None
    # Integer pixels are centres: the picture's middle is half a pixel before half of its size.
    flat = (np.asarray(points_ref, np.float64) - (np.array(size_wh) - 1) / 2) * (width_m / size_wh[0])
    object_m = np.c_[flat, np.zeros(len(flat))]
    ideal_px = camera.undistort_points(points_cur)
    fits = [
        fit
        for R, t in _first_poses(object_m, ideal_px, camera.K)
        if (fit := _refined(object_m, ideal_px, R, t, camera.K))
    ]
    if not fits:
        return None
    fits.sort(key=lambda fit: fit.squares)
    return _with_covariance(fits, len(flat))


def _first_poses(
    object_m: NDArray[np.float64], ideal_px: NDArray[np.float64], K: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The two poses between which a plane seen once leaves the choice."""
    try:
        _, turns, shifts, _ = cv2.solvePnPGeneric(object_m, ideal_px, K, np.zeros(4), flags=cv2.SOLVEPNP_IPPE)
    except cv2.error:  # points on a line
        return []
    matrices = [np.asarray(cv2.Rodrigues(turn)[0], np.float64) for turn in turns]
    pairs = [(R, np.asarray(t, np.float64).ravel()) for R, t in zip(matrices, shifts, strict=True)]
    return [(R, t) for R, t in pairs if np.isfinite(R).all() and np.isfinite(t).all()]


def _refined(
    object_m: NDArray[np.float64],
    ideal_px: NDArray[np.float64],
    R: NDArray[np.float64],
    t: NDArray[np.float64],
    K: NDArray[np.float64],
) -> _Fit | None:
    """Gauss-Newton on the distances in the image."""
    for _ in range(_ROUNDS):
        J, residual = _linearised(object_m, ideal_px, R, t, K)
        normal = J.T @ J
        try:
            step = np.linalg.solve(normal, J.T @ residual)
        except np.linalg.LinAlgError:
            return None
        t = t - step[:3]
        R = cv2.Rodrigues(-step[3:])[0] @ R
    J, residual = _linearised(object_m, ideal_px, R, t, K)
    in_front = bool(((object_m @ R.T + t)[:, 2] > 0).all())
    return _Fit(R, t, J.T @ J, float(residual @ residual)) if in_front and np.isfinite(residual).all() else None


def _linearised(
    object_m: NDArray[np.float64],
    ideal_px: NDArray[np.float64],
    R: NDArray[np.float64],
    t: NDArray[np.float64],
    K: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residuals (2N,) x, y, x, ... and their derivatives (2N, 6) by the shift and by turns about the camera's axes."""
    arm = object_m @ R.T
    x, y, z = (arm + t).T
    with np.errstate(divide='ignore', invalid='ignore'):
        u, v = K[0, 0] * x / z + K[0, 1] * y / z + K[0, 2], K[1, 1] * y / z + K[1, 2]
        across = np.stack([K[0, 0] / z, K[0, 1] / z, -(K[0, 0] * x + K[0, 1] * y) / z**2], axis=1)
        down = np.stack([np.zeros_like(z), K[1, 1] / z, -K[1, 1] * y / z**2], axis=1)
    J = np.empty((2 * len(z), 6))
    J[0::2, :3], J[1::2, :3] = across, down
    # d(exp(w) arm) = w x arm, so g . (w x arm) = w . (arm x g).
    J[0::2, 3:], J[1::2, 3:] = np.cross(arm, across), np.cross(arm, down)
    residual = np.stack([u - ideal_px[:, 0], v - ideal_px[:, 1]], axis=1).ravel()
    return J, residual


def _with_covariance(fits: list[_Fit], count: int) -> TargetPose | None:
    best = fits[0]
    variance = max(best.squares / max(2 * count - 6, 1), _LEAST_SIGMA_PX**2) * _POINTS_PER_FACT
    try:
        covariance = np.linalg.inv(best.normal) * variance
    except np.linalg.LinAlgError:
        return None
    if not (np.diag(covariance) > 0).all():
        return None
    for other in fits[1:]:
        # How likely the other one is the true one, given how much worse it fits.
        odds = np.exp(-(other.squares - best.squares) / (2 * variance))
        apart = np.concatenate([other.t - best.t, cv2.Rodrigues(other.R @ best.R.T)[0].ravel()])
        covariance += odds / (1 + odds) * np.outer(apart, apart)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = best.R, best.t
    return TargetPose(T, (covariance + covariance.T) / 2)
