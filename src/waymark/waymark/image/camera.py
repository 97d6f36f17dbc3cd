# SPDX-License-Identifier: Apache-2.0
"""Pinhole camera with plumb_bob distortion. Points are undistorted, images never."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.errors import MessageError


@dataclass(frozen=True, eq=False)
class CameraModel:
    """Intrinsics of one camera at one resolution.

    Attributes:
        size_wh: Image width and height, px.
        K: (3, 3) intrinsics, px; integer coordinates are pixel centres.
        D: (N,) distortion k1 k2 p1 p2 [k3 ...] of OpenCV's model (ROS `plumb_bob` and `rational_polynomial`).
    """

    size_wh: tuple[int, int]
    K: NDArray[np.float64]
    D: NDArray[np.float64]

    def __post_init__(self) -> None:
        require_shape('K', self.K, (3, 3))
        require_shape('D', self.D, ('N',))

    @property
    def is_calibrated(self) -> bool:
        """False when K is zero: an uncalibrated camera says so this way (REP-104), and nothing metric follows.

        Nor where a number of K or D is not finite.
        """
        is_finite = np.isfinite(self.K).all() and np.isfinite(self.D).all()
        return bool(is_finite and self.K[0, 0] > 0 and self.K[1, 1] > 0)

    def require_size(self, size_wh: tuple[int, int]) -> None:
        """Refuse images of another resolution than the calibration's.

        Raises:
            MessageError: Naming both sizes and the remedy.
        """
        if tuple(size_wh) != tuple(self.size_wh):
            raise MessageError(
                f'camera_info is for {self.size_wh[0]}x{self.size_wh[1]} px, '
                f'the images are {size_wh[0]}x{size_wh[1]} px. '
                'Calibrate at this resolution or publish the camera_info that belongs to it.'
            )

    def undistort_points(
        self, points_px: NDArray[np.floating], K_ideal: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Map image points to where an ideal pinhole camera would see them.

        Args:
            points_px: (N, 2) pixels (x, y).
            K_ideal: (3, 3) of that camera; None: this one's K.

        Returns:
            (N, 2) pixels.
        """
        require_shape('points_px', points_px, ('N', 2))
        if len(points_px) == 0:
            return np.zeros((0, 2))
        src = np.ascontiguousarray(points_px, np.float64).reshape(-1, 1, 2)
        return np.asarray(
            cv2.undistortPoints(src, self.K, self.D, P=self.K if K_ideal is None else K_ideal), np.float64
        ).reshape(-1, 2)
