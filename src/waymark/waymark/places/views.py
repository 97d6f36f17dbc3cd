# SPDX-License-Identifier: Apache-2.0
"""Matched points of two images, without the distortion of their lenses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.maps import Keyframe

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


@dataclass(frozen=True, eq=False)
class Lenses:
    """The cameras of two images.

    Attributes:
        ref: Of the keyframe.
        cur: Of the other image.
    """

    ref: CameraModel
    cur: CameraModel

    def fit(self, keyframe: Keyframe) -> bool:
        """Whether a keyframe has the size of its camera's images; else nothing is known of its camera."""
        return tuple(keyframe.features.size_wh) == tuple(self.ref.size_wh)

    def views(self, points_ref: NDArray[np.floating], points_cur: NDArray[np.floating]) -> Views:
        """Take distortion away, and the difference between the cameras.

        Args:
            points_ref: (N, 2) px in the keyframe.
            points_cur: (N, 2) px in the other image, whose K is taken for both.
        """
        K = self.cur.K
        return Views(self.ref.undistort_points(points_ref, K), self.cur.undistort_points(points_cur), K)
