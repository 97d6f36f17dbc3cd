# SPDX-License-Identifier: Apache-2.0
"""Other measures of how far oriented boxes are from each other: those that detectors are trained with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes.canonical import Boxes, as_boxes, corners
from waymark.boxes.probiou import MIN_SIDE_PX

_STEEPNESS = 10.0  # k of the PIoU paper
_REACH_PX = 4.0  # sigmoid(-10 * 4) is 4e-18: pixels farther out add nothing


def wasserstein_distance(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Wasserstein-2 distance of Gaussian boxes, px.

    d^2 = |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2), S = R diag(w^2 / 4, h^2 / 4) R^T: X. Yang, J. Yan,
    Q. Ming et al.: Rethinking rotated object detection with Gaussian Wasserstein distance loss, ICML 2021, eq. 2 and
    4. For 2 x 2 matrices the trace of that root is sqrt(Tr(S1 S2) + 2 sqrt(det S1 det S2)).

    Args:
        a: (..., 5).
        b: (..., 5); leading axes broadcast against those of `a`.

    Returns:
        (...), px; 0 for equal boxes, and boxes without area are fine.

    Raises:
        ValueError: See as_boxes.
    """
    first, second = as_boxes('a', a), as_boxes('b', b)
    w1, h1, w2, h2 = (v[..., k] / 2 for v in (first, second) for k in (2, 3))
    cos2 = np.cos(first[..., 4] - second[..., 4]) ** 2
    product = ((w1 * w2) ** 2 + (h1 * h2) ** 2) * cos2 + ((w1 * h2) ** 2 + (h1 * w2) ** 2) * (1 - cos2)
    root = np.sqrt(product + 2 * w1 * h1 * w2 * h2)
    centres = ((first[..., :2] - second[..., :2]) ** 2).sum(axis=-1)
    return np.asarray(np.sqrt(np.maximum(centres + w1**2 + h1**2 + w2**2 + h2**2 - 2 * root, 0)))


def kl_divergence(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Kullback-Leibler divergence D(a || b) of Gaussian boxes.

    D = d^T S2^-1 d / 2 + Tr(S2^-1 S1) / 2 + ln(det S2 / det S1) / 2 - 1, S = R diag(w^2 / 4, h^2 / 4) R^T: X. Yang,
    X. Yang, J. Yang et al.: Learning high-precision bounding box for rotated object detection via Kullback-Leibler
    divergence, NeurIPS 2021, eq. 7 to 9.

    Args:
        a: (..., 5).
        b: (..., 5); leading axes broadcast against those of `a`. Sides below MIN_SIDE_PX count as that.

    Returns:
        (...), 0 for equal boxes; not symmetric.

    Raises:
        ValueError: See as_boxes.
    """
    first, second = as_boxes('a', a), as_boxes('b', b)
    w1, h1, w2, h2 = (np.maximum(v[..., k], MIN_SIDE_PX) / 2 for v in (first, second) for k in (2, 3))
    dx, dy = (first[..., k] - second[..., k] for k in (0, 1))
    cos, sin = np.cos(second[..., 4]), np.sin(second[..., 4])
    far = ((dx * cos + dy * sin) / w2) ** 2 + ((dy * cos - dx * sin) / h2) ** 2
    cos2 = np.cos(first[..., 4] - second[..., 4]) ** 2
    shape = ((w1 / w2) ** 2 + (h1 / h2) ** 2) * cos2 + ((h1 / w2) ** 2 + (w1 / h2) ** 2) * (1 - cos2)
    return np.asarray(np.maximum((far + shape) / 2 + np.log(w2 * h2 / (w1 * h1)) - 1, 0))


def pixels_iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """PIoU: intersection over union counted in pixels, each with a smooth share of belonging to a box.

    A pixel's share is K(d_w, w / 2) K(d_h, h / 2), K(d, s) = 1 - 1 / (1 + exp(-k (d - s))), k = 10, with its distances
    d from the box's axes; the intersection is the sum of the products of shares, the union the boxes' areas less it:
    Z. Chen, K. Chen, W. Lin et al.: PIoU loss: towards accurate oriented object detection in complex environments,
    ECCV 2020, eq. 4 to 9.

    Args:
        a: (N, 5).
        b: (N, 5), compared row by row.

    Returns:
        (N,), 0 to 1.

    Raises:
        ValueError: See as_boxes, or different numbers of boxes.
    """
    first, second = as_boxes('a', a), as_boxes('b', b)
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(f'b: expected shape {first.shape} of two axes, got {second.shape}')
    return np.array([_pixels_iou(one, other) for one, other in zip(first, second, strict=True)], np.float64)


def _pixels_iou(a: Boxes, b: Boxes) -> float:
    outlines = corners(np.stack([a, b]))
    low, high = outlines.min(axis=1).max(axis=0), outlines.max(axis=1).min(axis=0)  # where both bounding boxes are
    x, y = (np.arange(np.ceil(lo - _REACH_PX), hi + _REACH_PX) for lo, hi in zip(low, high, strict=True))
    inter = float((_share(a, x, y) * _share(b, x, y)).sum())
    union = float(a[2] * a[3] + b[2] * b[3]) - inter
    return min(inter / union, 1.0) if union > 0 else 0.0


def _share(box: Boxes, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share (H, W) of pixels at columns x and rows y in a box."""
    dx, dy = x[None] - box[0], y[:, None] - box[1]
    cos, sin = np.cos(box[4]), np.sin(box[4])
    beyond_w = np.abs(dx * cos + dy * sin) - box[2] / 2
    beyond_h = np.abs(dy * cos - dx * sin) - box[3] / 2
    return np.asarray(0.25 * (1 - np.tanh(_STEEPNESS / 2 * beyond_w)) * (1 - np.tanh(_STEEPNESS / 2 * beyond_h)))
