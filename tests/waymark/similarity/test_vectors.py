# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from waymark.similarity import cosine, cosine_matrix, dot, euclidean, manhattan, unit, weighted_dot

X, Y = np.array([3.0, -4.0, 0.0]), np.array([1.0, 2.0, 2.0])
ALL = [dot, cosine, euclidean, manhattan]
FINITE = st.floats(-1e150, 1e150, allow_subnormal=False)
PAIRS = hnp.array_shapes(min_dims=1, max_dims=3, max_side=5).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=FINITE), hnp.arrays(np.float64, shape, elements=FINITE)
    )
)


@pytest.mark.parametrize(
    ('function', 'expected', 'masked'),
    [
        (dot, -5.0, 3.0 - 4.0),
        (cosine, -5 / (5 * 3), -1 / np.sqrt((9 + 8) * (1 + 2))),
        (euclidean, np.sqrt(4 + 36 + 4), np.sqrt(4 + 18)),
        (manhattan, 2 + 6 + 2, 2 + 3),
    ],
)
def test_each_comparison_is_as_computed_by_hand(function, expected, masked):
    assert function(X, Y) == pytest.approx(expected, abs=1e-12)
    assert function(X, Y, mask=[1, 0.5, 0]) == pytest.approx(masked, abs=1e-12)


def test_weights_of_a_dot_product_may_be_any_numbers():
    assert weighted_dot(X, Y, [1, -1, 10]) == pytest.approx(3 + 8)
    assert weighted_dot(X, Y, [1, -1, 10], mask=[0, 0.5, 1]) == pytest.approx(4)
    with pytest.raises(ValueError, match='weights: shape'):
        weighted_dot(X, Y, [1, 2])


@pytest.mark.parametrize('function', ALL)
def test_a_batch_gives_what_its_items_give(function):
    rng = np.random.default_rng(0)
    x, y, mask = rng.normal(size=(4, 1, 6)), rng.normal(size=(3, 6)), rng.random((3, 6))
    scores = function(x, y, mask)
    assert scores.shape == (4, 3)
    one_by_one = [[function(x[i, 0], y[j], mask[j]) for j in range(3)] for i in range(4)]
    np.testing.assert_allclose(scores, one_by_one, atol=1e-12)


@pytest.mark.parametrize('scale', [1e-200, 1e200])
def test_very_small_and_very_large_vectors_lose_nothing(scale):
    assert euclidean(3 * np.array([scale, 0]), 4 * np.array([0, scale])) == pytest.approx(5 * scale, rel=1e-12)
    assert cosine(X * scale, Y * scale) == pytest.approx(-1 / 3, abs=1e-12)


def test_the_matrix_of_cosines_holds_the_cosine_of_each_pair():
    rng = np.random.default_rng(1)
    x, y, mask = rng.normal(size=(4, 6)), rng.normal(size=(3, 6)), rng.random(6)
    np.testing.assert_allclose(cosine_matrix(x, y, mask), cosine(x[:, None], y[None], mask), atol=1e-12)


def test_a_vector_without_direction_has_cosine_zero_with_all():
    assert cosine(np.zeros(3), X) == 0
    assert cosine(np.zeros(3), np.zeros(3)) == 0
    assert not unit(np.zeros(3)).any()
    assert cosine(X, Y, mask=np.zeros(3)) == 0


def test_one_element_and_bytes_are_compared_as_numbers():
    assert cosine([2], [-3]) == -1
    assert manhattan(np.uint8([3]), np.uint8([5])) == 2  # no wrap-around


@given(PAIRS)
def test_cosine_is_symmetric_bounded_and_blind_to_length(pair):
    x, y = pair
    value = cosine(x, y)
    assert np.all(np.abs(value) <= 1)
    np.testing.assert_array_equal(value, cosine(y, x))
    np.testing.assert_allclose(cosine(2 * x, 4 * y), value, atol=1e-9)


@given(PAIRS)
def test_distances_are_zero_to_itself_and_euclidean_lies_below_manhattan(pair):
    x, y = pair
    assert not np.any(euclidean(x, x)) and not np.any(manhattan(x, x))
    assert np.all(euclidean(x, y) <= manhattan(x, y) * (1 + 1e-12))


@pytest.mark.parametrize('function', [*ALL, cosine_matrix])
@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(function, bad):
    x = np.ones((2, 3))
    x[1, 1] = bad
    with pytest.raises(ValueError, match='not finite'):
        function(x, np.ones((2, 3)))


@pytest.mark.parametrize('function', ALL)
def test_shapes_that_do_not_fit_are_refused(function):
    with pytest.raises(ValueError, match=r'y: expected shape \(..., 3\) that goes with \(3,\), got \(2,\)'):
        function(X, Y[:2])
    with pytest.raises(ValueError, match='y: expected shape'):
        function(X, [1.0])  # no vector is stretched
    with pytest.raises(ValueError, match='nothing to compare'):
        function([], [])
    with pytest.raises(ValueError, match='at least 1 axes'):
        function(1.0, 2.0)


@pytest.mark.parametrize(
    ('mask', 'message'),
    [([1, 0], 'mask: shape'), ([1, 0, 2], 'between 0 and 1'), ([1, -1, 0], 'between'), ([1, np.nan, 0], 'between')],
)
def test_masks_that_are_no_weights_are_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        dot(X, Y, mask)


def test_the_matrix_of_cosines_refuses_vectors_of_other_lengths():
    with pytest.raises(ValueError, match='y: expected vectors of length 3'):
        cosine_matrix(np.ones((2, 3)), np.ones((2, 4)))
