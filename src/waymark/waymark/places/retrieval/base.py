# SPDX-License-Identifier: Apache-2.0
"""What every index of vectors looks like from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape

Found = tuple[NDArray[np.int64], NDArray[np.float32]]


class VectorIndex(Protocol):
    """Unit vectors by key. Keys are whole numbers that increase and are never used again: ids of keyframes.

    Not for several threads at once: who shares an index locks it.
    """

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        ...

    @property
    def keys(self) -> NDArray[np.int64]:
        """(N,) keys of all vectors, ascending."""
        ...

    def __len__(self) -> int: ...

    def add(self, key: int, vector: NDArray[np.float32]) -> None:
        """Take in one vector.

        Args:
            key: Larger than every key before it, those removed included.
            vector: (D,) unit vector; all zeros is allowed and like nothing.

        Raises:
            ValueError: `key` does not increase, or `vector` has another shape or is not finite.
        """
        ...

    def extend(self, keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Take in many vectors, (N,) keys and (N, D): a map that was loaded. Otherwise as `add`."""
        ...

    def remove(self, key: int) -> None:
        """Forget one vector.

        Raises:
            KeyError: There is none with this key.
        """
        ...

    def search(self, vector: NDArray[np.float32], k: int, below: int | None = None) -> Found:
        """Find the vectors that are most alike.

        Args:
            vector: (D,) unit vector.
            k: Most results, at least 1.
            below: Look only at keys below this one; None: at all of them.

        Returns:
            Keys (K,) int64 and cosine similarities (K,) float32, best first; of equals the lower key first where the
            index is exact. Fewer than k where there are no more.

        Raises:
            ValueError: `vector` has another shape or is not finite, or k is below 1.
        """
        ...


def require_vector(vector: NDArray[np.float32], dim: int) -> None:
    """Refuse what is no (dim,) vector of numbers."""
    require_shape('vector', vector, (dim,))
    require_finite('vector', vector)


def require_query(vector: NDArray[np.float32], dim: int, k: int) -> None:
    """Refuse a search that can't be answered."""
    require_vector(vector, dim)
    if k < 1:
        raise ValueError(f'k: must be at least 1, got {k}')


def require_batch(keys: NDArray[np.int64], vectors: NDArray[np.float32], dim: int) -> None:
    """Refuse vectors (N, dim) that are not finite, or keys (N,) that do not increase."""
    require_shape('keys', keys, ('N',))
    require_shape('vectors', vectors, (len(keys), dim))
    require_finite('vectors', vectors)
    if len(keys) > 1 and int(np.diff(keys).min()) <= 0:
        raise ValueError(f'keys: must increase, got {_shown(keys)}')


def require_above(key: int, last: int | None) -> None:
    """Refuse a key that is not larger than all before it."""
    if last is not None and key <= last:
        raise ValueError(f'key: must be above {last}, the last one, got {key}')


def _shown(keys: NDArray[np.int64]) -> Sequence[int]:
    worst = int(np.argmin(np.diff(keys)))
    return [int(k) for k in keys[worst : worst + 2]]
