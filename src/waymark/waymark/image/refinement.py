# SPDX-License-Identifier: Apache-2.0
"""A homography made exact by the pictures themselves: points tracked over the overlap, whatever the light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import transform_points
from waymark.image.rectification import scale_at_centre, scaling, seen_through, shown

_WINDOW_PX = 21  # side of the patches that are tracked
_LIGHT_PX = 31  # side of the square whose mean and contrast are taken off
_CONTRAST = 4.0  # grey levels that count as no contrast
_POINTS = 400
_LEVELS = 2  # halvings of the tracker: it reaches about 40 px
_BACK_PX = 0.7  # tracked there and back, a point must come home this near
_AGREES_PX = 1.5  # a tracked point within this of the homography supports it
_FEWEST = 16


@dataclass(frozen=True, eq=False)
class Refined:
    """A homography fitted to tracked points.

    Attributes:
        H_cur_ref: (3, 3), reference px to current px, H[2, 2] = 1.
        points: Number of points with texture that the current image shows.
        agreeing_px: (M, 2) reference pixels of those that were tracked to where the homography puts them.
    """

    H_cur_ref: NDArray[np.float64]
    points: int
    agreeing_px: NDArray[np.float64]

    @property
    def support(self) -> float:
        """Share of the points that agree, 0 to 1."""
        return len(self.agreeing_px) / self.points if self.points else 0.0


def refine(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], H_cur_ref: NDArray[np.float64], side_px: int
) -> Refined | None:
    """Fit a homography to points tracked from the reference to the current image seen through a first one.

    Args:
        reference: (H, W) uint8.
        current: (H', W') uint8.
        H_cur_ref: (3, 3) first homography, up to some 40 px off.
        side_px: The reference is reduced to this longer side, and further where the current image shows it smaller.

    Returns:
        The better homography, or None where too few points can be tracked.
    """
    size_wh = (reference.shape[1], reference.shape[0])
    factor = min(1.0, side_px / max(size_wh), scale_at_centre(H_cur_ref, size_wh))
    view_wh = (max(round(size_wh[0] * factor), 1), max(round(size_wh[1] * factor), 1))
    if min(view_wh) < 2 * _WINDOW_PX:
        return None
    H_ref_view = scaling(view_wh, size_wh)
    here = freed_of_light(seen_through(reference, H_ref_view, view_wh))
    there = freed_of_light(seen_through(current, H_cur_ref @ H_ref_view, view_wh))
    visible = shown(H_cur_ref @ H_ref_view, view_wh, (current.shape[1], current.shape[0]))
    points = _textured(here, visible)
    if len(points) < _FEWEST:
        return None
    tracked, found = _track(here, there, points)
    D = fit_robustly(points[found], tracked[found]) if np.count_nonzero(found) >= _FEWEST else None
    if D is None:
        return None
    off = np.linalg.norm(transform_points(D, points) - tracked, axis=1)
    H = H_cur_ref @ H_ref_view @ D @ np.linalg.inv(H_ref_view)
    if not np.isfinite(H).all() or abs(H[2, 2]) < 1e-12:
        return None
    agreeing = transform_points(H_ref_view, points[found & (off < _AGREES_PX)])
    return Refined(H / H[2, 2], len(points), agreeing)


def freed_of_light(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take local mean and contrast off an image (H, W) uint8: gain, offset and shadows leave the result alone."""
    side = (_LIGHT_PX, _LIGHT_PX)
    mean = cv2.boxFilter(gray, cv2.CV_32F, side)
    spread = np.sqrt(np.maximum(cv2.sqrBoxFilter(gray, cv2.CV_32F, side) - mean * mean, 0))
    return np.asarray(np.clip((gray - mean) / (spread + _CONTRAST) * 40 + 128, 0, 255), np.uint8)


def _textured(gray: NDArray[np.uint8], visible: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(N, 2) corners spread over what both images show."""
    window = np.ones((_WINDOW_PX, _WINDOW_PX), np.uint8)
    mask = cv2.erode(visible.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    area = int(np.count_nonzero(mask))
    if area == 0:
        return np.zeros((0, 2), np.float32)
    apart = max(float(np.sqrt(area / _POINTS)) * 0.6, 3.0)
    corners = cv2.goodFeaturesToTrack(gray, _POINTS, 0.01, apart, mask=mask)
    return np.zeros((0, 2), np.float32) if corners is None else np.asarray(corners, np.float32).reshape(-1, 2)


def _track(
    here: NDArray[np.uint8], there: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where points went (N, 2), and which of them came home when tracked back."""
    window = (_WINDOW_PX, _WINDOW_PX)
    start = points.reshape(-1, 1, 2)
    forth, found, _ = cv2.calcOpticalFlowPyrLK(here, there, start, start.copy(), winSize=window, maxLevel=_LEVELS)
    back, returned, _ = cv2.calcOpticalFlowPyrLK(there, here, forth, forth.copy(), winSize=window, maxLevel=_LEVELS)
    home = np.linalg.norm((back - start).reshape(-1, 2), axis=1) < _BACK_PX
    kept = (found.ravel() > 0) & (returned.ravel() > 0) & home
    return np.asarray(forth.reshape(-1, 2), np.float32), np.asarray(kept, np.bool_)


def fit_robustly(
    points_ref: NDArray[np.float32], points_cur: NDArray[np.float32], iterations: int = 8
) -> NDArray[np.float64] | None:
    """Homography near the identity through points of which some are wrong.

    Iteratively reweighted least squares on the algebraic error, weights of Geman and McClure at the spread that the
    points have: unlike RANSAC it gives the same answer again, and uses all that points say.

    Args:
        points_ref: (N, 2) px.
        points_cur: (N, 2) px, near `points_ref`.
        iterations: How often weights are found anew.

    Returns:
        (3, 3) reference to current px, H[2, 2] = 1; None where the points fix none.
    """
    centre, size = points_ref.mean(axis=0), max(float(points_ref.std()), 1e-6)
    T = np.array([[1 / size, 0, -centre[0] / size], [0, 1 / size, -centre[1] / size], [0, 0, 1.0]])
    p, q = transform_points(T, points_ref), transform_points(T, points_cur)
    H = np.eye(3)
    for _ in range(iterations):
        off = np.linalg.norm(transform_points(H, p) - q, axis=1)
        spread = max(1.4826 * float(np.median(off)), 0.3 / size)
        solved = _weighted_fit(p, q, 1 / (1 + (off / (2 * spread)) ** 2) ** 2, H)
        if solved is None:
            return None
        H = solved
    H = np.linalg.inv(T) @ H @ T
    return np.asarray(H / H[2, 2], np.float64)


def _weighted_fit(
    p: NDArray[np.float64], q: NDArray[np.float64], weight: NDArray[np.float64], H: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Weighted least squares for H with H[2, 2] = 1; dividing by the last depth makes the error one of pixels."""
    depth = p @ H[2, :2] + 1.0
    if (depth <= 1e-3).any():
        return None
    scale = (np.sqrt(weight) / depth)[:, None]
    one, zero = np.ones((len(p), 1)), np.zeros((len(p), 3))
    x = np.hstack([p, one, zero, -q[:, :1] * p]) * scale
    y = np.hstack([zero, p, one, -q[:, 1:] * p]) * scale
    solution, _, rank, _ = np.linalg.lstsq(np.vstack([x, y]), np.r_[q[:, 0] * scale[:, 0], q[:, 1] * scale[:, 0]])
    return np.append(solution, 1.0).reshape(3, 3) if rank == 8 else None
