# SPDX-License-Identifier: Apache-2.0
"""Exact search: one product of a matrix that grows and the query, then the few best of its results."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from waymark.places.retrieval.base import Found, require_above, require_batch, require_query, require_vector

_GROUPS = 1024
_FEWEST_DEAD = 64


class ExactIndex:
    """Rows of float32 in the order of their keys. Removed rows stay until they are an eighth of all."""

    def __init__(self, dim: int, capacity: int = 1024) -> None:
        self._rows = np.zeros((max(capacity, 1), dim), np.float32)
        self._keys: list[int] = []  # of all rows, the dead ones included
        self._dead = np.zeros(0, np.intp)  # rows
        self._last: int | None = None

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self._rows.shape[1])

    @property
    def keys(self) -> NDArray[np.int64]:
        """(N,) keys of all vectors, ascending."""
        return np.delete(np.array(self._keys, np.int64), self._dead)

    @property
    def memory_bytes(self) -> int:
        """Of the vectors, room for those to come included."""
        return self._rows.nbytes

    def __len__(self) -> int:
        return len(self._keys) - len(self._dead)

    def add(self, key: int, vector: NDArray[np.float32]) -> None:
        """Take in one vector (see VectorIndex)."""
        require_vector(vector, self.dim)
        require_above(key, self._last)
        self._make_room(1)
        self._rows[len(self._keys)] = vector
        self._keys.append(key)
        self._last = key

    def extend(self, keys: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Take in many vectors (see VectorIndex)."""
        require_batch(keys, vectors, self.dim)
        if len(keys) == 0:
            return
        require_above(int(keys[0]), self._last)
        self._make_room(len(keys))
        self._rows[len(self._keys) : len(self._keys) + len(keys)] = vectors
        self._keys.extend(int(k) for k in keys)
        self._last = self._keys[-1]

    def remove(self, key: int) -> None:
        """Forget one vector (see VectorIndex)."""
        row = bisect_left(self._keys, key)
        if row == len(self._keys) or self._keys[row] != key or row in self._dead:
            raise KeyError(key)
        self._dead = np.append(self._dead, row)
        if len(self._dead) >= max(_FEWEST_DEAD, len(self._keys) // 8):
            self._close_gaps()

    def search(self, vector: NDArray[np.float32], k: int, below: int | None = None) -> Found:
        """Compare with every vector (see VectorIndex)."""
        require_query(vector, self.dim, k)
        count = len(self._keys) if below is None else bisect_left(self._keys, below)
        similarity = self._rows[:count] @ np.asarray(vector, np.float32)
        dead = self._dead[self._dead < count]
        similarity[dead] = -np.inf
        rows = best(similarity, min(k, count - len(dead)))
        return np.array([self._keys[row] for row in rows], np.int64), similarity[rows]

    def after(self, key: int | None, most: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Up to `most` keys that follow `key` (None: from the first one), and their vectors."""
        first = 0 if key is None else bisect_left(self._keys, key + 1)
        dead = set(self._dead.tolist())
        rows = [r for r in range(first, min(first + most + len(dead), len(self._keys))) if r not in dead][:most]
        return np.array([self._keys[r] for r in rows], np.int64), self._rows[rows]

    def _make_room(self, more: int) -> None:
        needed = len(self._keys) + more
        if needed > len(self._rows):  # by a quarter each time: appending stays cheap on average
            rows = np.zeros((max(needed, len(self._rows) * 5 // 4 + 1), self.dim), np.float32)
            rows[: len(self._keys)] = self._rows[: len(self._keys)]
            self._rows = rows

    def _close_gaps(self) -> None:
        kept = np.delete(np.arange(len(self._keys)), self._dead)
        self._rows[: len(kept)] = self._rows[kept]
        self._keys = [self._keys[row] for row in kept]
        self._dead = np.zeros(0, np.intp)


def best(values: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Where the k largest of the values (N,) lie, largest first, of equals the first; k at most N."""
    if k < 1:
        return np.zeros(0, np.intp)
    places = _hopeful(values, k)
    hopes = values[places]
    if k < len(places):
        bound = np.partition(hopes, -k)[-k]
        above, level = np.flatnonzero(hopes > bound), np.flatnonzero(hopes == bound)
        kept = np.concatenate([above, level[: k - len(above)]])
        places, hopes = places[kept], hopes[kept]
    return places[np.lexsort((places, -hopes))]


def _hopeful(values: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Places that may be among the k best: a few more than k, found in a quarter of the time of argpartition.

    The values fall into groups, group g holding every _GROUPS-th value from the g-th. The k best of the groups' maxima
    are k values, so that whatever is among the k best is no smaller than the smallest of them.
    """
    rounds = len(values) // _GROUPS
    if rounds < 4 or k > _GROUPS // 4:
        return np.arange(len(values))
    maxima = values[: rounds * _GROUPS].reshape(rounds, _GROUPS).max(axis=0)
    return np.flatnonzero(values >= np.partition(maxima, -k)[-k])
