# SPDX-License-Identifier: Apache-2.0
"""Exact search for the most similar vectors, over a matrix that grows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape


class VectorIndex:
    """Unit vectors in the order they came; row number is their id."""

    def __init__(self, dim: int, capacity: int = 1024) -> None:
        self._rows = np.zeros((max(capacity, 1), dim), np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, vector: NDArray[np.float32]) -> None:
        """Append a (D,) unit vector."""
        require_shape('vector', vector, (self._rows.shape[1],))
        if self._count == len(self._rows):  # doubling: appending stays cheap on average
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._count] = vector
        self._count += 1

    def search(self, vector: NDArray[np.float32], k: int, first: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Find the most similar of the first vectors.

        Args:
            vector: (D,) unit vector.
            k: Most results.
            first: Search only ids below this one.

        Returns:
            Ids and cosine similarities, best first.
        """
        require_shape('vector', vector, (self._rows.shape[1],))
        similarity = self._rows[: max(min(first, self._count), 0)] @ vector
        kept = np.arange(len(similarity))
        if k < len(similarity):
            kept = np.argpartition(-similarity, k - 1)[:k]
        order = kept[np.argsort(-similarity[kept], kind='stable')]
        return order, similarity[order]
