# SPDX-License-Identifier: Apache-2.0
"""HNSW, and the index that becomes one."""

import logging
import sys

import numpy as np
import pytest

from waymark.errors import BackendUnavailable
from waymark.places.retrieval import AutoIndex, ExactIndex, HnswIndex, RetrievalConfig, make_index

pytest.importorskip('usearch')
DIM = 32


@pytest.fixture(scope='module')
def vectors():
    """Three thousand views along a path: neighbours alike, as a camera's are."""
    steps = np.random.default_rng(5).normal(size=(3000, DIM))
    walk = np.zeros((3000, DIM))
    for i in range(1, 3000):
        walk[i] = 0.9 * walk[i - 1] + steps[i]
    walk[0] = steps[0]
    return (walk / np.linalg.norm(walk, axis=1, keepdims=True)).astype(np.float32)


def recall(index, exact, queries, k=10, below=None):
    found = [set(index.search(q, k, below)[0].tolist()) & set(exact.search(q, k, below)[0].tolist()) for q in queries]
    return sum(map(len, found)) / (k * len(queries))


def test_the_graph_finds_nearly_all_that_exact_search_finds(vectors):
    graph, exact = HnswIndex(DIM), ExactIndex(DIM)
    for index in (graph, exact):
        index.extend(np.arange(3000), vectors)
    assert recall(graph, exact, vectors[::50]) > 0.99
    assert recall(graph, exact, vectors[::50], below=2950) > 0.99


@pytest.mark.parametrize('below', [2700, 1500, 300, 12, 5])
def test_what_most_of_the_graph_may_not_answer_is_found_among_the_rest(vectors, below):
    graph, exact = HnswIndex(DIM), ExactIndex(DIM)
    for index in (graph, exact):
        index.extend(np.arange(3000), vectors)
    newest = vectors[2990:]  # most like those that must not be found
    assert recall(graph, exact, newest, min(10, below), below) > 0.97
    keys, similarity = graph.search(newest[0], 10, below)
    assert len(keys) == min(10, below) and keys.max() < below
    np.testing.assert_allclose(similarity, vectors[keys] @ newest[0], atol=2e-3)


def test_the_graph_stays_good_when_half_of_it_is_replaced(vectors):
    graph, exact = HnswIndex(DIM), ExactIndex(DIM)
    for index in (graph, exact):
        index.extend(np.arange(2000), vectors[:2000])
        for key in range(0, 2000, 2):
            index.remove(key)
        for key in range(2000, 3000):
            index.add(key, vectors[key])
    assert recall(graph, exact, vectors[::50]) > 0.99
    assert len(graph) == 2000


def test_vectors_take_two_bytes_per_number_and_their_links(vectors):
    graph = HnswIndex(512)
    graph.extend(np.arange(3000), np.random.default_rng(0).normal(size=(3000, 512)).astype(np.float32))
    assert 1024 < graph.memory_bytes / 3000 < 1536
    assert ExactIndex(512, 3000).memory_bytes / 3000 == 2048


def test_auto_becomes_a_graph_without_a_moment_in_which_many_vectors_are_linked(vectors, caplog):
    index, exact = AutoIndex(DIM, RetrievalConfig(exact_up_to=1000)), ExactIndex(DIM)
    caplog.set_level(logging.INFO)
    lacking = []
    for key in range(1500):
        index.add(key, vectors[key])
        exact.add(key, vectors[key])
        if index.is_exact and key == 600:
            index.remove(5)  # in the graph already
            index.remove(590)  # not yet
            exact.remove(5)
            exact.remove(590)
        assert index.is_exact == (len(exact) <= 1000)
        lacking.append(0 if index._graph is None else len(exact) - len(index._graph))
    assert lacking[800:] == [0] * 700, 'the graph had all of them long before the limit'
    assert index.keys.tolist() == exact.keys.tolist()
    assert recall(index, exact, vectors[:1500:50]) > 0.99
    assert [r.message for r in caplog.records if 'graph' in r.message] == [
        'search: a graph (HNSW) of 1001 keyframes instead of comparing with all of them'
    ]


def test_a_large_map_is_a_graph_as_soon_as_it_is_loaded(vectors):
    index = AutoIndex(DIM, RetrievalConfig(exact_up_to=1000))
    index.extend(np.arange(3000), vectors)
    assert (index.is_exact, len(index)) == (False, 3000)
    index.add(3000, vectors[0])
    assert len(index) == 3001


def test_after_a_map_nearly_as_large_as_the_limit_the_graph_takes_over_when_it_has_all(vectors):
    index, exact = AutoIndex(DIM, RetrievalConfig(exact_up_to=1000)), ExactIndex(DIM)
    for held in (index, exact):
        held.extend(np.arange(990), vectors[:990])
    assert index._graph is None or len(index._graph) == 0, 'opening a map links nothing'
    for key in range(990, 1600):
        index.add(key, vectors[key])
        exact.add(key, vectors[key])
        graph = 0 if index._graph is None else len(index._graph)
        assert index.is_exact == (graph < len(exact)), 'exact until then, whatever the limit'
    assert not index.is_exact
    assert recall(index, exact, vectors[:1600:50]) > 0.99


def test_without_usearch_hnsw_is_refused_and_auto_stays_exact_and_says_so(monkeypatch, caplog, vectors):
    monkeypatch.setitem(sys.modules, 'usearch', None)
    with pytest.raises(BackendUnavailable, match=r'usearch can not be imported.*pip install usearch, or set search_in'):
        make_index(RetrievalConfig(search_index='hnsw'), DIM)
    index = make_index(RetrievalConfig(exact_up_to=100), DIM)
    assert caplog.text == '', 'a small map is none the worse'
    for key in range(200):
        index.add(key, vectors[key])
    assert [r.levelname for r in caplog.records] == ['WARNING']
    assert 'Search stays exact above 100 keyframes, and grows slower' in caplog.text
    assert (index.is_exact, len(index)) == (True, 200)
