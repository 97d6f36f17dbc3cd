# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.camera import CameraModel
from waymark.tracking.pose import target_pose

K = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
D = np.array([-0.1, 0.02, 0.001, -0.001])
SIZE_WH, WIDTH_M = (200, 100), 0.5


def seen_corners(T_camera_target, distortion):
    """Where a camera sees the corner pixels' centres of a 200 x 100 px target that is 0.5 m wide."""
    x, y = 0.25 - 0.00125, 0.125 - 0.00125
    corners = np.array([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]])
    rotation, _ = cv2.Rodrigues(T_camera_target[:3, :3])
    return cv2.projectPoints(corners, rotation, T_camera_target[:3, 3], K, distortion)[0].reshape(4, 2)


def pose(rotation_rad, translation_m):
    T = np.eye(4)
    T[:3, :3] = cv2.Rodrigues(np.array(rotation_rad, float))[0]
    T[:3, 3] = translation_m
    return T


@pytest.mark.parametrize('distortion', [np.zeros(4), D], ids=['ideal', 'distorted'])
@pytest.mark.parametrize(
    'T', [pose((0, 0, 0), (0, 0, 1)), pose((0.3, -0.4, 0.5), (0.1, -0.2, 1.5)), pose((0, 0, 3), (0, 0.1, 2))]
)
def test_the_pose_that_made_the_corners_is_found(T, distortion):
    camera = CameraModel((640, 480), K, distortion)
    found = target_pose(seen_corners(T, distortion), SIZE_WH, WIDTH_M, camera)
    np.testing.assert_allclose(found, T, atol=1e-4)


def test_corners_on_a_line_have_no_pose():
    corners = np.array([[0.0, 0], [100, 0], [200, 0], [300, 0]])
    found = target_pose(corners, SIZE_WH, WIDTH_M, CameraModel((640, 480), K, D))
    assert found is None or np.isfinite(found).all()
