# SPDX-License-Identifier: Apache-2.0
"""Plane geometry of homographies and quadrilaterals: pixels (x, y), y down, integers are pixel centres."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape


def transform_points(H: NDArray[np.floating], points_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """Map points through a homography.

    Args:
        H: (3, 3), from the points' image to the other one.
        points_px: (N, 2) pixels (x, y).

    Returns:
        (N, 2) pixels; infinite or NaN where a point maps to infinity.
    """
    require_shape('H', H, (3, 3))
    require_shape('points_px', points_px, ('N', 2))
    H64 = np.asarray(H, np.float64)
    mapped = np.asarray(points_px, np.float64) @ H64[:, :2].T + H64[:, 2]
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)


def image_corners(size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """Return the corner pixels' centres, (4, 2): top left, top right, bottom right, bottom left."""
    right, bottom = size_wh[0] - 1.0, size_wh[1] - 1.0
    return np.array([[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]])


def corner_error(H_estimated: NDArray[np.floating], H_true: NDArray[np.floating], size_wh: tuple[int, int]) -> float:
    """Mean distance between the four image corners mapped by both homographies (HPatches' measure).

    Args:
        H_estimated: (3, 3), reference to current pixels.
        H_true: (3, 3), reference to current pixels.
        size_wh: Of the reference image, px.

    Returns:
        Pixels of the current image; infinite where a corner maps to infinity.
    """
    corners = image_corners(size_wh)
    difference = transform_points(H_estimated, corners) - transform_points(H_true, corners)
    error = float(np.linalg.norm(difference, axis=1).mean())
    return error if np.isfinite(error) else float('inf')


def signed_area(polygon_px: NDArray[np.floating]) -> float:
    """Area of a polygon (N, 2) by the shoelace formula, px^2: positive when clockwise on the screen."""
    require_shape('polygon_px', polygon_px, ('N', 2))
    x, y = np.asarray(polygon_px, np.float64).T
    return float(0.5 * (x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def is_convex(quad_px: NDArray[np.floating]) -> bool:
    """Whether a quadrilateral (4, 2) turns one way at all corners; False without area or when not finite."""
    require_shape('quad_px', quad_px, (4, 2))
    quad = np.asarray(quad_px, np.float64)
    if not np.isfinite(quad).all():
        return False
    edges = quad[[1, 2, 3, 0]] - quad
    following = edges[[1, 2, 3, 0]]
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    return bool((turns > 0).all() or (turns < 0).all())


def coverage(points_px: NDArray[np.floating], size_wh: tuple[int, int]) -> float:
    """Share of an image that the convex hull of some points covers.

    Args:
        points_px: (N, 2) pixels.
        size_wh: Of the image, px.

    Returns:
        0 (fewer than three points, or all on a line) to 1.
    """
    require_shape('points_px', points_px, ('N', 2))
    if len(points_px) < 3:
        return 0.0
    hull = cv2.convexHull(np.ascontiguousarray(points_px, np.float32))
    return float(cv2.contourArea(hull)) / float(max(size_wh[0] - 1, 1) * max(size_wh[1] - 1, 1))


def local_scale(H: NDArray[np.floating], points_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """How much a homography enlarges lengths around each point: the root of its Jacobian's determinant.

    Args:
        H: (3, 3), reference to current pixels.
        points_px: (N, 2) reference pixels.

    Returns:
        (N,) current px per reference px; negative where the picture is mirrored (det J = det H / w^3).
    """
    require_shape('points_px', points_px, ('N', 2))
    H64 = np.asarray(H, np.float64)
    w = np.asarray(points_px, np.float64) @ H64[2, :2] + H64[2, 2]
    with np.errstate(divide='ignore', invalid='ignore'):
        determinant = np.linalg.det(H64) / w**3
        return np.asarray(np.sign(determinant) * np.sqrt(np.abs(determinant)), np.float64)
