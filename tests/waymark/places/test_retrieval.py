# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.places.retrieval import VectorIndex


@pytest.fixture
def vectors():
    raw = np.random.default_rng(3).normal(size=(50, 16)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


@pytest.fixture
def index(vectors):
    index = VectorIndex(16, capacity=2)  # grows five times
    for vector in vectors:
        index.add(vector)
    return index


@pytest.mark.parametrize('k', [1, 5, 49, 50, 80])
@pytest.mark.parametrize('first', [0, 1, 30, 50, 99])
def test_it_finds_what_sorting_everything_finds(index, vectors, k, first):
    ids, similarity = index.search(vectors[7], k, first)
    exact = vectors[:first] @ vectors[7]
    expected = np.argsort(-exact, kind='stable')[:k]
    assert ids.tolist() == expected.tolist()
    np.testing.assert_allclose(similarity, exact[expected], atol=1e-6)


def test_an_empty_index_finds_nothing():
    ids, similarity = VectorIndex(3).search(np.ones(3, np.float32), 5, 9)
    assert len(ids) == len(similarity) == 0


def test_a_vector_of_another_length_is_refused(index):
    with pytest.raises(ValueError, match=r'vector: expected shape \(16,\), got \(4,\)'):
        index.add(np.zeros(4, np.float32))
    with pytest.raises(ValueError, match=r'vector: expected shape \(16,\), got \(4,\)'):
        index.search(np.zeros(4, np.float32), 1, 1)
