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
from waymark.places.retrieval.exact import best

_EFFORT_TO_ADD = 128  # vectors compared with while linking a new one; twice as many found no more
_MORE, _WIDER = 200, 8  # looked for beyond those wanted, at first, and how many times more when that was too few
# Threads that link neighbours at once do not see one another's: some vectors of a small graph were never found.
_LINKED_ALONE = 3000
_ROWS = 1024


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
        alone = max(0, _LINKED_ALONE - len(self))
        for part, threads in ((slice(alone), 1), (slice(alone, None), 0)):
            if len(keys[part]):
                self._graph.add(
                    np.asarray(keys[part], np.uint64), np.asarray(vectors[part], np.float32), threads=threads
                )
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

        Similarities are those of 16-bit vectors: within 0.001 of the exact ones. The graph knows no `below`: more are
        looked for than are wanted, and where nearly all of these must not be found, all others are compared with.
        """
        require_query(vector, self._dim, k)
        query = np.asarray(vector, np.float32)
        allowed = len(self._keys) if below is None else bisect_left(self._keys, below)
        excluded, wanted = len(self._keys) - allowed, min(k, allowed)
        if wanted == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        more = min(excluded, _MORE)
        while wanted + more < allowed:  # else comparing with all that are allowed is faster
            keys, similarity = self._nearest(query, wanted + more)
            kept = keys < below if below is not None else np.ones(len(keys), np.bool_)
            if np.count_nonzero(kept) >= wanted:
                return keys[kept][:k], similarity[kept][:k]
            if more == excluded:  # linked by two threads at once, the graph may not lead to all
                break
            more = min(excluded, _WIDER * more)
        return self._compared(query, allowed, wanted)

    def _nearest(self, query: NDArray[np.float32], count: int) -> Found:
        matches = self._graph.search(query, count, threads=1)
        return np.asarray(matches.keys, np.int64), 1 - np.asarray(matches.distances, np.float32)

    def _compared(self, query: NDArray[np.float32], allowed: int, count: int) -> Found:
        """The best `count` of the first `allowed` keys, by comparing with each."""
        similarity = np.empty(allowed, np.float32)
        for first in range(0, allowed, _ROWS):  # in parts that stay in the processor's cache
            rows = self._graph.get(np.array(self._keys[first : min(first + _ROWS, allowed)], np.uint64))
            similarity[first : first + len(rows)] = np.asarray(rows, np.float32).reshape(-1, self._dim) @ query
        found = best(similarity, count)
        return np.array([self._keys[row] for row in found], np.int64), similarity[found]


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
