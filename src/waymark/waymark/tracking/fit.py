# SPDX-License-Identifier: Apache-2.0
"""Least squares for a homography that is nearly known, and how exactly the points fix it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import image_corners

_TUKEY = 4.7  # times the spread: 95 % efficiency where errors are normal
_LEAST_SIGMA_PX = 0.08  # what optical flow does not get better than, however well the points agree


def fit_near(
    H: NDArray[np.float64], points: NDArray[np.floating], found: NDArray[np.floating], size_wh: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Refine a homography by a Gauss-Newton step with Tukey's weights on the distances in the second image.

    Args:
        H: (3, 3) first px to second px, nearly right.
        points: (N, 2) px of the first image.
        found: (N, 2) px of the second image.
        size_wh: Of both images, px; only scales the numbers.

    Returns:
        The homography (3, 3), and (8, 8) px^2, the covariance of its four corners (x0, y0, x1, ...) in the second
        image; None where the points do not fix it.
    """
    count, unit = len(points), 2.0 / max(size_wh)
    middle = np.array([size_wh[0] - 1, size_wh[1] - 1]) / 2
    corners = image_corners(size_wh)
    p, q = ((np.concatenate([xy, corners]) - middle) * unit for xy in (points, found))
    there, back = _normalising(unit, middle)
    G = there @ H @ back
    G /= G[2, 2]
    J_all, residual_all = _linearised(G, p, q)  # (2, N, 8), (2, N)
    J, residual, J_corners = J_all[:, :count], residual_all[:, :count], J_all[:, count:]
    squares = (residual * residual).sum(axis=0)
    variance = max(float(np.sort(squares)[count // 2]) / 1.386, (_LEAST_SIGMA_PX * unit) ** 2)  # of one coordinate
    weight = np.maximum(1 - squares / (_TUKEY**2 * variance), 0) ** 2
    weighted = (J * weight[:, None]).reshape(-1, 8).T
    try:
        spread = np.linalg.inv(weighted @ J.reshape(-1, 8))
    except np.linalg.LinAlgError:
        return None
    if not (spread.diagonal() > 0).all():  # the points hardly fix it, and rounding shows
        return None
    G = G - np.append(spread @ (weighted @ residual.reshape(-1)), 0.0).reshape(3, 3)
    refined = back @ G @ there
    at_corners = J_corners.transpose(1, 0, 2).reshape(8, 8)
    covariance = at_corners @ spread @ at_corners.T * (variance / unit**2)
    return (refined / refined[2, 2], covariance) if np.isfinite(refined).all() else None


def _normalising(unit: float, middle: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3, 3) px to coordinates about the middle, of which the longer side is two; and back."""
    x, y = middle
    there = np.array([[unit, 0, -unit * x], [0, unit, -unit * y], [0, 0, 1.0]])
    return there, np.array([[1 / unit, 0, x], [0, 1 / unit, y], [0, 0, 1.0]])


def _linearised(
    G: NDArray[np.float64], p: NDArray[np.float64], q: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residuals (2, N) in x and y, and their derivatives (2, N, 8) by the homography's first eight elements."""
    mapped = p @ G[:, :2].T + G[:, 2]
    depth = mapped[:, 2:]
    at = mapped[:, :2] / depth
    J = np.zeros((2, len(p), 8))
    J[0, :, :2] = J[1, :, 3:5] = slope = p / depth
    J[0, :, 2:3] = J[1, :, 5:6] = 1.0 / depth
    J[:, :, 6:] = -at.T[:, :, None] * slope
    return J, (at - q).T
