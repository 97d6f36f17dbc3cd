# SPDX-License-Identifier: Apache-2.0
"""Homographies that views of two pictures suggest: each pair of views is matched by itself, the best are fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.affine_views import ViewFeatures
from waymark.image.geometry import transform_points
from waymark.image.homography import find_homography

_FITTED = 10  # pairs of views, those with most matches first, that a homography is fitted to
_FEWEST = 6  # matches


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A homography that nobody has believed yet.

    Attributes:
        H_cur_ref: (3, 3) reference px to current px.
        inliers: Matches that agree with it.
        matches: Matches that it was found among.
        method: What found it.
    """

    H_cur_ref: NDArray[np.float64]
    inliers: int
    matches: int
    method: str


@dataclass(frozen=True, eq=False)
class _Matches:
    """Points of two pictures that match, (M, 2) px each."""

    points_ref: NDArray[np.float64]
    points_cur: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.points_ref)


def hypotheses(
    reference: Sequence[ViewFeatures],
    current: Sequence[ViewFeatures],
    fresh: tuple[int, int],
    ratio: float,
    threshold_px: float,
    method: str,
) -> list[Hypothesis]:
    """Match views and fit homographies to the pairs of views with most matches.

    Args:
        reference: Views of the reference picture.
        current: Views of the current picture.
        fresh: How many of both were matched before: pairs of those are left out.
        ratio: Largest distance to the best match relative to the second best.
        threshold_px: Inlier threshold.
        method: Name for the hypotheses.

    Returns:
        The one with most support first: matches of all pairs of views count.
    """
    matched = _match_all(reference, current, fresh, ratio)
    matched = sorted((m for m in matched if len(m) >= _FEWEST), key=len, reverse=True)
    found = [h for m in matched[:_FITTED] if (h := _fitted(m, matched, threshold_px, method)) is not None]
    return sorted(found, key=lambda h: h.inliers, reverse=True)


def _fitted(matches: _Matches, every: Sequence[_Matches], threshold_px: float, method: str) -> Hypothesis | None:
    H, _ = find_homography(matches.points_ref.astype(np.float32), matches.points_cur.astype(np.float32), threshold_px)
    if H is None:
        return None
    points_ref = np.concatenate([m.points_ref for m in every])
    points_cur = np.concatenate([m.points_cur for m in every])
    off = np.linalg.norm(transform_points(H, points_ref) - points_cur, axis=1)
    return Hypothesis(H, int(np.count_nonzero(off < threshold_px)), len(points_ref), method)


def _match_all(
    reference: Sequence[ViewFeatures], current: Sequence[ViewFeatures], fresh: tuple[int, int], ratio: float
) -> list[_Matches]:
    """Matches of each pair of views, where at least one of the two is new."""
    found = []
    for i, a in enumerate(reference):
        partners = [b for j, b in enumerate(current) if (i >= fresh[0] or j >= fresh[1]) and len(b) >= 2]
        if len(a) < 2 or not partners:
            continue
        likeness = a.descriptors @ np.concatenate([b.descriptors for b in partners]).T
        ends = np.cumsum([len(b) for b in partners])[:-1]
        found += [_matched(a, b, part, ratio) for b, part in zip(partners, np.split(likeness, ends, 1), strict=True)]
    return found


def _matched(a: ViewFeatures, b: ViewFeatures, likeness: NDArray[np.float32], ratio: float) -> _Matches:
    """Nearest neighbours of each other that pass the ratio test, from cosines (len(a), len(b)) of unit vectors."""
    best = likeness.argmax(axis=1)
    mutual = np.flatnonzero(likeness.argmax(axis=0)[best] == np.arange(len(a)))
    rows = likeness[mutual].copy()
    first = rows[np.arange(len(mutual)), best[mutual]]
    rows[np.arange(len(mutual)), best[mutual]] = -1.0
    second = rows.max(axis=1, initial=-1.0)
    # |x - y|^2 = 2 - 2 x.y; rounding must not make equal vectors nearer than equal.
    kept = mutual[np.maximum(1 - first, 1e-6) < ratio**2 * np.maximum(1 - second, 1e-6)]
    return _Matches(a.points_px[kept], b.points_px[best[kept]])
