# SPDX-License-Identifier: Apache-2.0
"""ProbIoU: how much two oriented boxes agree, as Gaussians.

J. Llerena, L. Zeni, L. Kristen, C. Jung: Gaussian bounding boxes and probabilistic intersection-over-union for object
detection, 2021: ProbIoU = 1 - H with the Hellinger distance H = sqrt(1 - exp(-B)) (eq. 8, 10) and the Bhattacharyya
distance B of the two Gaussians (eq. 6). Squares have no angle here, and thresholds of ProbIoU are not those of IoU.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes.canonical import Boxes, as_boxes
from waymark.checks import require_shape

MIN_SIDE_PX = 1e-3  # a Gaussian without width has no density: thinner boxes count as so wide


def bhattacharyya_distance(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Bhattacharyya distance of Gaussian boxes, one pair beside the other.

    B = d^T S^-1 d / 8 + ln(det S / sqrt(det A det B)) / 2, S = (A + B) / 2, d the difference of the means. det(A + B)
    and d^T adj(A + B) d are sums of squares in the boxes' own sides and angle between them: nothing cancels, however
    thin a box is.

    Args:
        a: (..., 5).
        b: (..., 5); leading axes broadcast against those of `a`. Sides below MIN_SIDE_PX count as that.

    Returns:
        (...), 0 for equal boxes.

    Raises:
        ValueError: See as_boxes.
    """
    first, second = as_boxes('a', a), as_boxes('b', b)
    return pair_distance(gaussian_terms(first), gaussian_terms(second))


def probiou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """ProbIoU of boxes, one pair beside the other.

    Args:
        a: (..., 5).
        b: (..., 5); leading axes broadcast against those of `a`.

    Returns:
        (...), 0 to 1.

    Raises:
        ValueError: See as_boxes.
    """
    return np.asarray(1 - np.sqrt(-np.expm1(-bhattacharyya_distance(a, b))))


def probiou_matrix(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """ProbIoU (N, M) of every box of `a` (N, 5) with every box of `b` (M, 5).

    Raises:
        ValueError: See as_boxes.
    """
    rows, columns = np.asarray(a, np.float64), np.asarray(b, np.float64)
    require_shape('a', rows, ('N', 5))
    require_shape('b', columns, ('M', 5))
    return probiou(rows[:, None], columns[None])


def distance_of(iou: float) -> float:
    """Bhattacharyya distance at which ProbIoU is `iou`, above 0 and at most 1."""
    return -math.log1p(-((1 - iou) ** 2)) if iou < 1 else 0.0


def gaussian_terms(rows: Boxes) -> NDArray[np.float64]:
    """What `pair_distance` needs of each box: (7, ...) cx, cy, w^2, h^2, cos, sin, 2 w h."""
    terms = np.empty((7, *rows.shape[:-1]))
    sides = np.maximum(rows[..., 2:4], MIN_SIDE_PX)
    terms[0], terms[1] = rows[..., 0], rows[..., 1]
    np.square(sides[..., 0], out=terms[2, ...])
    np.square(sides[..., 1], out=terms[3, ...])
    np.cos(rows[..., 4], out=terms[4, ...])
    np.sin(rows[..., 4], out=terms[5, ...])
    np.multiply(sides[..., 0], 2 * sides[..., 1], out=terms[6, ...])
    return terms


def pair_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bhattacharyya distances of boxes by their `gaussian_terms`, broadcast.

    In twelfths: det(A + B) = w1^2 h1^2 + w2^2 h2^2 + (w1^2 w2^2 + h1^2 h2^2) sin^2 + (w1^2 h2^2 + h1^2 w2^2) cos^2 of
    the angle between, and d^T adj(A + B) d = h1^2 u1^2 + w1^2 v1^2 + h2^2 u2^2 + w2^2 v2^2 with d = (u, v) along the
    axes of each box.
    """
    x1, y1, ww1, hh1, cos1, sin1, twice1 = a
    x2, y2, ww2, hh2, cos2, sin2, twice2 = b
    dx, dy = x2 - x1, y2 - y1
    sin = (sin1 * cos2 - cos1 * sin2) ** 2
    along, across = ww1 * ww2 + hh1 * hh2, ww1 * hh2 + hh1 * ww2
    det = (twice1 * twice1 + twice2 * twice2) * 0.25 + across + (along - across) * sin
    far = hh1 * (dx * cos1 + dy * sin1) ** 2 + ww1 * (dy * cos1 - dx * sin1) ** 2
    far += hh2 * (dx * cos2 + dy * sin2) ** 2 + ww2 * (dy * cos2 - dx * sin2) ** 2
    return np.asarray(np.maximum(3 * far / det + 0.5 * np.log(det / (twice1 * twice2)), 0))
