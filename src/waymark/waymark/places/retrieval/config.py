# SPDX-License-Identifier: Apache-2.0
"""Configuration of the search for similar vectors."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class RetrievalConfig(Config):
    """What searches the map's vectors."""

    search_index: str = param(
        'auto',
        'What finds the most similar keyframes: exact compares with all of them, hnsw (usearch, 16-bit floats) with '
        'few and misses some, auto is exact up to `exact_up_to` and hnsw above, qdrant asks a server.',
        choices=('auto', 'exact', 'hnsw', 'qdrant'),
    )
    exact_up_to: int = param(10_000, 'Keyframes above which auto no longer compares with all of them.', ge=0)
    hnsw_links: int = param(
        32, 'Neighbours that hnsw links each vector to; more find more, in more memory.', ge=4, le=256
    )
    hnsw_effort: int = param(
        256, 'Vectors that hnsw compares with before it answers; more find more, in more time.', ge=8, le=65_536
    )
    qdrant_url: str = param(
        'http://localhost:6333',
        "Qdrant server, or ':memory:', or 'path:FOLDER' for its local mode. The key, where it needs one, is read from "
        'the environment variable QDRANT_API_KEY.',
    )
    qdrant_collection: str = param(
        'waymark', 'Begins the name of the collection; one collection holds one map. The encoder ends it.'
    )
    qdrant_timeout_s: float = param(5.0, 'Longest wait for an answer of the Qdrant server.', gt=0, unit='s')
