# SPDX-License-Identifier: Apache-2.0
"""Which box continues which track: the best pairs first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import probiou_matrix


def matched(
    expected: NDArray[np.float64],
    boxes: NDArray[np.float64],
    may_match: NDArray[np.bool_],
    least: float,
) -> list[tuple[int, int]]:
    """Pair boxes with tracks by ProbIoU, greedily from the best pair down.

    Args:
        expected: (T, 5) where the tracks are expected.
        boxes: (N, 5) as seen.
        may_match: (T, N) pairs that are allowed at all.
        least: ProbIoU below which there is no pair.

    Returns:
        (track, box) indices; each at most once.
    """
    if not len(expected) or not len(boxes):
        return []
    overlap = np.where(may_match, probiou_matrix(expected, boxes), 0.0)
    pairs: list[tuple[int, int]] = []
    for flat in np.argsort(-overlap, axis=None, kind='stable'):
        track, box = divmod(int(flat), len(boxes))
        if overlap[track, box] < least:
            break
        if all(track != t and box != b for t, b in pairs):
            pairs.append((track, box))
    return pairs
