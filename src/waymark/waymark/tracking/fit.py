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
    N = _normalising(size_wh)
    unit = float(N[0, 0])
    p, q = _mapped(N, np.asarray(points, np.float64)), _mapped(N, np.asarray(found, np.float64))
    G = N @ H @ np.linalg.inv(N)
    G /= G[2, 2]
    J, residual = _linearised(G, p, q)
    distance = np.hypot(residual[0::2], residual[1::2])
    sigma = max(float(np.median(distance)) / 1.18, _LEAST_SIGMA_PX * unit)  # of one coordinate
    weight = np.repeat(np.clip(1 - (distance / (_TUKEY * sigma)) ** 2, 0, None) ** 2, 2)
    normal = (J * weight[:, None]).T @ J
    try:
        spread = np.linalg.inv(normal)
    except np.linalg.LinAlgError:
        return None
    if not (np.diag(spread) > 0).all():  # the points hardly fix it, and rounding shows
        return None
    G = G - np.append(spread @ ((J * weight[:, None]).T @ residual), 0.0).reshape(3, 3)
    corners = _mapped(
        N, np.array([[0.0, 0], [size_wh[0] - 1, 0], [size_wh[0] - 1, size_wh[1] - 1], [0, size_wh[1] - 1]])
    )
    J, _ = _linearised(G, corners, corners)
    covariance = J @ spread @ J.T * (sigma / unit) ** 2
    refined = np.linalg.inv(N) @ G @ N
    return (refined / refined[2, 2], covariance) if np.isfinite(refined).all() else None


def _normalising(size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """(3, 3) px to coordinates about the middle, of which the longer side is two."""
    unit = 2.0 / max(size_wh)
    return np.array([[unit, 0, -unit * (size_wh[0] - 1) / 2], [0, unit, -unit * (size_wh[1] - 1) / 2], [0, 0, 1.0]])


def _mapped(N: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(points * N[0, 0] + N[:2, 2])


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
