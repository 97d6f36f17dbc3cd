# SPDX-License-Identifier: Apache-2.0
"""Search by a graph of neighbours (HNSW) over 16-bit floats: for maps too large to compare with every vector."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable
from waymark.places.retrieval.base import Found, require_above, require_batch, require_query, require_vector
from waymark.places.retrieval.config import RetrievalConfig

_EFFORT_TO_ADD = 128  # vectors compared with while linking a new one; twice as many found no more


class HnswIndex:
    """Malkov and Yashunin, TPAMI 2020, as usearch has it: finds nearly all of the most alike, in far less time."""

    def __init__(self, dim: int, config: RetrievalConfig | None = None) -> None:
        """Start empty.

        Raises:
            BackendUnavailable: usearch is not installed.
        """
        config = config or RetrievalConfig()
        self._graph = require_usearch().Index(
            ndim=dim,
            metric='ip',  # of unit vectors: 1 - cosine
            dtype='f16',
            connectivity=config.hnsw_links,
            expansion_add=_EFFORT_TO_ADD,
            expansion_search=config.hnsw_effort,
        )
        self._dim = dim
        self._keys: list[int] = []
        self._last: int | None = None

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._dim

    @property
    def keys(self) -> NDArray[np.int64]:
        """(N,) keys of all vectors, ascending."""
        return np.array(self._keys, np.int64)

    @property
    def last_key(self) -> int | None:
        """The largest key so far, removed ones included; None before the first."""
        return self._last

    @property
    def memory_bytes(self) -> int:
        """Of vectors and links; what usearch reserves beyond is not counted."""
        return int(self._graph.serialized_length)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, vector: NDArray[np.float32]) -> None:
        """Link one vector (see VectorIndex): a few tenths of a millisecond."""
        require_vector(vector, self._dim)
        require_above(key, self._last)
        self._graph.add(key, np.asarray(vector, np.float32), threads=1)
        self._keys.append(key)
        self._last = key

    def extend(self, keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Link many vectors (see VectorIndex), on all cores."""
        require_batch(keys, vectors, self._dim)
        if len(keys) == 0:
            return
        require_above(int(keys[0]), self._last)
        self._graph.add(np.asarray(keys, np.uint64), np.asarray(vectors, np.float32))
        self._keys.extend(int(k) for k in keys)
        self._last = self._keys[-1]

    def remove(self, key: int) -> None:
        """Forget one vector (see VectorIndex); the next one takes its room."""
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            raise KeyError(key)
        self._graph.remove(key)
        del self._keys[place]

    def search(self, vector: NDArray[np.float32], k: int, below: int | None = None) -> Found:
        """Follow the graph (see VectorIndex).

        Similarities are those of 16-bit vectors: within 0.001 of the exact ones. With `below`, as many more are looked
        for as there are keys that must not be found: few, when they are the latest ones.
        """
        require_query(vector, self._dim, k)
        allowed = len(self._keys) if below is None else bisect_left(self._keys, below)
        if allowed == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        wanted = min(k + len(self._keys) - allowed, len(self._keys))
        matches = self._graph.search(np.asarray(vector, np.float32), wanted, threads=1)
        keys = np.asarray(matches.keys, np.int64)
        similarity = 1 - np.asarray(matches.distances, np.float32)
        if below is not None:
            kept = np.flatnonzero(keys < below)
            keys, similarity = keys[kept], similarity[kept]
        return keys[:k], similarity[:k]


def require_usearch() -> Any:
    """The module usearch.index.

    Raises:
        BackendUnavailable: It is not installed.
    """
    try:
        from usearch import index
    except ImportError as error:
        raise BackendUnavailable(
            f'search_index hnsw is unavailable: usearch can not be imported ({error}). '
            'pip install usearch, or set search_index: exact.'
        ) from error
    return index
