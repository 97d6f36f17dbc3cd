# SPDX-License-Identifier: Apache-2.0
"""A plane seen by two cameras: its homography, and what that says of the plane and of the motion.

Malis and Vargas, Deeper understanding of the homography decomposition, INRIA RR-6303, 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape

Floats = NDArray[np.float64]
_STILL = 1e-4  # of the distance: less motion than this says nothing about the plane


@dataclass(frozen=True, eq=False)
class PlaneMotion:
    """One way to understand a homography: p_cur = R p_ref + t for points with n . p_ref = d, all in optical frames.

    Attributes:
        R_cur_ref: (3, 3).
        t_over_d: (3,) translation, in distances of the plane.
        normal: (3,) unit vector from the reference camera to the plane.
    """

    R_cur_ref: Floats
    t_over_d: Floats
    normal: Floats

    @property
    def centre_over_d(self) -> Floats:
        """(3,) the current camera in the reference's frame, in distances of the plane."""
        return np.asarray(-self.R_cur_ref.T @ self.t_over_d)

    def distance(self, baseline_m: float) -> float | None:
        """Distance d of the reference camera from the plane, m.

        Args:
            baseline_m: How far the camera moved, by whatever measured it.

        Returns:
            None where it moved too little to say.
        """
        length = float(np.linalg.norm(self.t_over_d))
        return baseline_m / length if length > _STILL and baseline_m > 0 else None


def decompose_plane(
    H_cur_ref: NDArray[np.floating],
    K_ref: NDArray[np.floating],
    K_cur: NDArray[np.floating],
    normal: NDArray[np.floating] | None = None,
) -> tuple[PlaneMotion, ...]:
    """Find motion and plane behind a homography.

    Args:
        H_cur_ref: (3, 3) reference px to current px, undistorted.
        K_ref: (3, 3) intrinsics of the reference camera, px.
        K_cur: (3, 3) of the current one.
        normal: (3,) where the plane is expected, in the reference's optical frame: (0, 0, 1) straight ahead.

    Returns:
        The solutions whose plane lies in front of the reference camera, at most two in general, the one nearest to
        `normal` first; none where the homography is singular. A camera that did not move sees no plane: t_over_d is
        zero then, and the normal says nothing.

    Raises:
        ValueError: A wrong shape, or numbers that are not finite.
    """
    for name, matrix in (('H_cur_ref', H_cur_ref), ('K_ref', K_ref), ('K_cur', K_cur)):
        require_shape(name, matrix, (3, 3))
        require_finite(name, np.asarray(matrix))
    G = np.linalg.inv(np.asarray(K_cur, np.float64)) @ np.asarray(H_cur_ref, np.float64) @ np.asarray(K_ref, np.float64)
    if abs(np.linalg.det(G)) < 1e-12 * float(np.abs(G).max()) ** 3:
        return ()
    G = G * np.sign(np.linalg.det(G))
    count, rotations, translations, normals = cv2.decomposeHomographyMat(G, np.eye(3))
    wanted = np.array([0.0, 0.0, 1.0]) if normal is None else np.asarray(normal, np.float64)
    found = []
    for R, t, n in zip(rotations[:count], translations[:count], normals[:count], strict=True):
        sign = 1.0 if float(n.ravel()[2]) > 0 else -1.0
        t64, n64 = np.asarray(sign * t.ravel(), np.float64), np.asarray(sign * n.ravel(), np.float64)
        found.append(PlaneMotion(np.asarray(R, np.float64), t64, n64))
    distinct: list[PlaneMotion] = []
    for motion in sorted(found, key=lambda m: -float(m.normal @ wanted)):
        if all(np.abs(motion.t_over_d - m.t_over_d).max() > 1e-9 for m in distinct):
            distinct.append(motion)
    return tuple(distinct)


def ground_homography(
    R_reference: Floats,
    p_reference: Floats,
    R_current: Floats,
    p_current: Floats,
    K_reference: Floats,
    K_current: Floats,
) -> Floats:
    """Homography of the plane z = 0 from one camera to another (Hartley and Zisserman, Multiple View Geometry, 8.1.1).

    Args:
        R_reference: (3, 3) optical frame to world. p_reference: (3,) m in the world.
        p_reference: See there.
        R_current: The same of the current camera.
        p_current: See there.
        K_reference: (3, 3) intrinsics, px.
        K_current: The same of the current camera.

    Returns:
        H_cur_ref (3, 3), px to px, H[2, 2] = 1.
    """
    to_reference = K_reference @ np.c_[R_reference.T[:, :2], -R_reference.T @ p_reference]
    to_current = K_current @ np.c_[R_current.T[:, :2], -R_current.T @ p_current]
    H = to_current @ np.linalg.inv(to_reference)
    return np.asarray(H / H[2, 2])
