# SPDX-License-Identifier: Apache-2.0
"""Which of the known vectors are most alike: exact, by a graph, or by a server, all seen alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.places.retrieval.auto import AutoIndex
from waymark.places.retrieval.base import VectorIndex
from waymark.places.retrieval.config import RetrievalConfig
from waymark.places.retrieval.exact import ExactIndex
from waymark.places.retrieval.hnsw import HnswIndex
from waymark.places.retrieval.qdrant import QdrantIndex

__all__ = [
    'AutoIndex',
    'ExactIndex',
    'HnswIndex',
    'QdrantIndex',
    'RetrievalConfig',
    'VectorIndex',
    'fill_index',
    'make_index',
]


def make_index(config: RetrievalConfig, dim: int, fingerprint: str = '') -> VectorIndex:
    """Make the index that a configuration names; empty, unless it is a server's.

    Args:
        config: `search_index` and what belongs to it.
        dim: Length of the vectors.
        fingerprint: Of the encoder: a server keeps the vectors of each encoder apart.

    Raises:
        BackendUnavailable: The library or the server that was asked for by name is missing.
        ConfigError: The server's collection holds vectors of another length.
    """
    if config.search_index == 'exact':
        return ExactIndex(dim)
    if config.search_index == 'hnsw':
        return HnswIndex(dim, config)
    if config.search_index == 'qdrant':
        return QdrantIndex(dim, config, fingerprint)
    return AutoIndex(dim, config)


def fill_index(index: VectorIndex, keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
    """Make an index hold a map's vectors: those that it lacks are added, for a server's may be there already.

    Args:
        index: As `make_index` gave it.
        keys: (N,) of the map's keyframes, ascending.
        vectors: (N, D), theirs.

    Raises:
        ConfigError: It holds others: it belongs to another map.
    """
    held = index.keys
    count = len(held)
    if count > len(keys) or not np.array_equal(held, keys[:count]):
        foreign = int(np.setdiff1d(held, keys).size)
        raise ConfigError(
            f'the collection to search holds {count} keyframes, {foreign} of which are none of this map ({len(keys)} '
            'keyframes). Load the map that it belongs to, name another qdrant_collection, or delete it.'
        )
    index.extend(keys[count:], vectors[count:])
