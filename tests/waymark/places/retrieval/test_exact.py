# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waymark.places.retrieval import ExactIndex
from waymark.places.retrieval.exact import best


@pytest.fixture
def vectors():
    raw = np.random.default_rng(3).normal(size=(50, 16)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


@pytest.fixture
def index(vectors):
    index = ExactIndex(16, capacity=2)  # grows five times
    for key, vector in enumerate(vectors):
        index.add(key, vector)
    return index


@pytest.mark.parametrize('k', [1, 5, 49, 50, 80])
@pytest.mark.parametrize('below', [0, 1, 30, 50, 99, None])
def test_it_finds_what_sorting_everything_finds(index, vectors, k, below):
    keys, similarity = index.search(vectors[7], k, below)
    exact = vectors[:below] @ vectors[7]
    expected = np.argsort(-exact, kind='stable')[:k]
    assert keys.tolist() == expected.tolist()
    np.testing.assert_allclose(similarity, exact[expected], atol=1e-6)


@pytest.mark.parametrize('removed', [range(0, 50, 3), range(40), range(10, 50), range(50)])
def test_it_finds_what_sorting_the_rest_finds(vectors, removed):
    index = ExactIndex(16)
    index.extend(np.arange(200), np.tile(vectors, (4, 1)))
    for key in removed:  # 64 of 200 would be closed up
        index.remove(key)
        index.remove(key + 100)
    left = np.setdiff1d(np.arange(200), [*removed, *(r + 100 for r in removed)])
    expected = left[np.argsort(-(vectors[left % 50] @ vectors[7]), kind='stable')][:20]
    assert index.search(vectors[7], 20)[0].tolist() == expected.tolist()
    assert index.keys.tolist() == left.tolist()


def test_of_equals_the_earlier_comes_first(vectors):
    index = ExactIndex(16)
    index.extend(np.arange(10), np.tile(vectors[0], (10, 1)))
    assert index.search(vectors[0], 4)[0].tolist() == [0, 1, 2, 3]


@given(st.integers(1, 20_000), st.integers(1, 300), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_the_best_are_those_of_a_stable_sort(count, k, levels, seed):
    values = np.random.default_rng(seed).integers(0, levels, count).astype(np.float32)
    k = min(k, count)
    assert best(values, k).tolist() == np.argsort(-values, kind='stable')[:k].tolist()


def test_keys_after_another_come_with_their_vectors(index, vectors):
    index.remove(12)
    keys, rows = index.after(10, 3)
    assert keys.tolist() == [11, 13, 14]
    np.testing.assert_array_equal(rows, vectors[[11, 13, 14]])
    assert index.after(None, 2)[0].tolist() == [0, 1]
    assert index.after(48, 5)[0].tolist() == [49]
    assert index.after(49, 5)[0].tolist() == []
