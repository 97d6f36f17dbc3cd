# SPDX-License-Identifier: Apache-2.0
"""Does a homography explain everything that two images share, or is there depth?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.image.geometry import transform_points
from waymark.image.homography import find_homography
from waymark.places.epipolar import find_essential

# A plane leaves the essential matrix free to take in outliers by chance: so many are none of its business.
_CHANCE_SHARE, _CHANCE_COUNT = 0.25, 8


def shows_a_plane(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], K: NDArray[np.float64], threshold_px: float
) -> bool:
    """Whether matches fit one plane (or a camera that only turned) about as well as any two views.

    Args:
        points_ref: (N, 2) undistorted px, with outliers.
        points_cur: (N, 2) undistorted px.
        K: (3, 3) of both images.
        threshold_px: Of the homography's inliers; points within twice of it count as the plane's.
    """
    H, inliers = find_homography(np.asarray(points_ref, np.float32), np.asarray(points_cur, np.float32), threshold_px)
    epipolar = find_essential(points_ref, points_cur, K)
    if H is None or epipolar is None:
        return epipolar is None
    off = np.linalg.norm(points_cur - transform_points(H, points_ref), axis=1)
    with_depth = int((epipolar.inliers & ~(off < 2 * threshold_px)).sum())
    return with_depth < max(_CHANCE_COUNT, _CHANCE_SHARE * int(inliers.sum()))
