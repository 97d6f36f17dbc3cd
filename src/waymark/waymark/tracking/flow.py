# SPDX-License-Identifier: Apache-2.0
"""From the last image to this one: optical flow with a forward-backward check, for all targets in one call."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import transform_points
from waymark.image.homography import find_homography
from waymark.tracking.pyramid import FramePyramid

_WINDOW = (11, 11)
_LEVELS = 3
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 0.02)  # steps, px
_INLIER_PX = 1.0  # of the reduced image
_FEWEST = 6


class FrameFlow:
    """Remembers the last image, reduced, and follows points from it."""

    def __init__(self, longest_px: int, back_px: float) -> None:
        """Start without an image.

        Args:
            longest_px: Longer side to which images are halved.
            back_px: Farthest that a point followed to the next image and back may end from where it began, px of the
                reduced image.
        """
        self._longest_px = longest_px
        self._back_px = back_px
        self._last: NDArray[np.uint8] | None = None
        self._size_wh: tuple[int, int] | None = None

    def forget(self) -> None:
        """Take the next image as the first."""
        self._last = None

    def motions(
        self, image: FramePyramid, points_px: Sequence[NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64] | None, ...]:
        """Follow points of several targets from the last image, and keep this one.

        Args:
            image: The current one.
            points_px: Per target (N, 2) px of the last image.

        Returns:
            Per target H_cur_last (3, 3), full px; None where too few points agree, and everywhere when there is no
            last image of this size.
        """
        number = image.level_for(self._longest_px)
        small, scaling = image.level(number), image.scaling(number)
        last, self._last = self._last, small
        counts = [len(p) for p in points_px]
        if last is None or last.shape != small.shape or image.size_wh != self._size_wh or not sum(counts):
            self._size_wh = image.size_wh
            return (None,) * len(points_px)
        begin = transform_points(scaling, np.concatenate([p for p in points_px if len(p)])).astype(np.float32)
        end, kept = self._there_and_back(last, small, begin)
        bounds = np.cumsum([0, *counts])
        parts = [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
        moved = [_motion(begin[part][kept[part]], end[part][kept[part]]) for part in parts]
        unscaled = np.linalg.inv(scaling)
        return tuple(None if H is None else unscaled @ H @ scaling for H in moved)

    def _there_and_back(
        self, last: NDArray[np.uint8], small: NDArray[np.uint8], begin: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        end, there = followed(last, small, begin, _LEVELS)
        back, again = followed(small, last, end, _LEVELS)
        return end, there & again & (np.linalg.norm(back - begin, axis=1) <= self._back_px)


def followed(
    first: NDArray[np.uint8], second: NDArray[np.uint8], points_px: NDArray[np.float32], levels: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Optical flow of Lucas and Kanade on pyramids.

    Args:
        first: (H, W) uint8.
        second: (H, W) uint8.
        points_px: (N, 2) px of the first image, at least one.
        levels: Halvings of the images.

    Returns:
        (N, 2) px of the second image, and (N,) which were found.
    """
    start = points_px.reshape(-1, 1, 2)
    end, status, _ = cv2.calcOpticalFlowPyrLK(  # type: ignore[call-overload]  # None lets OpenCV allocate
        first, second, start, None, winSize=_WINDOW, maxLevel=levels, criteria=_STOP
    )
    return np.asarray(end, np.float32).reshape(-1, 2), np.asarray(status).ravel() > 0


def _motion(begin: NDArray[np.float32], end: NDArray[np.float32]) -> NDArray[np.float64] | None:
    if len(begin) < _FEWEST:
        return None
    H, inliers = find_homography(begin, end, _INLIER_PX, quick=True)
    return H if np.count_nonzero(inliers) >= _FEWEST else None
