# SPDX-License-Identifier: Apache-2.0
"""Metric pose of a planar target of known width, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.image.geometry import image_corners, transform_points
from waymark.tracking.alignment import Alignment


@dataclass(frozen=True, eq=False)
class TargetPose:
    T_camera_target: NDArray[np.float64]
    covariance: NDArray[np.float64]


def target_pose(found, size_wh, width_m, camera):
    return None
