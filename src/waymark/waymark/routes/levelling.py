# SPDX-License-Identifier: Apache-2.0
"""Image points as a camera that looks straight down would see them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel

Floats = NDArray[np.float64]

# Columns: the optical frame's right, down (of the image) and view in forward, left, up of the vehicle.
R_BASE_CAMERA = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])


def mounted(camera_yaw_rad: float) -> Floats:
    """R_base_camera (3, 3) of a camera that looks down, its image's up at this heading in the vehicle."""
    c, s = math.cos(camera_yaw_rad), math.sin(camera_yaw_rad)
    return np.asarray(np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ R_BASE_CAMERA)


def down_in_camera(R_world_camera: Floats) -> Floats:
    """(3,) unit vector: the world's down in the optical frame."""
    return np.asarray(-R_world_camera[2])


def level_points(points_px: NDArray[np.floating], camera: CameraModel, down: Floats | None) -> Floats:
    """Rays through image points, on the plane one unit below the camera.

    Args:
        points_px: (N, 2).
        camera: Calibrated.
        down: (3,) direction to the ground in the optical frame; None: where the camera looks.

    Returns:
        (N, 2) right and back of the camera, in heights above the ground.
    """
    ideal = camera.undistort_points(points_px, np.eye(3))
    rays = np.column_stack([ideal, np.ones(len(ideal))])
    if down is not None:
        rays = rays @ turn_to_view(down).T
    return np.asarray(rays[:, :2] / rays[:, 2:])


def turn_to_view(down: Floats) -> Floats:
    """The smallest rotation (3, 3) that takes a unit vector to (0, 0, 1)."""
    x, y, z = down / np.linalg.norm(down)
    if z < 0.1:  # further than 84 degrees: no ground in such an image
        raise ValueError(f'down: expected a camera that looks down, got {down}')
    k = 1.0 / (1.0 + z)
    return np.array([[1 - k * x * x, -k * x * y, -x], [-k * x * y, 1 - k * y * y, -y], [x, y, z]])
