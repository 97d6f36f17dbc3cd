# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.rotation import quaternion_xyzw, rotation_of, rotation_rpy, rotation_vector, rpy_of


@pytest.mark.parametrize(
    ('R', 'quaternion'),
    [
        (np.eye(3), (0, 0, 0, 1)),
        (np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), (0, 0, np.sqrt(0.5), np.sqrt(0.5))),
        (np.diag([1.0, -1, -1]), (1, 0, 0, 0)),
    ],
)
def test_rotations_become_the_quaternions_of_the_textbook(R, quaternion):
    got = np.array(quaternion_xyzw(R))
    np.testing.assert_allclose(got * np.sign(got @ quaternion), quaternion, atol=1e-12)


@pytest.mark.parametrize('angle', [0.0, 1e-12, 1e-6, 0.9e-3, 1.1e-3, 0.1, 1.0, 3.0, 3.1415])
def test_a_vector_comes_back_from_its_rotation_however_small(angle):
    axis = np.array([0.36, 0.48, -0.8])
    np.testing.assert_allclose(rotation_vector(rotation_of(angle * axis)), angle * axis, rtol=1e-9, atol=0)


@pytest.mark.parametrize('rpy', [(0.0, 0.0, 0.0), (0.3, -1.2, 3.0), (-3.0, 1.5, -2.0)])
def test_roll_pitch_and_yaw_come_back(rpy):
    assert rpy_of(rotation_rpy(*rpy)) == pytest.approx(rpy, abs=1e-9)
