# SPDX-License-Identifier: Apache-2.0
"""Every kind of index."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from waymark.places.retrieval import RetrievalConfig, VectorIndex, make_index

KINDS = {
    'exact': (None, RetrievalConfig(search_index='exact')),
    'hnsw': ('usearch', RetrievalConfig(search_index='hnsw')),
    'auto': ('usearch', RetrievalConfig()),
    'auto-grown': ('usearch', RetrievalConfig(exact_up_to=4)),
    'auto-growing': ('usearch', RetrievalConfig(exact_up_to=20)),
    'qdrant': ('qdrant_client', RetrievalConfig(search_index='qdrant', qdrant_url=':memory:')),
}


@pytest.fixture(params=list(KINDS))
def make(request) -> Callable[[int], VectorIndex]:
    """`make(dim)` is an empty index of one kind."""
    library, config = KINDS[request.param]
    if library:
        pytest.importorskip(library)
    return lambda dim: make_index(config, dim)
