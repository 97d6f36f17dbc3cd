# SPDX-License-Identifier: Apache-2.0
"""Exact search while the map is small, a graph when it has grown; no moment at which growing takes long."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable
from waymark.places.retrieval.base import Found, VectorIndex
from waymark.places.retrieval.config import RetrievalConfig
from waymark.places.retrieval.exact import ExactIndex
from waymark.places.retrieval.hnsw import HnswIndex

log = logging.getLogger(__name__)
_AT_ONCE = 3  # vectors that enter the graph with each new one


class AutoIndex:
    """Exact up to `exact_up_to` vectors, HNSW from then on.

    Linking 10,000 vectors takes seconds, in which no image would be answered. So the graph begins at half the limit and
    takes in a few old vectors with every new one: it is complete at three quarters of the limit. After a map was loaded
    that is nearly as large as the limit it is complete somewhat later, and search is exact until then. Without usearch
    search stays exact, and a warning says so when the graph would begin: a robot must not stop at 10,001.
    """

    def __init__(self, dim: int, config: RetrievalConfig | None = None) -> None:
        self._config = config or RetrievalConfig()
        self._limit = self._config.exact_up_to
        self._exact: ExactIndex | None = ExactIndex(dim)
        self._graph: HnswIndex | None = None
        self._may_grow = True
        self._follow(0)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._current.dim

    @property
    def keys(self) -> NDArray[np.int64]:
        """(N,) keys of all vectors, ascending."""
        return self._current.keys

    @property
    def is_exact(self) -> bool:
        """Whether every vector is still compared with."""
        return self._exact is not None

    def __len__(self) -> int:
        return len(self._current)

    def add(self, key: int, vector: NDArray[np.float32]) -> None:
        """Take in one vector (see VectorIndex)."""
        self._current.add(key, vector)
        self._follow(_AT_ONCE)

    def extend(self, keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Take in many vectors (see VectorIndex); those of a map above the limit are linked at once."""
        self._current.extend(keys, vectors)
        self._follow(len(self) if self._is_above else 0)

    def remove(self, key: int) -> None:
        """Forget one vector (see VectorIndex). A graph stays one, however few are left."""
        self._current.remove(key)
        entered = None if self._graph is None else self._graph.last_key
        if self._exact is not None and self._graph is not None and entered is not None and key <= entered:
            self._graph.remove(key)

    def search(self, vector: NDArray[np.float32], k: int, below: int | None = None) -> Found:
        """Find the vectors that are most alike (see VectorIndex)."""
        return self._current.search(vector, k, below)

    @property
    def _current(self) -> VectorIndex:
        if self._exact is not None:
            return self._exact
        assert self._graph is not None
        return self._graph

    @property
    def _is_above(self) -> bool:
        return len(self) > self._limit or self._limit == 0

    def _follow(self, most: int) -> None:
        """Let the graph take in up to `most` vectors that it lacks; above the limit it takes over when it has all."""
        exact = self._exact
        if exact is None or not self._may_grow or 2 * len(exact) < self._limit or not self._begin(exact.dim):
            return
        assert self._graph is not None
        self._graph.extend(*exact.after(self._graph.last_key, most))
        if self._is_above and len(self._graph) == len(exact):
            log.info('search: a graph (HNSW) of %d keyframes instead of comparing with all of them', len(self._graph))
            self._exact = None

    def _begin(self, dim: int) -> bool:
        """Have a graph; False where that can't be."""
        try:
            self._graph = self._graph or HnswIndex(dim, self._config)
        except BackendUnavailable as error:
            log.warning('Search stays exact above %d keyframes, and grows slower: %s', self._limit, error)
            self._may_grow = False
        return self._may_grow
