# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.encoding.pooling import pool

TOKENS = np.array([[[1.0, 2], [3, 4], [5, 6]]])


@pytest.mark.parametrize(
    ('output', 'pooling', 'expected'),
    [
        (TOKENS[:, 0], 'none', [1, 2]),
        (TOKENS, 'cls', [1, 2]),
        (TOKENS, 'mean', [3, 4]),
        (TOKENS, 'gem', np.cbrt([153 / 3, 288 / 3])),
        (np.array([[[[1.0, 3]], [[2, 6]]]]), 'mean', [2, 4]),  # (1, D, h, w)
        (TOKENS[:, 0], 'mean', [1, 2]),  # pooled already
    ],
)
def test_pooling(output, pooling, expected):
    np.testing.assert_allclose(pool(output, pooling), expected, rtol=1e-6)


@pytest.mark.parametrize('output', [np.zeros((0, 4)), np.zeros((2, 4)), np.zeros((2, 3, 4)), np.array(1.0)])
def test_what_is_not_of_one_image_keeps_its_shape(output):
    assert pool(output, 'cls').shape == output.shape
