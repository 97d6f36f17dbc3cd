# SPDX-License-Identifier: Apache-2.0
"""Which box continues which track: the best pairs first, by boxes that are as wide as they are unsure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import gaussians

Floats = NDArray[np.float64]


def matched(
    expected: Floats, unsure: Floats, boxes: Floats, may_match: NDArray[np.bool_], least: float
) -> list[tuple[int, int]]:
    """Pair boxes with tracks greedily from the best pair down.

    Args:
        expected: (T, 5) where the tracks are expected.
        unsure: (T, 2, 2) covariance of those places, px^2.
        boxes: (N, 5) as seen.
        may_match: (T, N) pairs that are allowed at all.
        least: `blurred_overlap` below which there is no pair.

    Returns:
        (track, box) indices; each at most once.
    """
    if not len(expected) or not len(boxes):
        return []
    overlap, likeness = blurred_overlap(expected, unsure, boxes)
    overlap = np.where(may_match, overlap, 0.0)
    pairs: list[tuple[int, int]] = []
    is_free = overlap >= least
    tracks, columns = np.nonzero(is_free)
    for at in np.argsort(-likeness[tracks, columns], kind='stable'):
        track, box = int(tracks[at]), int(columns[at])
        if is_free[track, box]:
            pairs.append((track, box))
            is_free[track], is_free[:, box] = False, False
    return pairs


def blurred_overlap(expected: Floats, unsure: Floats, boxes: Floats) -> tuple[Floats, Floats]:
    """ProbIoU of Gaussian boxes of which both are blurred by how unsure the expected place is, and what ranks pairs.

    Where a track is sure this is ProbIoU. Where it is not, a box may lie as many standard deviations off as it may
    lie widths off otherwise: what was hidden is found again where it may have gone. The rank takes away what the blur
    adds, so that a sure track goes before an unsure one at the same place: it is the log of the mean Bhattacharyya
    coefficient over all places where the track may be.

    Args:
        expected: (T, 5).
        unsure: (T, 2, 2) px^2.
        boxes: (N, 5).

    Returns:
        Overlap (T, N), 0 to 1, and rank (T, N), larger is better.
    """
    means, shapes = gaussians(expected)
    places, others = gaussians(boxes)
    d = places[None] - means[:, None]
    mean_shape = (shapes[:, None] + others[None]) / 2
    blurred = mean_shape + unsure[:, None]
    det = _det(blurred)
    far = _squared(d, blurred, det)
    dets = np.sqrt(_det(shapes + unsure)[:, None] * _det(others[None] + unsure[:, None]))
    overlap = 1 - np.sqrt(-np.expm1(-np.maximum(far / 8 + 0.5 * np.log(det / dets), 0)))
    wide = mean_shape + unsure[:, None] / 4  # E exp(-d' S^-1 d / 8) for d of covariance P: S becomes S + P / 4
    det, plain = _det(wide), np.sqrt(_det(shapes)[:, None] * _det(others)[None])
    return overlap, -_squared(d, wide, det) / 8 - 0.5 * np.log(det / plain)


def _det(m: Floats) -> Floats:
    return np.asarray(np.maximum(m[..., 0, 0] * m[..., 1, 1] - m[..., 0, 1] ** 2, 1e-12))


def _squared(d: Floats, m: Floats, det: Floats) -> Floats:
    """Squares d' m^-1 d."""
    x, y = d[..., 0], d[..., 1]
    return np.asarray((m[..., 1, 1] * x**2 - 2 * m[..., 0, 1] * x * y + m[..., 0, 0] * y**2) / det)
