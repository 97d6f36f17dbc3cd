# SPDX-License-Identifier: Apache-2.0
"""Matched points of two images, without the distortion of their lenses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Views:
    """Matched points of two images, as one ideal camera would have seen both.

    Attributes:
        points_ref: (N, 2) undistorted px in the keyframe, with outliers.
        points_cur: (N, 2) undistorted px in the other image.
        K: (3, 3) of both.
    """

    points_ref: Floats
    points_cur: Floats
    K: Floats


def undistorted(
    points_ref: NDArray[np.floating], points_cur: NDArray[np.floating], ref: CameraModel, cur: CameraModel
) -> Views:
    """Take distortion away, and the difference between two cameras.

    Args:
        points_ref: (N, 2) px in the keyframe.
        points_cur: (N, 2) px in the other image.
        ref: The keyframe's camera.
        cur: The other's, whose K is taken for both.
    """
    return Views(ref.undistort_points(points_ref, cur.K), cur.undistort_points(points_cur), cur.K)
