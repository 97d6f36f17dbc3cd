# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes as probabilities: how much each pixel belongs to one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape

# Beyond this many sigma a Gaussian is below 2e-8, less than float32 tells from nothing beside 1.
_REACH_SIGMA = 6.0


def box_mask(boxes: NDArray[Any], shape_hw: tuple[int, int], scores: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """Draw each box as the Gaussian of a uniform box, 1 at its centre; where boxes overlap, the larger value counts.

    The covariance is that of a uniform distribution over the box, R diag(w^2 / 12, h^2 / 12) R^T, as in ProbIoU
    (J. Llerena, L. Zeni, L. Kristen, C. Jung: Gaussian bounding boxes and probabilistic intersection-over-union for
    object detection, 2021); the value is exp(-d^T covariance^-1 d / 2). At the middle of an edge it is
    exp(-1.5) = 0.22, at a corner exp(-3) = 0.05. The larger value, not the sum: a box found twice is still one.

    Args:
        boxes: (N, 5) cx, cy, w, h in px, theta in rad from +x (right) towards +y (down); integers are pixel centres.
        shape_hw: Of the mask, px.
        scores: (N,) 0 to 1, each box's value at its centre; 1 when None.

    Returns:
        (H, W), 0 to 1; all 0 without boxes.

    Raises:
        ValueError: Another shape, values that are not finite, a side that is not above 0, a score outside 0..1.
    """
    require_shape('boxes', boxes, ('N', 5))
    require_finite('boxes', np.asarray(boxes))
    rows = np.asarray(boxes, np.float64)
    if not (rows[:, 2:4] > 0).all():
        raise ValueError('boxes: width and height must be above 0')
    heights = np.ones(len(rows)) if scores is None else np.asarray(scores, np.float64)
    require_shape('scores', heights, (len(rows),))
    if not ((heights >= 0) & (heights <= 1)).all():
        raise ValueError('scores: values must lie between 0 and 1')
    mask = np.zeros(shape_hw, np.float32)
    for row, height in zip(rows, heights, strict=True):
        _draw(mask, row, float(height))
    return mask


def _draw(mask: NDArray[np.float32], box: NDArray[np.float64], height: float) -> None:
    cx, cy, w, h, theta = box
    cos, sin = np.cos(theta), np.sin(theta)
    sigma_w, sigma_h = w / np.sqrt(12), h / np.sqrt(12)
    reach_x = _REACH_SIGMA * np.hypot(sigma_w * cos, sigma_h * sin)
    reach_y = _REACH_SIGMA * np.hypot(sigma_w * sin, sigma_h * cos)
    columns, rows = _pixels(cx, reach_x, mask.shape[1]), _pixels(cy, reach_y, mask.shape[0])
    x, y = np.arange(columns.start, columns.stop) - cx, (np.arange(rows.start, rows.stop) - cy)[:, None]
    along, across = (x * cos + y * sin) / sigma_w, (y * cos - x * sin) / sigma_h
    part = mask[rows, columns]
    np.maximum(part, height * np.exp(-0.5 * (along**2 + across**2)), out=part, casting='same_kind')


def _pixels(centre: float, reach: float, size: int) -> slice:
    """Pixels of 0 .. size - 1 whose centres lie within `reach` of `centre`."""
    first, last = np.clip([np.ceil(centre - reach), np.floor(centre + reach) + 1], 0, size)
    return slice(int(first), max(int(first), int(last)))
