# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.image.rotation import quaternion_xyzw


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
