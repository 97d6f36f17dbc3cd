# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.checks import require_dtype, require_finite, require_gray, require_rgb, require_shape


def test_a_shape_with_free_sizes_fits():
    require_shape('points', np.zeros((7, 2)), ('N', 2))
    require_shape('points', np.zeros((0, 2)), ('N', 2))


@pytest.mark.parametrize(
    ('array', 'shape', 'said'),
    [
        (np.zeros((59, 2)), (60, 2), r'points: expected shape \(60, 2\), got \(59, 2\)'),
        (np.zeros(2), ('N', 2), r'points: expected shape \(N, 2\), got \(2,\)'),
        (np.zeros((1, 2)), ('N',), r'points: expected shape \(N,\), got \(1, 2\)'),
    ],
)
def test_a_wrong_shape_is_named(array, shape, said):
    with pytest.raises(ValueError, match=said):
        require_shape('points', array, shape)


def test_a_wrong_dtype_is_named():
    require_dtype('image', np.zeros(1, np.uint8), np.uint16, np.uint8)
    with pytest.raises(ValueError, match='image: expected dtype uint8 or uint16, got float32'):
        require_dtype('image', np.zeros(1, np.float32), np.uint8, np.uint16)


def test_values_that_are_not_finite_are_counted():
    require_finite('vector', np.zeros(0))
    with pytest.raises(ValueError, match='vector: 2 of 3 values are not finite'):
        require_finite('vector', np.array([np.nan, 1.0, np.inf]))


@pytest.mark.parametrize('shape', [(0, 5, 3), (5, 5), (5, 5, 4)])
def test_what_is_no_rgb_image_is_refused(shape):
    with pytest.raises(ValueError, match='rgb: '):
        require_rgb('rgb', np.zeros(shape, np.uint8))


@pytest.mark.parametrize('shape', [(0, 5), (5, 5, 3)])
def test_what_is_no_gray_image_is_refused(shape):
    with pytest.raises(ValueError, match='gray: '):
        require_gray('gray', np.zeros(shape, np.uint8))
