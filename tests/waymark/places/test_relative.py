# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.places.epipolar import pose_up_to_scale
from waymark.places.relative import PlaneKnown, pose_over_plane

K = np.array([[500.0, 0, 319.5], [0, 500, 239.5], [0, 0, 1]])
HEIGHT_M = 20.0


def turned(by):
    return cv2.Rodrigues(np.asarray(by, float))[0]


def projected(points, T_ref_cur=None):
    """Pixels of points (N, 3) m in the keyframe's camera, seen by a camera at T_ref_cur."""
    T = np.eye(4) if T_ref_cur is None else T_ref_cur
    seen = (points - T[:3, 3]) @ T[:3, :3] @ K.T
    return seen[:, :2] / seen[:, 2:]


def draw(rng, flat, count=150):
    """Points in view, a pose near the keyframe's, and both images' pixels."""
    pixels = rng.uniform((10, 10), (630, 470), (count, 2))
    rays = np.c_[pixels, np.ones(count)] @ np.linalg.inv(K).T
    points = rays * (HEIGHT_M if flat else rng.uniform(6, 30, (count, 1)))
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = turned(rng.normal(0, 0.08, 3)), rng.uniform(-3, 3, 3)
    return T, pixels, projected(points, T)


def errors(found, T):
    return np.r_[found.T_ref_cur[:3, 3] - T[:3, 3], cv2.Rodrigues(found.T_ref_cur[:3, :3] @ T[:3, :3].T)[0].ravel()]


def test_a_flat_scene_gives_the_pose_in_metres():
    T, ref, cur = draw(np.random.default_rng(1), flat=True)
    found = pose_over_plane(ref, cur, K, PlaneKnown(HEIGHT_M))
    assert found.is_metric
    np.testing.assert_allclose(errors(found, T), 0, atol=2e-3)


def test_without_the_altitude_the_plane_s_distance_is_the_unit():
    T, ref, cur = draw(np.random.default_rng(2), flat=True)
    found = pose_over_plane(ref, cur, K, PlaneKnown())
    assert not found.is_metric
    np.testing.assert_allclose(found.T_ref_cur[:3, 3] * HEIGHT_M, T[:3, 3], atol=2e-3)


def test_a_third_of_outliers_changes_nothing():
    T, ref, cur = draw(np.random.default_rng(3), flat=True)
    cur[:50] = cur[:50][::-1]
    np.testing.assert_allclose(errors(pose_over_plane(ref, cur, K, PlaneKnown(HEIGHT_M)), T), 0, atol=5e-3)


def test_an_uncertain_altitude_makes_the_position_uncertain_along_itself():
    T, ref, cur = draw(np.random.default_rng(4), flat=True)
    sure, unsure = (pose_over_plane(ref, cur, K, PlaneKnown(HEIGHT_M, sigma)) for sigma in (0.0, 1.0))
    added = unsure.covariance - sure.covariance
    np.testing.assert_allclose(added[:3, :3], np.outer(T[:3, 3], T[:3, 3]) / HEIGHT_M**2, atol=1e-4)
    np.testing.assert_allclose(added[3:], 0, atol=1e-9)


def test_a_scene_with_depth_gives_rotation_and_direction():
    T, ref, cur = draw(np.random.default_rng(5), flat=False)
    found = pose_up_to_scale(ref, cur, K)
    T[:3, 3] /= np.linalg.norm(T[:3, 3])
    assert not found.is_metric
    np.testing.assert_allclose(errors(found, T), 0, atol=5e-3)


@pytest.mark.parametrize(
    'find', [lambda a, b: pose_over_plane(a, b, K, PlaneKnown(1.0)), lambda a, b: pose_up_to_scale(a, b, K)]
)
@pytest.mark.parametrize('count', [0, 1, 7])
def test_too_few_points_fix_no_pose(find, count):
    assert find(np.zeros((count, 2)), np.zeros((count, 2))) is None


def test_points_on_one_spot_fix_no_pose():
    assert pose_over_plane(np.zeros((20, 2)), np.zeros((20, 2)), K, PlaneKnown(1.0)) is None


def test_matrices_of_another_shape_are_refused():
    with pytest.raises(ValueError, match='points_cur: expected shape'):
        pose_over_plane(np.zeros((9, 2)), np.zeros((8, 2)), K, PlaneKnown(1.0))


def normalized(find, flat, runs=100):
    """Mean normalised squared error over its degrees of freedom, with half a pixel of noise in both images."""
    rng, total, freedom = np.random.default_rng(6), [], 6 if flat else 5
    for _ in range(runs):
        T, ref, cur = draw(rng, flat)
        found = find(ref + rng.normal(0, 0.5, ref.shape), cur + rng.normal(0, 0.5, cur.shape))
        if not flat:
            T[:3, 3] /= np.linalg.norm(T[:3, 3])
        e = errors(found, T)
        total.append(e @ np.linalg.pinv(found.covariance, rcond=1e-9, hermitian=True) @ e)
    return np.mean(total) / freedom, 1.96 * np.sqrt(2 / (freedom * runs))


@pytest.mark.parametrize('flat', [True, False])
def test_errors_are_as_large_as_the_covariance_says(flat):
    def find(a, b):
        return pose_over_plane(a, b, K, PlaneKnown(HEIGHT_M)) if flat else pose_up_to_scale(a, b, K, 3.0)

    mean, bound = normalized(find, flat)
    # By so much the stated covariance is larger than the jackknife's: among things with depth .15 px are added for what
    # all points share, which these do not.
    doubt = 1.1 if flat else 2.0
    assert (1 - bound) / doubt - 0.05 < mean < 1 + bound
