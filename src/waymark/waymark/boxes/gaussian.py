# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes as Gaussians: mean and covariance of the uniform distribution over the box, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes.canonical import Boxes, as_boxes, canonical
from waymark.checks import require_finite, require_shape


def gaussians(boxes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussian boxes: covariance R diag(w^2 / 12, h^2 / 12) R^T.

    J. Llerena, L. Zeni, L. Kristen, C. Jung: Gaussian bounding boxes and probabilistic intersection-over-union for
    object detection, 2021, section 3.1.

    Args:
        boxes: (..., 5).

    Returns:
        Means (..., 2) in px and covariances (..., 2, 2) in px^2.

    Raises:
        ValueError: See as_boxes.
    """
    rows = as_boxes('boxes', boxes)
    cos, sin = np.cos(rows[..., 4]), np.sin(rows[..., 4])
    w2, h2 = rows[..., 2] ** 2 / 12, rows[..., 3] ** 2 / 12
    cross = (w2 - h2) * cos * sin
    xx, yy = w2 * cos**2 + h2 * sin**2, w2 * sin**2 + h2 * cos**2
    return rows[..., :2].copy(), np.stack([np.stack([xx, cross], -1), np.stack([cross, yy], -1)], -2)


def from_gaussians(means: ArrayLike, covariances: ArrayLike) -> Boxes:
    """Boxes of Gaussians, the inverse of `gaussians` but for the angle of squares, which a Gaussian does not keep: 0.

    Args:
        means: (..., 2) px.
        covariances: (..., 2, 2) px^2, symmetric, positive semidefinite.

    Returns:
        (..., 5), canonical, read-only.

    Raises:
        ValueError: Other shapes, values that are not finite, or a covariance that is none.
    """
    mean, cov = np.asarray(means, np.float64), np.asarray(covariances, np.float64)
    if mean.shape[-1:] != (2,) or cov.shape != (*mean.shape, 2):
        raise ValueError(f'covariances: expected shape {(*mean.shape, 2)}, got {cov.shape}')
    require_finite('means', mean)
    require_finite('covariances', cov)
    xx, yy, cross = cov[..., 0, 0], cov[..., 1, 1], cov[..., 0, 1]
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, cross)
    slack = 1e-9 * np.abs(middle)
    if not ((middle - radius >= -slack) & (np.abs(cross - cov[..., 1, 0]) <= slack)).all():
        raise ValueError('covariances: expected symmetric, positive semidefinite matrices')
    is_round = radius <= 1e-12 * middle  # rounding would choose the angle
    theta = np.where(is_round, 0.0, np.arctan2(cross, (xx - yy) / 2) / 2)
    radius = np.where(is_round, 0.0, radius)
    sides = np.sqrt(12 * np.maximum(np.stack([middle + radius, middle - radius], -1), 0))
    return canonical(np.concatenate([mean, sides, theta[..., None]], axis=-1))


def box_from_mask(mask: NDArray[Any]) -> Boxes | None:
    """Box of one object's probability mask by its moments, the inverse of `waymark.masks.box_mask` of one box.

    The mask's mean and covariance are those of the box's Gaussian, whether it is that Gaussian or the filled box (of
    w x h whole pixels: sqrt(w^2 - 1) and sqrt(h^2 - 1), since pixels are counted at their centres). An object that
    the image's border cuts gives the box of its visible part; a filled square's or a round object's angle is 0.

    Args:
        mask: (H, W), values of at least 0, of one object.

    Returns:
        (5,), canonical, read-only, or None where the mask is empty.

    Raises:
        ValueError: Another shape, or values below 0 or not finite.
    """
    require_shape('mask', mask, ('H', 'W'))
    weights = np.asarray(mask, np.float64)
    require_finite('mask', weights)
    if weights.size and weights.min() < 0:
        raise ValueError(f'mask: values must be at least 0, got {weights.min():g}')
    total = weights.sum()
    if total == 0:
        return None
    x, y = np.arange(mask.shape[1], dtype=np.float64), np.arange(mask.shape[0], dtype=np.float64)
    per_column, per_row = weights.sum(axis=0) / total, weights.sum(axis=1) / total
    cx, cy = per_column @ x, per_row @ y
    cross = (y - cy) @ weights @ (x - cx) / total
    cov = np.array([[per_column @ (x - cx) ** 2, cross], [cross, per_row @ (y - cy) ** 2]])
    return from_gaussians(np.array([cx, cy]), cov)
