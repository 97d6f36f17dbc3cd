# SPDX-License-Identifier: Apache-2.0
"""Making a map smaller: the keyframes that say least go first, those that a route needs never."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from waymark.errors import MapError
from waymark.maps.place_map import PlaceMap

_BLOCK = 256  # rows compared at once: (256, N) similarities fit any memory


def prune(
    place_map: PlaceMap,
    keep: int | None = None,
    similarity: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[int]:
    """Remove keyframes, the most alike to another one first, until both wishes are met.

    Of two that are alike, the later one goes. Links of removed keyframes go with them.

    Args:
        place_map: Changed in place.
        keep: Largest number of keyframes that may be left.
        similarity: Keyframes (but those of routes) whose cosine with another one is at least this go.
        progress: Told keyframes that will go, and how many shall (0 where that is not known before).

    Returns:
        The ids of those removed, in order.

    Raises:
        MapError: Routes need more keyframes than `keep`; nothing was removed.
    """
    routed = place_map.routed_ids
    if keep is not None and len(routed) > keep:
        raise MapError(
            f'the map can not be pruned to {keep} keyframes: its routes need {len(routed)}. '
            'Keep more, or remove a route first.'
        )
    order = _redundancy(place_map, routed)
    removed: list[int] = []
    for keyframe_id, alike in order:
        is_enough = keep is None or len(place_map) - len(removed) <= keep
        if is_enough and (similarity is None or alike < similarity):
            break
        removed.append(keyframe_id)
        if progress is not None:
            progress(len(removed), 0 if similarity is not None or keep is None else len(place_map) - keep)
    for keyframe_id in removed:
        place_map.remove(keyframe_id)
    return removed


class _Alive:
    """Vectors of the keyframes that are left, and which of them is most alike to each."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors
        self.is_alive = np.ones(len(vectors), np.bool_)

    def best(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """For each of `rows` (M,) the most alike other row that is left, and its cosine (-2 without any)."""
        similarities = self._vectors[rows] @ self._vectors.T
        similarities[:, ~self.is_alive] = -2
        similarities[np.arange(len(rows)), rows] = -2
        nearest = similarities.argmax(axis=1)
        return nearest, similarities[np.arange(len(rows)), nearest]


def _redundancy(place_map: PlaceMap, routed: frozenset[int]) -> Iterator[tuple[int, float]]:
    """Yield ids that may go, with their cosine to the most alike one left, as if each were removed at once."""
    ids, vectors = place_map.vectors()
    alive = _Alive(vectors)
    may_go = np.array([i not in routed for i in ids], np.bool_)
    nearest = np.zeros(len(ids), np.intp)
    waiting: list[tuple[float, int]] = []
    for start in range(0, len(ids), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(ids)))
        nearest[rows], cosines = alive.best(rows)
        waiting += [(-round(float(c), 5), -int(r)) for r, c in zip(rows, cosines, strict=True) if may_go[r]]
    heapq.heapify(waiting)  # most alike first, of equals the later one
    while waiting:
        cosine, row = heapq.heappop(waiting)
        if alive.is_alive[nearest[-row]]:
            alive.is_alive[-row] = False
            yield int(ids[-row]), -cosine
        else:  # what it was most alike to has gone
            found, again = alive.best(np.array([-row]))
            nearest[-row] = found[0]
            heapq.heappush(waiting, (-round(float(again[0]), 5), row))
