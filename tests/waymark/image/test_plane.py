# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from waymark.image.plane import decompose_plane, ground_homography
from waymark.image.rotation import rotation_of

K = np.array([[400.0, 0, 320], [0, 410, 240], [0, 0, 1]])
K2 = np.array([[300.0, 0, 160], [0, 300, 120], [0, 0, 1]])
R = rotation_of(np.array([0.05, -0.1, 0.2]))
T = np.array([1.5, -0.5, 0.8])
N = np.array([0.1, -0.2, 1.0]) / np.linalg.norm([0.1, -0.2, 1.0])
D = 12.0


def H_of(scale=1.0):
    return scale * K2 @ (R + np.outer(T, N) / D) @ np.linalg.inv(K)


@pytest.mark.parametrize('scale', [1.0, -3.0, 1e-4])
def test_the_first_solution_is_the_true_motion_plane_and_distance_whatever_the_sign_and_scale(scale):
    first = decompose_plane(H_of(scale), K, K2, N)[0]
    np.testing.assert_allclose(first.R_cur_ref, R, atol=1e-6)
    np.testing.assert_allclose(first.t_over_d, T / D, atol=1e-6)
    np.testing.assert_allclose(first.normal, N, atol=1e-6)
    np.testing.assert_allclose(first.centre_over_d, -R.T @ T / D, atol=1e-6)
    assert first.distance(float(np.linalg.norm(T))) == pytest.approx(D, rel=1e-6)


def test_there_are_at_most_two_solutions_and_all_lie_ahead():
    found = decompose_plane(H_of(), K, K2, N)
    assert 1 <= len(found) <= 2
    assert all(m.normal[2] > 0 for m in found)


def test_a_camera_that_only_turned_sees_no_plane():
    [only] = decompose_plane(K2 @ R @ np.linalg.inv(K), K, K2)
    np.testing.assert_allclose(only.R_cur_ref, R, atol=1e-6)
    np.testing.assert_allclose(only.t_over_d, 0.0, atol=1e-6)
    assert only.distance(1.0) is None


def test_a_singular_homography_has_no_solution_and_a_broken_one_is_refused():
    assert decompose_plane(np.ones((3, 3)), K, K) == ()
    with pytest.raises(ValueError, match='H_cur_ref: 9 of 9 values are not finite'):
        decompose_plane(np.full((3, 3), np.nan), K, K)
    with pytest.raises(ValueError, match='expected shape'):
        decompose_plane(np.eye(2), K, K)


def test_the_homography_of_the_ground_moves_the_point_below_as_the_cameras_moved():
    down = np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]])
    H = ground_homography(down, np.array([0.0, 0.0, 10.0]), down, np.array([1.0, 0.0, 10.0]), K, K)
    np.testing.assert_allclose(H, [[1, 0, 0], [0, 1, 41.0], [0, 0, 1]], atol=1e-9)
