# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.image.camera import CameraModel
from waymark.tracking.pose import target_pose

K = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
D = np.array([-0.1, 0.02, 0.001, -0.001])
SIZE_WH, WIDTH_M = (200, 100), 0.5
# Picture pixels of a 200 x 100 px target that is 0.5 m wide: 2.5 mm each.
POINTS_PX = np.stack(np.meshgrid(np.linspace(10, 190, 8), np.linspace(10, 90, 6)), axis=-1).reshape(-1, 2)


def seen(T_camera_target, distortion):
    """Where a camera sees POINTS_PX."""
    flat = (POINTS_PX - (99.5, 49.5)) * 0.0025
    rotation, _ = cv2.Rodrigues(T_camera_target[:3, :3])
    object_m = np.c_[flat, np.zeros(len(flat))]
    return cv2.projectPoints(object_m, rotation, T_camera_target[:3, 3], K, distortion)[0].reshape(-1, 2)


def pose(rotation_rad, translation_m):
    T = np.eye(4)
    T[:3, :3] = cv2.Rodrigues(np.array(rotation_rad, float))[0]
    T[:3, 3] = translation_m
    return T


def error(found, true):
    turn = cv2.Rodrigues(found[:3, :3] @ true[:3, :3].T)[0].ravel()
    return np.concatenate([found[:3, 3] - true[:3, 3], turn])


@pytest.mark.parametrize('distortion', [np.zeros(4), D], ids=['ideal', 'distorted'])
@pytest.mark.parametrize(
    'T', [pose((0, 0, 0), (0, 0, 1)), pose((0.3, -0.4, 0.5), (0.1, -0.2, 1.5)), pose((0, 0, 3), (0, 0.1, 2))]
)
def test_the_pose_that_made_the_points_is_found(T, distortion):
    camera = CameraModel((640, 480), K, distortion)
    found = target_pose(POINTS_PX, seen(T, distortion), SIZE_WH, WIDTH_M, camera)
    np.testing.assert_allclose(found.T_camera_target, T, atol=1e-4)


@pytest.mark.parametrize(
    'points', [np.zeros((0, 2)), POINTS_PX[:3], np.stack([np.arange(9.0) * 20, np.zeros(9)], axis=1)]
)
def test_too_few_points_or_points_on_a_line_have_no_pose(points):
    camera = CameraModel((640, 480), K, np.zeros(4))
    assert target_pose(points, points + 50, SIZE_WH, WIDTH_M, camera) is None


@pytest.mark.parametrize('noise_px', [0.2, 0.6])
def test_errors_are_as_large_as_the_covariance_says(noise_px):
    """Normalised errors squared are chi-square of 6 degrees: 6 on average. Points count half, so here it is 3."""
    rng, camera, normalised = np.random.default_rng(0), CameraModel((640, 480), K, np.zeros(4)), []
    for _ in range(150):
        T = pose(rng.uniform(-0.5, 0.5, 3) + (0.5, 0, 0), (*rng.uniform(-0.1, 0.1, 2), rng.uniform(0.7, 1.2)))
        points = seen(T, np.zeros(4)) + rng.normal(0, noise_px, (len(POINTS_PX), 2))
        found = target_pose(POINTS_PX, points, SIZE_WH, WIDTH_M, camera)
        e = error(found.T_camera_target, T)
        normalised.append(e @ np.linalg.solve(found.covariance, e))
    assert 2.2 < np.mean(normalised) < 3.8


def test_a_far_target_seen_from_the_front_says_that_its_tilt_is_not_known():
    rng, camera = np.random.default_rng(1), CameraModel((640, 480), K, np.zeros(4))
    T = pose((0.05, 0.08, 0), (0, 0, 8))
    points = seen(T, np.zeros(4)) + rng.normal(0, 0.3, (len(POINTS_PX), 2))
    found = target_pose(POINTS_PX, points, SIZE_WH, WIDTH_M, camera)
    e = error(found.T_camera_target, T)
    assert e @ np.linalg.solve(found.covariance, e) < 16.8  # 99 % of chi-square of 6
    assert np.sqrt(np.diag(found.covariance)[3:5]).max() > 0.05


def test_the_covariance_is_symmetric_and_grows_with_the_noise():
    camera = CameraModel((640, 480), K, np.zeros(4))
    T, rng = pose((0.4, 0.2, 0), (0, 0, 1)), np.random.default_rng(2)
    shake = rng.normal(0, 1, (len(POINTS_PX), 2))
    little, much = (
        target_pose(POINTS_PX, seen(T, np.zeros(4)) + s * shake, SIZE_WH, WIDTH_M, camera) for s in (0.3, 1)
    )
    np.testing.assert_array_equal(little.covariance, little.covariance.T)
    assert (np.linalg.eigvalsh(little.covariance) > 0).all()
    assert (np.diag(much.covariance) > 5 * np.diag(little.covariance)).all()
