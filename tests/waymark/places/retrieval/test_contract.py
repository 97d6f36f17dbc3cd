# SPDX-License-Identifier: Apache-2.0
"""What every index promises, whatever it is made of."""

import numpy as np
import pytest

DEGREES = np.arange(20) * 5.0  # keys 10, 20, ..., 200
KEYS = np.arange(1, 21) * 10
F16 = 2e-3  # what 16-bit vectors may be off


def on_a_circle(degrees):
    radians = np.radians(np.asarray(degrees, np.float64))
    return np.stack([np.cos(radians), np.sin(radians), np.zeros_like(radians)], axis=-1).astype(np.float32)


@pytest.fixture
def index(make):
    index = make(3)
    for key, vector in zip(KEYS[:7], on_a_circle(DEGREES[:7]), strict=True):
        index.add(int(key), vector)
    index.extend(KEYS[7:], on_a_circle(DEGREES[7:]))
    return index


def test_the_most_alike_come_first_with_their_cosine(index):
    keys, similarity = index.search(on_a_circle(-40), 3)
    assert keys.tolist() == [10, 20, 30]
    assert (keys.dtype, similarity.dtype) == (np.int64, np.float32)
    np.testing.assert_allclose(similarity, np.cos(np.radians([40, 45, 50])), atol=F16)


def test_only_keys_below_a_limit_are_found_when_one_is_given(index):
    keys, _ = index.search(on_a_circle(135), 4, below=100)
    assert keys.tolist() == [90, 80, 70, 60]
    assert index.search(on_a_circle(135), 4, below=101)[0].tolist() == [100, 90, 80, 70]
    assert index.search(on_a_circle(135), 4, below=30)[0].tolist() == [20, 10]
    assert index.search(on_a_circle(135), 4, below=10)[0].tolist() == []


def test_more_results_than_vectors_are_all_of_them(index):
    keys, similarity = index.search(on_a_circle(-40), 99)
    assert keys.tolist() == KEYS.tolist()
    np.testing.assert_allclose(similarity, np.cos(np.radians(DEGREES + 40)), atol=F16)


def test_what_was_removed_is_not_found_and_the_others_are(index):
    for key in (10, 30, 200):
        index.remove(key)
    assert (len(index), index.keys.tolist()) == (17, [k for k in KEYS.tolist() if k not in (10, 30, 200)])
    assert index.search(on_a_circle(-40), 3)[0].tolist() == [20, 40, 50]
    assert index.search(on_a_circle(-40), 3, below=50)[0].tolist() == [20, 40]
    assert len(index.search(on_a_circle(-40), 99)[0]) == 17


def test_after_a_removal_new_vectors_are_found(index):
    for key in KEYS[::2]:
        index.remove(int(key))
    index.add(1000, on_a_circle(-30))
    keys, similarity = index.search(on_a_circle(-40), 2)
    assert keys.tolist() == [1000, 20]
    np.testing.assert_allclose(similarity, np.cos(np.radians([10, 45])), atol=F16)
    assert index.keys.tolist() == [*KEYS[1::2].tolist(), 1000]


@pytest.mark.parametrize('key', [15, -1, 999])
def test_a_key_that_is_not_there_can_not_be_removed(index, key):
    with pytest.raises(KeyError):
        index.remove(key)
    index.remove(50)
    with pytest.raises(KeyError):
        index.remove(50)


def test_an_empty_index_finds_nothing_and_an_emptied_one_too(make):
    index = make(3)
    assert (len(index), index.dim, index.keys.tolist()) == (0, 3, [])
    assert [len(part) for part in index.search(on_a_circle(0), 5)] == [0, 0]
    index.extend(np.zeros(0, np.int64), np.zeros((0, 3), np.float32))
    index.add(0, on_a_circle(0))
    index.remove(0)
    assert (len(index), len(index.search(on_a_circle(0), 5)[0])) == (0, 0)


def test_one_vector_is_found_from_anywhere(make):
    index = make(3)
    index.add(7, on_a_circle(0))
    keys, similarity = index.search(on_a_circle(180), 5)
    assert keys.tolist() == [7]
    np.testing.assert_allclose(similarity, [-1], atol=F16)


def test_a_vector_without_direction_is_like_nothing_and_stored_all_the_same(index):
    index.add(999, np.zeros(3, np.float32))
    keys, similarity = index.search(on_a_circle(-40), 21)
    assert similarity[keys == 999].tolist() == [0]
    assert index.search(np.zeros(3, np.float32), 1)[1].tolist() == [0]


@pytest.mark.parametrize('key', [200, 199, -5])
def test_a_key_that_does_not_increase_is_refused(index, key):
    with pytest.raises(ValueError, match=f'key: must be above 200, the last one, got {key}'):
        index.add(key, on_a_circle(0))
    with pytest.raises(ValueError, match='keys: must increase, got'):
        index.extend(np.array([300, 300]), on_a_circle([0, 1]))
    assert len(index) == 20


@pytest.mark.parametrize(
    ('vector', 'message'),
    [
        (np.zeros(4, np.float32), r'vector: expected shape \(3,\), got \(4,\)'),
        (np.array([1, np.nan, 0], np.float32), 'vector: 1 of 3 values are not finite'),
    ],
)
def test_what_is_no_vector_of_its_length_is_refused(index, vector, message):
    for call in (lambda: index.add(999, vector), lambda: index.search(vector, 1)):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match='k: must be at least 1, got 0'):
        index.search(on_a_circle(0), 0)
    with pytest.raises(ValueError, match=r'vectors: expected shape \(2, 3\)'):
        index.extend(np.array([300, 301]), on_a_circle([0]))
