# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.similarity import cka, cka_of_kernels, linear_kernel, rbf_kernel


def naive(K, L):
    """tr(HKH HLH) by the definition, with an explicit centring matrix."""
    H = np.eye(len(K)) - 1 / len(K)

    def hsic(a, b):
        return np.trace((H @ a @ H).conj().T @ (H @ b @ H)).real

    return hsic(K, L) / np.sqrt(hsic(K, K) * hsic(L, L))


def features(seed, n, d, is_complex=False):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) + 3
    return x + 1j * rng.normal(size=(n, d)) if is_complex else x


@pytest.mark.parametrize('is_complex', [False, True])
@pytest.mark.parametrize(('n', 'd1', 'd2'), [(30, 4, 5), (5, 30, 20), (12, 4, 40), (12, 12, 12)])
def test_the_fast_linear_form_is_the_naive_one(n, d1, d2, is_complex):
    x, y = features(0, n, d1, is_complex), features(1, n, d2, is_complex)
    K, L = linear_kernel(x), linear_kernel(y)
    assert cka(x, y) == pytest.approx(naive(K, L), abs=1e-12)


@pytest.mark.parametrize('is_complex', [False, True])
@pytest.mark.parametrize('kernel', [linear_kernel, rbf_kernel])
def test_expectations_and_frobenius_products_agree(kernel, is_complex):
    K, L = (kernel(features(seed, 15, 4, is_complex)) for seed in (0, 1))
    frobenius, expectation = cka_of_kernels(K, L), cka_of_kernels(K, L, 'expectation')
    assert frobenius == pytest.approx(naive(K, L), abs=1e-12)
    assert expectation == pytest.approx(frobenius, abs=1e-12)


def test_kernels_centred_beforehand_give_the_same():
    K, L = (linear_kernel(features(seed, 15, 4)) for seed in (0, 1))
    H = np.eye(15) - 1 / 15
    for form in ('frobenius', 'expectation'):
        assert cka_of_kernels(H @ K @ H, H @ L @ H, form) == pytest.approx(cka_of_kernels(K, L), abs=1e-12)


def test_the_gaussian_kernel_is_as_computed_by_hand():
    # Distances 1, 2, 3 between 0, 1 and 3: their median is 2.
    K = rbf_kernel([[0.0], [1.0], [3.0]])
    np.testing.assert_allclose(K[0], [1, np.exp(-1 / 8), np.exp(-9 / 8)], atol=1e-12)
    np.testing.assert_allclose(rbf_kernel([[0.0], [1.0], [3.0]], 0.5)[0, 1], np.exp(-1 / 2), atol=1e-12)
    np.testing.assert_array_equal(rbf_kernel(np.ones((3, 2))), np.ones((3, 3)))


def test_a_small_case_is_as_computed_by_hand():
    # Centred: x = (-1, 0, 1), y = (-1, 2, -1): orthogonal; z = (-4/3, -1/3, 5/3).
    x, y, z = ([[v] for v in values] for values in ((0, 1, 2), (0, 3, 0), (0, 1, 3)))
    assert cka(x, y) == pytest.approx(0, abs=1e-12)
    assert cka(x, z) == pytest.approx(3**2 / (2 * (16 + 1 + 25) / 9), abs=1e-12)


@given(st.integers(2, 8), st.integers(1, 8), st.integers(0, 999), st.sampled_from(['linear', 'rbf']))
def test_cka_is_bounded_symmetric_and_blind_to_rotation_scale_and_offset(n, d, seed, kernel):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, 3))
    Q = np.linalg.qr(rng.normal(size=(d, d)))[0]
    value = cka(x, y, kernel)
    assert -1e-9 <= value <= 1 + 1e-9
    assert cka(y, x, kernel) == pytest.approx(value, abs=1e-9)
    assert cka(7 * x @ Q + 2, y, kernel) == pytest.approx(value, abs=1e-7)
    assert cka(x, 0.1 * x @ Q, kernel) == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize('kernel', ['linear', 'rbf'])
def test_a_batch_gives_what_its_items_give(kernel):
    x = np.random.default_rng(0).normal(size=(3, 1, 10, 4))
    y = np.random.default_rng(1).normal(size=(2, 10, 20))
    expected = [[cka(x[i, 0], y[j], kernel) for j in range(2)] for i in range(3)]
    np.testing.assert_allclose(cka(x, y, kernel), expected, atol=1e-12)


def test_hidden_examples_change_nothing_and_whole_weights_count_as_repetition():
    x, y = features(0, 12, 4), features(1, 12, 5)
    mask = np.arange(12) < 8
    assert cka(x, y, mask=mask) == pytest.approx(cka(x[:8], y[:8]), abs=1e-12)
    weights = np.where(mask, 1.0, 0.5)
    twice = np.repeat(np.arange(12), np.where(mask, 2, 1))
    assert cka(x, y, mask=weights) == pytest.approx(cka(x[twice], y[twice]), abs=1e-12)
    K, L = linear_kernel(x), linear_kernel(y)
    for form in ('frobenius', 'expectation'):
        assert cka_of_kernels(K, L, form, weights) == pytest.approx(cka(x, y, mask=weights), abs=1e-12)


def test_a_constant_set_is_aligned_with_nothing():
    assert cka(np.ones((4, 2)), features(0, 4, 2)) == 0
    assert cka(np.ones((4, 2)), np.ones((4, 2)), 'rbf') == 0


def test_no_examples_by_examples_matrix_is_built_for_many_examples():
    n = 200_000  # n x n would be 320 GB
    x = np.random.default_rng(0).normal(size=(n, 2))
    assert cka(x, x) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ('x', 'y', 'options', 'message'),
    [
        (np.ones((3, 2)), np.ones((4, 2)), {}, 'as many examples'),
        (np.ones((1, 2)), np.ones((1, 2)), {}, 'at least 2'),
        (np.ones((0, 2)), np.ones((0, 2)), {}, 'nothing to compare'),
        (np.ones(3), np.ones(3), {}, 'x: expected at least 2 axes'),
        (np.full((3, 2), np.nan), np.ones((3, 2)), {}, 'not finite'),
        (np.ones((3, 2)), np.ones((3, 2)), {'kernel': 'cubic'}, "kernel: expected one of .*, got 'cubic'"),
        (np.ones((3, 2)), np.ones((3, 2)), {'mask': np.zeros(3)}, 'leaves nothing'),
        (np.ones((3, 2)), np.ones((3, 2)), {'kernel': 'rbf', 'bandwidth': 0}, 'bandwidth must be above 0'),
    ],
)
def test_what_can_not_be_compared_is_refused(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        cka(x, y, **options)


def test_kernels_must_be_square_and_forms_known():
    with pytest.raises(ValueError, match='two square kernels'):
        cka_of_kernels(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match='form: expected one of'):
        cka_of_kernels(np.eye(2), np.eye(2), 'fast')
