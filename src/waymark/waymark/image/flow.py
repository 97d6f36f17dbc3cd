# SPDX-License-Identifier: Apache-2.0
"""Points that can be followed from one image to the next, and where they went (KLT, both ways)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_shape
from waymark.config import Config, param

_GRID = 8, 6  # columns and rows that share the points, so that one bright roof does not get them all
_MIN_SIDE_PX = 32  # smaller pictures have no room for a window


@dataclass(frozen=True)
class FlowConfig(Config):
    """Which points are followed, and when one counts as lost."""

    flow_points: int = param(240, 'Most points that are followed.', ge=16, le=2000)
    flow_spacing_px: float = param(10.0, 'Least distance between two points.', ge=1.0, unit='px')
    flow_window_px: int = param(21, 'Width of the window that is compared around a point; odd.', ge=5, le=61, unit='px')
    flow_return_px: float = param(
        0.5, 'Followed there and back, a point must come back this near.', gt=0.0, le=10.0, unit='px'
    )
    flow_contrast: float = param(
        1.0,
        'Least contrast around a point in its weaker direction, grey levels: about the noise of the sensor.',
        gt=0.0,
    )


def good_points(gray: NDArray[np.uint8], config: FlowConfig) -> NDArray[np.float32]:
    """Find points whose surroundings differ in every direction, spread over the image.

    Shi and Tomasi, Good Features to Track, CVPR 1994; the best of each cell of a grid first.

    Args:
        gray: (H, W) uint8.
        config: How many, how far apart, how much contrast.

    Returns:
        (N, 2) pixels (x, y), best first; none where there is no texture.
    """
    require_gray('gray', gray)
    if min(gray.shape) < _MIN_SIDE_PX:
        return np.zeros((0, 2), np.float32)
    # Half the size is found four times as quickly, with half the noise; following makes up for what is less exact.
    small = cv2.pyrDown(gray)
    found, quality, *_ = cv2.goodFeaturesToTrackWithQuality(
        small, 0, 1e-3, config.flow_spacing_px / 2, np.full_like(small, 255), blockSize=5, gradientSize=3
    )
    # Without any corner OpenCV returns None, whatever its types say.
    points = 2 * np.asarray([] if found is None else found, np.float32).reshape(-1, 2)
    strength = np.asarray([] if quality is None else quality, np.float32).ravel()
    # OpenCV's eigenvalues are mean squares of gradients on a scale of 0..1: noise of s levels gives about (s / 255)^2.
    kept = strength > (config.flow_contrast / 255.0) ** 2
    return _spread(points[kept], gray.shape, config.flow_points)


def _spread(points: NDArray[np.float32], shape_hw: tuple[int, ...], count: int) -> NDArray[np.float32]:
    """Take the best of each cell, then the second best, until there are enough; points come best first."""
    columns, rows = _GRID
    x = np.minimum((points[:, 0] * columns / shape_hw[1]).astype(int), columns - 1)
    y = np.minimum((points[:, 1] * rows / shape_hw[0]).astype(int), rows - 1)
    cell = y * columns + x
    order = np.argsort(cell, kind='stable')
    starts = np.searchsorted(cell[order], np.arange(columns * rows))
    rank = np.empty(len(points), np.intp)
    rank[order] = np.arange(len(points)) - starts[cell[order]]
    return np.ascontiguousarray(points[np.argsort(rank, kind='stable')[:count]], np.float32)


def follow_points(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    points: NDArray[np.float32],
    expected: NDArray[np.float32],
    config: FlowConfig,
    levels: int = 3,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Find points of one image in the next, and check that the way back leads to where they were.

    Bouguet's pyramidal Lucas-Kanade; the check is Kalal, Mikolajczyk and Matas, Forward-Backward Error, ICPR 2010.

    Args:
        before: (H, W) uint8.
        after: (H, W) uint8, the same size.
        points: (N, 2) px in `before`.
        expected: (N, 2) px in `after`, where to begin to look.
        config: Window and tolerance.
        levels: Halvings above full size: each doubles how far from `expected` a point is found.

    Returns:
        (N, 2) px in `after`, and (N,) which of them are to be believed.
    """
    require_shape('expected', expected, (len(points), 2))
    if len(points) == 0 or before.shape != after.shape:
        return np.zeros((len(points), 2), np.float32), np.zeros(len(points), np.bool_)
    window = config.flow_window_px, config.flow_window_px
    stop = cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01
    start = np.ascontiguousarray(points, np.float32).reshape(-1, 1, 2)
    guess = np.ascontiguousarray(expected, np.float32).reshape(-1, 1, 2)
    flags = cv2.OPTFLOW_USE_INITIAL_FLOW
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, after, start, guess.copy(), None, None, window, levels, stop, flags)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(after, before, there, start.copy(), None, None, window, 1, stop, flags)
    error = np.linalg.norm((back - start).reshape(-1, 2), axis=1)
    found = np.asarray(there, np.float32).reshape(-1, 2)
    inside = (found >= 0).all(axis=1) & (found <= (after.shape[1] - 1, after.shape[0] - 1)).all(axis=1)
    good = (ok.ravel() > 0) & (ok_back.ravel() > 0) & (error < config.flow_return_px) & inside
    return found, np.asarray(good, np.bool_)
