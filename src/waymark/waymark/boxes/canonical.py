# SPDX-License-Identifier: Apache-2.0
"""The one form of an oriented box, and its four corners.

A row is cx, cy, w, h in px and theta in rad. Integer coordinates are pixel centres; theta runs from +x (right) towards
+y (down), clockwise as seen on the screen. Canonical: w >= h, theta in [-pi/2, pi/2), squares in [-pi/4, pi/4). Front
and back are not told apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_finite, require_shape

Boxes = NDArray[np.float64]

_SIGNS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
_PAIRS = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2], [1, 3]])


def as_boxes(name: str, boxes: ArrayLike) -> Boxes:
    """Check rows (..., 5): float64, finite, sides of at least 0; any angle.

    Raises:
        ValueError: `boxes: expected shape (..., 5), got (3, 4)`, a value that is not finite, or a negative side.
    """
    rows = np.asarray(boxes, np.float64)
    if rows.shape[-1:] != (5,):
        raise ValueError(f'{name}: expected shape (..., 5), got {rows.shape}')
    require_finite(name, rows)
    if rows.size and rows[..., 2:4].min() < 0:
        raise ValueError(f'{name}: width and height must be at least 0, got {rows[..., 2:4].min():g}')
    return rows


def canonical(boxes: ArrayLike) -> Boxes:
    """Bring boxes into the canonical form; what is in it stays as it is, bit by bit.

    Args:
        boxes: (..., 5) cx, cy, w, h in px, theta in rad, any angle, sides in any order.

    Returns:
        (..., 5), read-only.

    Raises:
        ValueError: See as_boxes.
    """
    rows = as_boxes('boxes', boxes).copy()
    w, h, theta = rows[..., 2], rows[..., 3], rows[..., 4]
    half = np.where(w == h, np.pi / 4, np.pi / 2)
    if not ((w >= h) & (theta >= -half) & (theta < half)).all():
        rows[..., 4] = _wrapped(np.where(w < h, theta + np.pi / 2, theta), 2 * half)
        rows[..., 2], rows[..., 3] = np.maximum(w, h), np.minimum(w, h)
    rows.setflags(write=False)
    return rows


def corners(boxes: ArrayLike) -> NDArray[np.float64]:
    """Corners of boxes, clockwise as seen on the screen; at theta = 0 the first is the upper left one.

    Args:
        boxes: (..., 5).

    Returns:
        (..., 4, 2) x, y in px.

    Raises:
        ValueError: See as_boxes.
    """
    rows = as_boxes('boxes', boxes)
    sides = rows[..., None, 2:4] * _SIGNS
    cos, sin = np.cos(rows[..., 4, None]), np.sin(rows[..., 4, None])
    x, y = sides[..., 0], sides[..., 1]
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
    return np.asarray(rows[..., None, :2] + turned)


def from_corners(points: ArrayLike) -> Boxes:
    """Smallest boxes around four points each: the box itself where they are one's corners, in whatever order.

    A smallest enclosing rectangle has a side on an edge of the convex hull (H. Freeman, R. Shapira: Determining the
    minimum-area encasing rectangle for an arbitrary closed curve, 1975). Edges of four points' hull are among their
    six pairs, and every direction gives some enclosing rectangle: the best of six is the smallest.

    Args:
        points: (..., 4, 2) x, y in px, as the polygons of YOLO-OBB labels.

    Returns:
        (..., 5), canonical, read-only.

    Raises:
        ValueError: Another shape, or values that are not finite.
    """
    polygons = np.asarray(points, np.float64)
    if polygons.shape[-2:] != (4, 2):
        raise ValueError(f'points: expected shape (..., 4, 2), got {polygons.shape}')
    require_finite('points', polygons)
    middle = polygons.mean(axis=-2, keepdims=True)
    centred = polygons - middle
    along = centred[..., _PAIRS[:, 1], :] - centred[..., _PAIRS[:, 0], :]  # (..., 6, 2)
    length = np.hypot(along[..., 0], along[..., 1])[..., None]
    along = np.where(length > 0, along / np.where(length > 0, length, 1), [1.0, 0.0])
    axes = np.stack([along, np.stack([-along[..., 1], along[..., 0]], axis=-1)], axis=-2)  # (..., 6, 2, 2) rows u, v
    projected = np.einsum('...kai,...pi->...kap', axes, centred)
    low, high = projected.min(axis=-1), projected.max(axis=-1)
    best = np.argmin((high - low).prod(axis=-1), axis=-1)[..., None, None]
    axes = np.take_along_axis(axes, best[..., None], axis=-3)[..., 0, :, :]
    low, high = (np.take_along_axis(v, best, axis=-2)[..., 0, :] for v in (low, high))
    centres = middle[..., 0, :] + np.einsum('...ai,...a->...i', axes, (low + high) / 2)
    theta = np.arctan2(axes[..., 0, 1], axes[..., 0, 0])
    return canonical(np.concatenate([centres, high - low, theta[..., None]], axis=-1))


def axis_aligned(boxes_xyxy: ArrayLike) -> Boxes:
    """Upright boxes as oriented ones: canonical, so an upright box that is taller than wide has theta = -pi/2.

    Args:
        boxes_xyxy: (N, 4) x1, y1, x2, y2 in px, x2 >= x1 and y2 >= y1.

    Returns:
        (N, 5), canonical, read-only.

    Raises:
        ValueError: Another shape, values that are not finite, or corners in the wrong order.
    """
    edges = np.asarray(boxes_xyxy, np.float64)
    require_shape('boxes_xyxy', edges, ('N', 4))
    centres, sides = (edges[:, :2] + edges[:, 2:]) / 2, edges[:, 2:] - edges[:, :2]
    return canonical(np.column_stack([centres, sides, np.zeros(len(edges))]))


def _wrapped(theta: NDArray[Any], period: NDArray[Any] | float) -> NDArray[np.float64]:
    """Theta in [-period/2, period/2); what lies there already is not touched by rounding."""
    half = np.asarray(period) / 2
    turned = theta - period * np.floor((theta + half) / period)
    turned = np.where((turned < -half) | (turned >= half), -half, turned)
    return np.asarray(np.where((theta >= -half) & (theta < half), theta, turned), np.float64)
