# SPDX-License-Identifier: Apache-2.0
"""How exactly some points fix a homography away from where they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.geometry import image_corners


def corner_spread(
    H_cur_ref: NDArray[np.float64],
    points_ref: NDArray[np.float64],
    size_wh: tuple[int, int],
    sigma_px: float = 1.0,
) -> float:
    """Standard deviation of where a homography puts the reference's corners, given the points it was fitted to.

    First-order propagation (Hartley and Zisserman, Multiple View Geometry, 5.2.3): C = sigma^2 (J^T J)^-1 for the
    eight parameters, J_c C J_c^T for a corner. Points in one part of the picture say little about its other end.

    Args:
        H_cur_ref: (3, 3) reference px to current px, finite.
        points_ref: (N, 2) reference px.
        size_wh: Of the reference, px.
        sigma_px: Of one point in the current image.

    Returns:
        Root mean square distance, current px, averaged over the corners; infinite where the points fix no homography.
    """
    require_shape('H_cur_ref', H_cur_ref, (3, 3))
    require_shape('points_ref', points_ref, ('N', 2))
    unit = float(max(size_wh))
    scaled = np.asarray(H_cur_ref, np.float64) @ np.diag([unit, unit, 1.0])
    if len(points_ref) < 4 or abs(scaled[2, 2]) < 1e-12:
        return float('inf')
    scaled = scaled / scaled[2, 2]
    observed = _jacobian(scaled, np.asarray(points_ref, np.float64) / unit).reshape(-1, 8)
    corners = _jacobian(scaled, image_corners(size_wh) / unit)
    information = observed.T @ observed
    if not (np.isfinite(information).all() and np.isfinite(corners).all()):
        return float('inf')
    if np.linalg.cond(information) > 1e14:
        return float('inf')
    variances = np.einsum('nij,jk,nik->n', corners, np.linalg.inv(information), corners)
    return float(np.sqrt(np.maximum(variances, 0)).mean()) * sigma_px


def _jacobian(H: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2, 8): how the images of points change with the first eight entries of H, where H[2, 2] = 1."""
    p = np.c_[points, np.ones(len(points))]
    with np.errstate(divide='ignore', invalid='ignore'):
        depth = (p @ H[2])[:, None]
        seen = (p @ H[:2].T) / depth
        zero = np.zeros_like(p)
        across = np.hstack([p, zero, -seen[:, :1] * points]) / depth
        down = np.hstack([zero, p, -seen[:, 1:] * points]) / depth
    return np.stack([across, down], axis=1)
