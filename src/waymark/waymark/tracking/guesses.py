# SPDX-License-Identifier: Apache-2.0
"""Where a target may be, by matched keypoints: places to try, none of them believed yet."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features, match
from waymark.image.geometry import local_scale
from waymark.image.homography import find_homography

_FEWEST = 6
_COARSE_PX = 6.0  # for an affinity, which is only nearly right where the target is seen aslant


def guesses(target: Features, current: Features, ratio: float, threshold_px: float) -> Iterator[NDArray[np.float64]]:
    """Match, and propose the homography that most matches agree with, then the affinity: it needs fewer.

    Args:
        target: Of the target's pictures.
        current: Of the current image, by the same detector.
        ratio: Of the ratio test.
        threshold_px: Distance of an inlier of the homography.

    Yields:
        H_cur_ref (3, 3), target px to current px.
    """
    pairs = match(target, current, ratio)
    if len(pairs) < _FEWEST:
        return
    points, found = target.keypoints[pairs[:, 0]], current.keypoints[pairs[:, 1]]
    # The affinity first: it takes a tenth of the time, and where not even it finds support there is nothing.
    A, agreeing = cv2.estimateAffine2D(points, found, method=cv2.RANSAC, ransacReprojThreshold=_COARSE_PX)
    if A is None or np.count_nonzero(agreeing) < _FEWEST:
        return
    H, inliers = find_homography(points, found, threshold_px)
    if H is not None and np.count_nonzero(inliers) >= _FEWEST and _is_upright(H, points[inliers]):
        yield H
    affine = np.vstack([A, [0.0, 0, 1]])
    if np.linalg.det(affine) > 1e-6:
        yield affine


def _is_upright(H: NDArray[np.float64], points: NDArray[np.float32]) -> bool:
    return bool((local_scale(H, points) > 0).all())
