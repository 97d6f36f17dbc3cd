# SPDX-License-Identifier: Apache-2.0
"""Search by a Qdrant server: one map for a fleet, or more vectors than one machine holds."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import BackendUnavailable, ConfigError
from waymark.places.retrieval.base import Found, require_above, require_batch, require_query, require_vector
from waymark.places.retrieval.config import RetrievalConfig

_AT_ONCE = 256  # vectors per request
_KEY = 'keyframe_id'  # ids of points can't be asked for by range, so that the key is in the payload too


class QdrantIndex:
    """A collection of a Qdrant server, or of the client's local mode. What it holds already belongs to the index.

    Only one process may add to a collection; any number may search it.
    """

    def __init__(self, dim: int, config: RetrievalConfig | None = None, fingerprint: str = '') -> None:
        """Open the collection, or make it.

        Raises:
            BackendUnavailable: qdrant-client is not installed, or the server does not answer.
            ConfigError: The collection holds vectors of another length.
        """
        self._config = config or RetrievalConfig()
        self._dim = dim
        self._name = '-'.join(filter(None, (self._config.qdrant_collection, fingerprint[:16])))
        self._qdrant = _require_client()
        with self._asked():
            self._client = _connected(self._qdrant, self._config)
            self._open_collection()
            self._keys = self._stored_keys()
        self._last = self._keys[-1] if self._keys else None

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._dim

    @property
    def keys(self) -> NDArray[np.int64]:
        """(N,) keys of all vectors, ascending."""
        return np.array(self._keys, np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, vector: NDArray[np.float32]) -> None:
        """Send one vector (see VectorIndex)."""
        require_vector(vector, self._dim)
        self.extend(np.array([key], np.int64), np.asarray(vector, np.float32)[None])

    def extend(self, keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Send many vectors (see VectorIndex)."""
        require_batch(keys, vectors, self._dim)
        if len(keys) == 0:
            return
        require_above(int(keys[0]), self._last)
        numbers = [int(k) for k in keys]
        point = self._qdrant.models.PointStruct
        with self._asked():
            for first in range(0, len(numbers), _AT_ONCE):
                some = zip(numbers[first : first + _AT_ONCE], vectors[first : first + _AT_ONCE], strict=True)
                points = [point(id=n, vector=v.tolist(), payload={_KEY: n}) for n, v in some]
                self._client.upsert(self._name, points, wait=True)
        self._keys.extend(numbers)
        self._last = self._keys[-1]

    def remove(self, key: int) -> None:
        """Forget one vector (see VectorIndex)."""
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            raise KeyError(key)
        with self._asked():
            self._client.delete(self._name, self._qdrant.models.PointIdsList(points=[key]), wait=True)
        del self._keys[place]

    def search(self, vector: NDArray[np.float32], k: int, below: int | None = None) -> Found:
        """Ask the server (see VectorIndex)."""
        require_query(vector, self._dim, k)
        with self._asked():
            answer = self._client.query_points(
                self._name,
                query=np.asarray(vector, np.float32).tolist(),
                limit=k,
                query_filter=self._only_below(below),
                with_payload=False,
            )
        found = answer.points
        return np.array([p.id for p in found], np.int64), np.array([p.score for p in found], np.float32)

    def close(self) -> None:
        """Let go of the connection; the collection stays."""
        self._client.close()

    def _only_below(self, below: int | None) -> Any:
        if below is None:
            return None
        models = self._qdrant.models
        return models.Filter(must=[models.FieldCondition(key=_KEY, range=models.Range(lt=below))])

    def _open_collection(self) -> None:
        models = self._qdrant.models
        if not self._client.collection_exists(self._name):
            # DOT of unit vectors is the cosine, and takes an all-zero vector too.
            vectors = models.VectorParams(size=self._dim, distance=models.Distance.DOT)
            self._client.create_collection(self._name, vectors_config=vectors)
            if not _is_local(self._config.qdrant_url):
                self._client.create_payload_index(self._name, _KEY, models.PayloadSchemaType.INTEGER)
        size = getattr(self._client.get_collection(self._name).config.params.vectors, 'size', None)
        if size != self._dim:
            raise ConfigError(
                f'qdrant_collection: {self._name!r} holds vectors of length {size}, the encoder makes {self._dim}. '
                'Name another collection, or delete this one.'
            )

    def _stored_keys(self) -> list[int]:
        keys: list[int] = []
        offset = None
        while True:
            points, offset = self._client.scroll(
                self._name, limit=10_000, offset=offset, with_payload=False, with_vectors=False
            )
            keys.extend(int(p.id) for p in points)
            if offset is None:
                return sorted(keys)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Turn what the client raises when the server is not there, or refuses, into a sentence."""
        from qdrant_client.http.exceptions import ApiException

        try:
            yield
        except (ApiException, ConnectionError) as error:
            reason = ' '.join(str(error).split())[:200]
            raise BackendUnavailable(
                f'search_index qdrant: {self._config.qdrant_url} does not serve collection {self._name!r} ({reason}). '
                'Start the server, correct qdrant_url or QDRANT_API_KEY, or set search_index: auto.'
            ) from error


def _is_local(url: str) -> bool:
    return url == ':memory:' or url.startswith('path:')


def _connected(qdrant: Any, config: RetrievalConfig) -> Any:
    url = config.qdrant_url
    if url == ':memory:':
        return qdrant.QdrantClient(':memory:')
    if url.startswith('path:'):
        return qdrant.QdrantClient(path=url.removeprefix('path:'))
    key = os.environ.get('QDRANT_API_KEY') or None
    timeout_s = max(round(config.qdrant_timeout_s), 1)
    return qdrant.QdrantClient(url=url, api_key=key, timeout=timeout_s, check_compatibility=False)


def _require_client() -> Any:
    try:
        import qdrant_client
    except ImportError as error:
        raise BackendUnavailable(
            f'search_index qdrant is unavailable: qdrant_client can not be imported ({error}). '
            'pip install qdrant-client, or set search_index: auto.'
        ) from error
    return qdrant_client
