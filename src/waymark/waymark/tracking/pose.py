# SPDX-License-Identifier: Apache-2.0
"""Metric pose of a planar target of known width."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.image.geometry import image_corners


def target_pose(
    corners_px: NDArray[np.float64], size_wh: tuple[int, int], width_m: float, camera: CameraModel
) -> NDArray[np.float64] | None:
    """Pose of a planar target from its four corners by IPPE (Collins and Bartoli, IJCV 2014).

    Args:
        corners_px: (4, 2) the target picture's corner pixels in the current image: from top left, clockwise.
        size_wh: Of the target picture, px.
        width_m: Real width of the whole picture, m.
        camera: Calibrated camera of the current image.

    Returns:
        T_camera_target (4, 4), m: the target's origin is its centre, x to its right, y down, z away from a
        viewer in front of it; the camera's frame is its optical frame. None where no pose fits.
    """
    # Corner pixels' centres lie half a pixel inside the picture's edge.
    pitch_m = width_m / size_wh[0]
    corners = image_corners(size_wh)
    flat = (corners - corners.mean(axis=0)) * pitch_m
    object_m = np.c_[flat, np.zeros(4)]
    ideal_px = camera.undistort_points(corners_px)
    try:
        found, rotation, translation = cv2.solvePnP(object_m, ideal_px, camera.K, np.zeros(4), flags=cv2.SOLVEPNP_IPPE)
    except cv2.error:  # corners on a line
        return None
    if not found or not np.isfinite(rotation).all() or float(translation[2, 0]) <= 0:
        return None
    T_camera_target = np.eye(4)
    T_camera_target[:3, :3] = cv2.Rodrigues(rotation)[0]
    T_camera_target[:3, 3] = translation.ravel()
    return T_camera_target
