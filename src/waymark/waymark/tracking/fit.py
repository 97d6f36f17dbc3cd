# SPDX-License-Identifier: Apache-2.0
"""Least squares for a homography that is nearly known, and how exactly the points fix it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    N, back = _normalising(size_wh)
    unit, count = float(N[0, 0]), len(points)
    right, bottom = size_wh[0] - 1.0, size_wh[1] - 1.0
    corners = np.array([[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]])
    p = np.concatenate([points, corners]) * unit + N[:2, 2]
    q = np.concatenate([found, corners]) * unit + N[:2, 2]
    G = N @ H @ back
    G /= G[2, 2]
    J_all, residual_all = _linearised(G, p, q)
    J, residual, J_corners = J_all[: 2 * count], residual_all[: 2 * count], J_all[2 * count :]
    squares = residual[0::2] ** 2 + residual[1::2] ** 2
    variance = max(float(np.median(squares)) / 1.386, (_LEAST_SIGMA_PX * unit) ** 2)  # of one coordinate
    weight = np.repeat(np.maximum(1 - squares / (_TUKEY**2 * variance), 0) ** 2, 2)
    weighted = (J * weight[:, None]).T
    try:
        spread = np.linalg.inv(weighted @ J)
    except np.linalg.LinAlgError:
        return None
    if not (spread.diagonal() > 0).all():  # the points hardly fix it, and rounding shows
        return None
    G = G - np.append(spread @ (weighted @ residual), 0.0).reshape(3, 3)
    refined = back @ G @ N
    covariance = J_corners @ spread @ J_corners.T * (variance / unit**2)
    return (refined / refined[2, 2], covariance) if np.isfinite(refined).all() else None


def _normalising(size_wh: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3, 3) px to coordinates about the middle, of which the longer side is two; and back."""
    unit = 2.0 / max(size_wh)
    x, y = (size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2
    there = np.array([[unit, 0, -unit * x], [0, unit, -unit * y], [0, 0, 1.0]])
    return there, np.array([[1 / unit, 0, x], [0, 1 / unit, y], [0, 0, 1.0]])


def _linearised(
    G: NDArray[np.float64], p: NDArray[np.float64], q: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residuals (2N,) x, y, x, ... and their derivatives (2N, 8) by the homography's first eight elements."""
    x, y = p.T
    w = G[2, 0] * x + G[2, 1] * y + 1.0
    u, v = (G[0, 0] * x + G[0, 1] * y + G[0, 2]) / w, (G[1, 0] * x + G[1, 1] * y + G[1, 2]) / w
    J = np.zeros((2 * len(p), 8))
    a, b, c = x / w, y / w, 1.0 / w
    J[0::2, 0], J[0::2, 1], J[0::2, 2] = a, b, c
    J[1::2, 3], J[1::2, 4], J[1::2, 5] = a, b, c
    J[0::2, 6], J[0::2, 7] = -u * a, -u * b
    J[1::2, 6], J[1::2, 7] = -v * a, -v * b
    residual = np.empty(2 * len(p))
    residual[0::2], residual[1::2] = u - q[:, 0], v - q[:, 1]
    return J, residual
