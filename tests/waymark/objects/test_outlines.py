# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.boxes import corners
from waymark.image.camera import CameraModel
from waymark.objects.outlines import outlines

BOXES = np.array([(100.0, 80, 60, 20, 0.4), (250, 200, 30, 10, -1.0)])
K = np.array([[300.0, 0, 160], [0, 310, 118], [0, 0, 1]])


def seen(points, K):
    rays = points @ K.T
    return rays[..., :2] / rays[..., 2:]


def test_a_camera_sees_the_outlines_where_the_boxes_are():
    points = outlines(BOXES, (320, 240), CameraModel((320, 240), K, np.zeros(5)), 3.0)
    assert points.shape == (2, 4, 3) and (points[..., 2] == 3.0).all()
    np.testing.assert_allclose(seen(points, K), corners(BOXES), atol=1e-6)


def test_the_lens_is_taken_out():
    D = np.array([-0.2, 0.05, 0.001, 0.0, 0.0])
    points = outlines(BOXES, (320, 240), CameraModel((320, 240), K, D), 1.0).reshape(-1, 3)
    x, y = points[:, 0], points[:, 1]
    r2 = x * x + y * y  # the plumb-bob model, written out
    radial = 1 + D[0] * r2 + D[1] * r2 * r2
    u = x * radial + 2 * D[2] * x * y
    v = y * radial + D[2] * (r2 + 2 * y * y)
    np.testing.assert_allclose(
        np.column_stack([300 * u + 160, 310 * v + 118]), corners(BOXES).reshape(-1, 2), atol=0.01
    )


def test_without_a_calibration_the_focal_length_is_the_width():
    [[first, second, *_]] = outlines([(159.5, 119.5, 320, 0, 0)], (320, 240), None, 2.0)
    assert (first, second) == (pytest.approx([-1, 0, 2]), pytest.approx([1, 0, 2]))


def test_no_boxes_give_no_outlines():
    for camera in (None, CameraModel((320, 240), K, np.zeros(5))):
        assert outlines(np.zeros((0, 5)), (320, 240), camera, 1.0).shape == (0, 4, 3)
