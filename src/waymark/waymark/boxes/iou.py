# SPDX-License-Identifier: Apache-2.0
"""Exact intersection over union of oriented boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes.canonical import as_boxes
from waymark.boxes.canonical import corners as corners_of
from waymark.checks import require_shape

_PAIRS_AT_ONCE = 1 << 16  # their arrays stay in a few MB


def rotated_iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of boxes, one pair beside the other.

    Args:
        a: (..., 5).
        b: (..., 5); leading axes broadcast against those of `a`.

    Returns:
        (...), 0 to 1; 0 where both boxes have no area.

    Raises:
        ValueError: See as_boxes.
    """
    first, second = np.broadcast_arrays(as_boxes('a', a), as_boxes('b', b))
    inter = _intersection(first, second)
    area_a, area_b = first[..., 2] * first[..., 3], second[..., 2] * second[..., 3]
    inter = np.clip(inter, 0, np.minimum(area_a, area_b))
    union = area_a + area_b - inter
    return np.asarray(np.divide(inter, union, out=np.zeros_like(inter), where=union > 0))


def rotated_iou_matrix(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of every box of `a` with every box of `b`; far pairs cost next to nothing.

    Args:
        a: (N, 5).
        b: (M, 5).

    Returns:
        (N, M), 0 to 1.

    Raises:
        ValueError: See as_boxes.
    """
    rows, columns = as_boxes('a', a), as_boxes('b', b)
    require_shape('a', rows, ('N', 5))
    require_shape('b', columns, ('M', 5))
    ious = np.zeros((len(rows), len(columns)))
    reach_a, reach_b = (np.hypot(v[:, 2], v[:, 3]) / 2 for v in (rows, columns))
    step = max(_PAIRS_AT_ONCE // max(len(columns), 1), 1)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        apart = np.hypot(part[:, None, 0] - columns[:, 0], part[:, None, 1] - columns[:, 1])
        i, j = np.nonzero(apart <= reach_a[start : start + step, None] + reach_b)
        ious[start + i, j] = rotated_iou(part[i], columns[j])
    return ious


def _intersection(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas (...) of the intersections of boxes (..., 5).

    In the frame of `b` (its centre, its axes) `b` is |x| <= w/2, |y| <= h/2, and by Green's theorem the area of what
    it shares with `a` is the integral of F = (0, [|y| <= h/2] clamp(x, -w/2, w/2)) around `a`, since
    dF_y/dx is 1 inside `b` and 0 outside. Unlike a list of clipped corners this has no cases (corners on edges, equal
    boxes): it changes as little as its input.
    """
    cos, sin = np.cos(b[..., 4, None]), np.sin(b[..., 4, None])
    moved = a.copy()
    moved[..., :2] -= b[..., :2]
    points = corners_of(moved)
    x = points[..., 0] * cos + points[..., 1] * sin
    y = points[..., 1] * cos - points[..., 0] * sin
    half_w, half_h = b[..., 2, None] / 2, b[..., 3, None] / 2
    x_next, y_next = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    y_from, y_to = np.clip(y, -half_h, half_h), np.clip(y_next, -half_h, half_h)
    rise = y_next - y
    slope = np.divide(x_next - x, rise, out=np.zeros_like(x), where=y_to != y_from)
    ends = x + (y_from - y) * slope, x + (y_to - y) * slope
    return np.asarray(((y_to - y_from) * _clamped_mean(ends[0], ends[1], half_w)).sum(axis=-1))


def _clamped_mean(
    start: NDArray[np.float64], end: NDArray[np.float64], limit: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of clamp(x, -limit, limit) for x that runs evenly from `start` to `end`."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    span = high - low
    below, above = np.clip(-limit - low, 0, span), np.clip(high - limit, 0, span)
    low, high = np.clip(low, -limit, limit), np.clip(high, -limit, limit)
    total = limit * (above - below) + (span - below - above) * (low + high) / 2
    return np.asarray(np.divide(total, span, out=low.copy(), where=span > 0))
