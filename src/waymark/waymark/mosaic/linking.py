# SPDX-License-Identifier: Apache-2.0
"""Which frames show the same ground: pairs that are matched, fitted by a homography and believed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.agreement import photometric_agreement
from waymark.image.features import match
from waymark.image.homography import HomographyConfig, estimate_homography, rejection
from waymark.mosaic.config import MosaicConfig
from waymark.mosaic.view import View

POINTS = 32  # kept of each link; more add time, hardly precision
_LEAST_AGREEMENT = 0.2  # of the pictures themselves; true overlaps of photos with trees and piles: 0.28 and up
_CELLS = 8  # a frame's side, when points are picked evenly


@dataclass(frozen=True, eq=False)
class Link:
    """Two frames that overlap.

    Attributes:
        a: Index of the first view.
        b: Index of the second view, larger than `a`.
        points_a: (N, 2) px of the first frame, N at most POINTS, spread over the overlap.
        points_b: (N, 2) px of the same points in the second one.
        inliers: How many matches agreed in all.
    """

    a: int
    b: int
    points_a: NDArray[np.float64]
    points_b: NDArray[np.float64]
    inliers: int


def link_views(views: list[View], a: int, b: int, config: MosaicConfig) -> Link | None:
    """Match two views.

    Returns:
        What ties them together, or None where they are not believed to show the same ground.
    """
    first, second = views[a].features, views[b].features
    pairs = match(first, second, config.ratio)
    points_a, points_b = first.keypoints[pairs[:, 0]], second.keypoints[pairs[:, 1]]
    gates = _gates(config, max(max(views[i].size_wh) for i in (a, b)))
    found = estimate_homography(points_a, points_b, gates)
    if found is None or rejection(found, points_a, views[a].size_wh, gates) is not None:
        return None
    if _agreement(views[a], views[b], found.H_cur_ref) < _LEAST_AGREEMENT:
        return None
    kept = np.flatnonzero(found.inliers)
    kept = kept[_spread(points_a[kept], views[a].size_wh)]
    return Link(
        a, b, np.asarray(points_a[kept], np.float64), np.asarray(points_b[kept], np.float64), found.inlier_count
    )


def _agreement(first: View, second: View, H: NDArray[np.float64]) -> float:
    """How alike both look through a homography of the whole frames, by their thumbnails."""
    grays: list[NDArray[np.uint8]] = []
    to_small: list[NDArray[np.float64]] = []
    for view in (first, second):
        grays.append(np.asarray(cv2.cvtColor(view.thumbnail, cv2.COLOR_RGB2GRAY), np.uint8))
        x, y = (s / f for s, f in zip(view.thumbnail.shape[1::-1], view.size_wh, strict=True))
        to_small.append(np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]]))
    return photometric_agreement(grays[0], grays[1], to_small[1] @ H @ np.linalg.inv(to_small[0]))


def _gates(config: MosaicConfig, side_px: int) -> HomographyConfig:
    # What sticks out of the ground moves between views; a few pixels at working size are allowed for it.
    threshold_px = 3.0 * max(side_px / config.working_px, 1.0)
    return HomographyConfig(
        ransac_threshold_px=threshold_px,
        min_inliers=config.min_inliers,
        min_inlier_share=0.2,
        min_scale=0.2,
        max_scale=5.0,
    )


def _spread(points: NDArray[np.float32], size_wh: tuple[int, int]) -> NDArray[np.intp]:
    """Indices of at most POINTS points, taken in turn from the cells of a grid."""
    cell = np.minimum((points * _CELLS / np.array(size_wh)).astype(int), _CELLS - 1).clip(0) @ (1, _CELLS)
    order = np.argsort(cell, kind='stable')
    starts = np.searchsorted(cell[order], cell[order])
    rank = np.arange(len(points)) - starts  # how many of the same cell come before
    return np.sort(order[np.argsort(rank, kind='stable')[:POINTS]])
