# SPDX-License-Identifier: Apache-2.0
"""Cameras over a flat ground: where each stood, which way it looked, and what of the ground it saw.

The ground is the plane Z = 0: x right, y down (as in pictures), Z away from the cameras. A point of the ground is seen
at u = phi_i R_i (X - c_i), divided by its depth, in units of the frame's longer side from its principal point. Rays are
undistorted by u (1 + k1 |u|^2): the lens' inverse, so that no equation has to be solved here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import image_corners
from waymark.mosaic.view import View

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Poses:
    """All cameras of a mosaic.

    Attributes:
        R: (N, 3, 3) rotations from the ground's axes to the camera's (x right, y down, z forward).
        c: (N, 3) where they stood, ground units; c[:, 2] < 0.
        phi: (N,) focal length of each, in its longer sides.
        k1: (N,) radial distortion of each, per squared longer side; 0 where points are undistorted already.
    """

    R: Floats
    c: Floats
    phi: Floats
    k1: Floats

    def __len__(self) -> int:
        return len(self.R)

    def moved(self, turn_rad: Floats, shift: Floats) -> Poses:
        """Cameras turned in their own axes by (N, 3) small rotation vectors and shifted by (N, 3) ground units."""
        return replace(self, R=rotations(turn_rad) @ self.R, c=self.c + shift)

    def in_units(self, A: complex, t: complex) -> Poses:
        """The same cameras over a ground that is turned and enlarged by A and shifted by t (x + iy)."""
        size, turn = abs(A), A / abs(A)
        Rz = np.array([[turn.real, -turn.imag, 0.0], [turn.imag, turn.real, 0.0], [0.0, 0.0, 1.0]])
        c = size * self.c @ Rz.T + (t.real, t.imag, 0.0)
        return replace(self, R=self.R @ Rz.T, c=c)


def ground_of(poses: Poses, i: NDArray[np.intp], u: Floats) -> Floats:
    """Where rays meet the ground.

    Args:
        poses: The cameras.
        i: (L,) which camera each row of points belongs to.
        u: (L, P, 2) points, in longer sides from the principal point.

    Returns:
        (L, P, 2) ground units; NaN for rays that do not go down.
    """
    straight = u * (1 + poses.k1[i][:, None, None] * (u * u).sum(axis=2, keepdims=True))
    rays = np.concatenate([straight, np.broadcast_to(poses.phi[i][:, None, None], (*u.shape[:2], 1))], axis=2)
    rays = rays @ poses.R[i]  # a row times R is R transposed times the column
    depth = rays[..., 2:]
    with np.errstate(divide='ignore', invalid='ignore'):
        reach = np.where(depth > 1e-6, -poses.c[i][:, None, 2:] / depth, np.nan)
    return np.asarray(poses.c[i][:, None, :2] + reach * rays[..., :2])


def straight_view(poses: Poses, i: NDArray[np.intp], ground: Floats) -> Floats:
    """Where a camera without distortion sees points of the ground.

    Args:
        poses: The cameras.
        i: (L,) which camera.
        ground: (L, P, 2) ground units.

    Returns:
        (L, P, 2), in longer sides from the principal point; NaN for what lies behind the camera.
    """
    offset = np.concatenate([ground, np.zeros((*ground.shape[:2], 1))], axis=2) - poses.c[i][:, None]
    seen = offset @ poses.R[i].transpose(0, 2, 1)
    with np.errstate(divide='ignore', invalid='ignore'):
        inverse = np.where(seen[..., 2:] > 1e-9, poses.phi[i][:, None, None] / seen[..., 2:], np.nan)
    return np.asarray(seen[..., :2] * inverse)


def units_of(view: View, points_px: Floats) -> Floats:
    """Pixels (..., 2) of a frame in longer sides from its principal point; undistorted where it is calibrated."""
    side = max(view.size_wh)
    if view.camera is None:
        return np.asarray((points_px - (np.array(view.size_wh) - 1) / 2) / side)
    flat = view.camera.undistort_points(points_px.reshape(-1, 2)).reshape(points_px.shape)
    K = view.camera.K
    # One focal length for both directions: K's own difference goes into the points.
    return np.asarray((flat - K[:2, 2]) * (1.0, K[0, 0] / K[1, 1]) / side)


def focal_of(view: View) -> float | None:
    """Focal length in longer sides, where the frame is calibrated."""
    return None if view.camera is None else float(view.camera.K[0, 0]) / max(view.size_wh)


def outlines(poses: Poses, views: list[View]) -> list[Floats]:
    """What each frame shows of the ground, (4, 2) ground units; NaN where a corner looks over the horizon."""
    return [
        ground_of(poses, np.array([i]), units_of(view, image_corners(view.size_wh))[None])[0]
        for i, view in enumerate(views)
    ]


def rotations(vectors: Floats) -> Floats:
    """(N, 3, 3) rotation matrices of rotation vectors (N, 3), rad (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    x, y, z = vectors.T
    o = np.zeros_like(x)
    S = np.stack([o, -z, y, z, o, -x, -y, x, o], axis=1).reshape(-1, 3, 3)
    with np.errstate(divide='ignore', invalid='ignore'):
        first = np.where(angle > 1e-8, np.sin(angle) / angle, 1.0)
        second = np.where(angle > 1e-8, (1 - np.cos(angle)) / angle**2, 0.5)
    return np.asarray(np.eye(3) + first * S + second * (S @ S))


def pixels_of(view: View, k1: float, straight: Floats) -> Floats:
    """Pixels (..., 2) of a frame where undistorted points (..., 2) lie: what units_of and k1 do, undone.

    Args:
        view: The frame.
        k1: Its radial distortion; 0 for a calibrated one, whose own model is used.
        straight: Undistorted, in longer sides from the principal point.
    """
    side = max(view.size_wh)
    if view.camera is not None:
        K = view.camera.K
        rays = np.nan_to_num(straight * side / K[0, 0], nan=1e3).reshape(-1, 2)
        rays = np.concatenate([np.clip(rays, -1e3, 1e3), np.ones((len(rays), 1))], axis=1)
        seen, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), K, view.camera.D)
        return np.asarray(seen, np.float64).reshape(straight.shape)
    radius = np.linalg.norm(straight, axis=-1, keepdims=True)
    bent = radius
    for _ in range(6):  # Newton, from outside: r (1 + k1 r^2) = radius
        bent = bent - (bent * (1 + k1 * bent**2) - radius) / np.maximum(1 + 3 * k1 * bent**2, 0.2)
    shrink = np.divide(bent, radius, out=np.ones_like(radius), where=radius > 0)
    return np.asarray(straight * shrink * side + (np.array(view.size_wh) - 1) / 2)
