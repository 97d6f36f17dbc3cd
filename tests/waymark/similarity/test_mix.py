# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.errors import ModelError
from waymark.similarity import Gate, mix, mix_weights, recursive_mix, time_mix

A, B = np.array([1.0, 0.0]), np.array([0.0, 4.0])


def test_a_share_may_be_a_number_or_one_for_each_element():
    np.testing.assert_allclose(mix(A, B, 0.25), [0.25, 3])
    np.testing.assert_allclose(mix(A, B, [1, 0.5]), [1, 2])
    assert mix(2.0, 4.0, 0.5) == 3
    np.testing.assert_allclose(mix(np.stack([A, B]), B, 0.5), [[0.5, 2], [0, 4]])


def test_a_gate_decides_by_what_it_sees():
    # mu = sigmoid(log 3 * a_0 - log 3 * b_0): 3/4 for (1, 0), 1/4 for (0, 1).
    gate = Gate(np.log(3) * np.array([[1.0, -1.0]]), np.zeros(1))
    assert gate.share([1.0], [0.0]) == pytest.approx(0.75)
    np.testing.assert_allclose(mix([[1.0], [0.0]], [[0.0], [1.0]], gate), [[0.75], [0.75]])


@pytest.mark.parametrize('rows', [1, 2])
def test_a_gate_gives_one_share_for_all_elements_or_one_for_each(rows):
    W, b = np.arange(4.0 * rows).reshape(rows, 4) / 10, np.arange(float(rows))
    share = 1 / (1 + np.exp(-(W @ [*A, *B] + b)))
    np.testing.assert_allclose(mix(A, B, Gate(W, b)), share * A + (1 - share) * B, atol=1e-12)


def test_a_gate_can_not_overflow():
    gate = Gate(np.array([[1e6, 0.0]]), np.zeros(1))
    assert mix([1.0], [0.0], gate) == 1 and mix([-1.0], [0.0], gate) == 0


def test_a_gate_is_read_back_as_it_was_written(tmp_path):
    gate = Gate(np.array([[0.1, 1 / 3]]), np.array([-2.0]), ('cosine', 'vit_score'), ('abc', 'def'), {'auc': 0.9})
    gate.save(tmp_path / 'gate.json')
    back = Gate.load(tmp_path / 'gate.json')
    np.testing.assert_array_equal(back.W, gate.W)
    np.testing.assert_array_equal(back.b, gate.b)
    assert (back.inputs, back.fingerprints, back.report) == (gate.inputs, gate.fingerprints, gate.report)


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"format": "waymark-mix-1"}', '{"format": "waymark-mix-2"}'])
def test_a_file_that_is_no_gate_is_refused_with_the_remedy(tmp_path, text):
    path = tmp_path / 'gate.json'
    path.write_text(text)
    with pytest.raises(ModelError, match='gate.json: not a gate .* waymark train mix'):
        Gate.load(path)


def test_a_gate_with_values_that_are_not_finite_is_refused(tmp_path):
    path = tmp_path / 'gate.json'
    Gate(np.zeros((1, 2)), np.zeros(1)).save(path)
    path.write_text(path.read_text().replace('0.0', 'NaN', 1))
    with pytest.raises(ModelError, match='not finite'):
        Gate.load(path)
    with pytest.raises(ModelError, match='not a gate'):
        Gate.load(tmp_path / 'absent.json')


@pytest.mark.parametrize('shape', [(3, 4), (1, 3), (1, 0), (4,)])
def test_a_gate_of_the_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match='W: expected shape'):
        Gate(np.zeros(shape), np.zeros(shape[0]))


def test_shares_outside_zero_to_one_and_vectors_of_other_lengths_are_refused():
    for mu in (1.1, -0.1, np.nan, [0.5, 2]):
        with pytest.raises(ValueError, match='mu: shares must lie between 0 and 1'):
            mix(A, B, mu)
    with pytest.raises(ValueError, match=r'a: expected shape \(1,\)'):
        mix(A, B, Gate(np.zeros((1, 2)), np.zeros(1)))
    with pytest.raises(ValueError, match='not finite'):
        mix([np.nan], [1.0], 0.5)


def test_time_mix_joins_each_moment_with_the_one_before():
    x = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    np.testing.assert_allclose(time_mix(x, 0.75), [[0.75, 7.5], [1.75, 17.5], [2.75, 27.5]])
    np.testing.assert_allclose(time_mix(x, [1, 0], previous=[9, 9])[:2], [[1, 9], [2, 10]])
    with pytest.raises(ValueError, match='x: expected at least 2 axes'):
        time_mix(x[0], 0.5)


def test_time_mix_of_chunks_is_that_of_the_whole():
    x = np.random.default_rng(0).normal(size=(2, 7, 3))
    chunks = [time_mix(x[:, :4], 0.3), time_mix(x[:, 4:], 0.3, previous=x[:, 3])]
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), time_mix(x, 0.3))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 999))
def test_weights_of_the_recursive_mix_sum_to_one_and_are_those_it_uses(shares, seed):
    x = np.random.default_rng(seed).normal(size=(len(shares), 3))
    weights = mix_weights(shares, len(shares))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    assert (weights >= 0).all() and not np.triu(weights, 1).any()
    np.testing.assert_allclose(recursive_mix(x, shares), weights @ x, atol=1e-12)


def test_recursive_mix_is_as_computed_by_hand():
    np.testing.assert_allclose(mix_weights(0.5, 3), [[1, 0, 0], [0.5, 0.5, 0], [0.25, 0.25, 0.5]])
    np.testing.assert_allclose(recursive_mix([[4.0], [0.0], [2.0]], 0.5), [[4], [2], [2]])
    np.testing.assert_allclose(recursive_mix([[4.0]], 0.0), [[4]])
    with pytest.raises(ValueError, match='count: expected at least 1'):
        mix_weights(0.5, 0)
    with pytest.raises(ValueError, match='nothing to compare'):
        recursive_mix(np.zeros((0, 2)), 0.5)
