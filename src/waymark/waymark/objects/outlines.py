# SPDX-License-Identifier: Apache-2.0
"""Where the outlines of boxes lie in front of the camera, for viewers that draw in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes import corners
from waymark.image.camera import CameraModel


def outlines(
    boxes: ArrayLike, size_wh: tuple[int, int], camera: CameraModel | None, depth_m: float
) -> NDArray[np.float64]:
    """Corners of boxes on a plane across the optical axis.

    Args:
        boxes: (N, 5) cx, cy, w, h in px, theta in rad.
        size_wh: Of the image, px.
        camera: Its calibration; None: one whose focal length is the width of the image.
        depth_m: How far the plane is.

    Returns:
        (N, 4, 3) x right, y down, z forward, m; the side from corner 0 to corner 1 runs along theta.
    """
    points = corners(boxes).reshape(-1, 2)
    width, height = size_wh
    K = np.array([[width, 0, (width - 1) / 2], [0, width, (height - 1) / 2], [0, 0, 1.0]])
    if camera is not None:
        K = camera.K
        points = camera.undistort_points(points) if len(points) else points
    x, y = (points - K[:2, 2]).T / [[K[0, 0]], [K[1, 1]]]
    return np.column_stack([x, y, np.ones(len(x))]).reshape(-1, 4, 3) * depth_m
