# SPDX-License-Identifier: Apache-2.0
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from waymark.image.hamming import MODEL, Signs, hamming_distances


def descriptors(count, width, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, width), np.uint8)


@pytest.mark.parametrize('width', [1, 32, 61])
def test_distances_are_the_numbers_of_bits_that_differ(width):
    a, b = descriptors(70, width, 1), descriptors(90, width, 2)
    b[:30] = a[:30]
    b[40], a[40] = 0, 255
    counted = np.unpackbits(a[:, None] ^ b[None], axis=2).sum(axis=2)
    found = hamming_distances(a, Signs.of(b))
    np.testing.assert_array_equal(found, counted)
    assert found[40, 40] == 8 * width and not found[range(30), range(30)].any()


@pytest.mark.parametrize(('n', 'm'), [(0, 3), (3, 0), (0, 0), (1, 1)])
def test_few_descriptors_have_as_few_distances(n, m):
    assert hamming_distances(descriptors(n, 32, 0), Signs.of(descriptors(m, 32, 1))).shape == (n, m)


def test_descriptors_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r'a: expected shape \(N, 32\), got \(5, 61\)'):
        hamming_distances(descriptors(5, 61, 0), Signs.of(descriptors(4, 32, 0)))


def test_the_model_is_what_its_comment_says():
    sides = [('a', TensorProto.UINT8, 'nk'), ('b', TensorProto.INT8, 'km'), ('c', TensorProto.INT32, 'nm')]
    a, b, c = (helper.make_tensor_value_info(name, kind, list(shape)) for name, kind, shape in sides)
    graph = helper.make_graph([helper.make_node('MatMulInteger', ['a', 'b'], ['c'])], 'hamming', [a, b], [c])
    assert onnx.load_from_string(MODEL).graph == graph
