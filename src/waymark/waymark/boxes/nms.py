# SPDX-License-Identifier: Apache-2.0
"""Greedy non-maximum suppression by ProbIoU, in plain NumPy.

Only pairs that can agree enough are compared: the Bhattacharyya distance is at least |d|^2 / (4 (l1 + l2)) with the
larger eigenvalues l = w^2 / 12 (w >= h) of both covariances, so boxes whose centres lie farther apart than that allows
are never compared. The kept boxes are those of a loop over all pairs in float64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.boxes.canonical import Boxes, as_boxes
from waymark.boxes.probiou import MIN_SIDE_PX, distance_of, gaussian_terms, pair_distance
from waymark.checks import require_finite, require_shape

Indices = NDArray[np.intp]

_FEW = 96  # boxes of which all pairs are compared: fewer steps than to look for those that are near
_BLOCK = 512  # boxes whose pairs are held at once
_PAIRS_AT_ONCE = 250_000
_WORSE = np.tri(_FEW, k=-1, dtype=np.bool_)  # [i, j]: box i comes after box j
_SLACK = 1 + 1e-9  # of the gate: rounding must not shut out a pair


def nms(
    boxes: ArrayLike, scores: ArrayLike, threshold: float = 0.45, classes: NDArray[np.integer] | None = None
) -> Indices:
    """Choose boxes from the best score down, each unless it agrees too much with one that is chosen already.

    Args:
        boxes: (N, 5).
        scores: (N,); of equal scores the first box counts as better.
        threshold: ProbIoU above which the box with the lower score goes, above 0 and at most 1.
        classes: (N,) class numbers: boxes of different classes leave each other alone. None: class-agnostic.

    Returns:
        (K,) indices of the kept boxes, best score first.

    Raises:
        ValueError: Shapes do not fit, values are not finite, a side is negative, or the threshold is out of range.
    """
    rows, ranks = as_boxes('boxes', boxes), np.asarray(scores, np.float64)
    require_shape('boxes', rows, ('N', 5))
    require_shape('scores', ranks, (len(rows),))
    require_finite('scores', ranks)
    if not 0 < threshold <= 1:
        raise ValueError(f'threshold: must be above 0 and at most 1, got {threshold}')
    return suppressed(rows, ranks, threshold, classes)


def suppressed(
    rows: Boxes, ranks: NDArray[np.float64], threshold: float, classes: NDArray[np.integer] | None
) -> Indices:
    """What `nms` keeps of boxes and scores that were checked, as a detector's were."""
    order = np.argsort(-ranks, kind='stable')
    rows = rows[order]
    if len(rows) <= _FEW:
        return order[_few(rows, threshold, None if classes is None else _ordered(classes, order))]
    key = rows[:, 0] if classes is None else _apart(rows, _ordered(classes, order), threshold)
    return order[_greedy(_Scene(rows, key, threshold), len(rows))]


def _ordered(classes: NDArray[np.integer], order: Indices) -> NDArray[np.integer]:
    require_shape('classes', classes, (len(order),))
    return np.asarray(classes)[order]


def _few(rows: Boxes, threshold: float, classes: NDArray[np.integer] | None) -> Indices:
    """Positions of the kept among few boxes, best first."""
    pairs = _WORSE[: len(rows), : len(rows)]
    worse, better = (pairs if classes is None else pairs & (classes[:, None] == classes)).nonzero()
    x, y, reach = rows[:, 0], rows[:, 1], _squared_reach(rows, threshold)
    far = (x[worse] - x[better]) ** 2 + (y[worse] - y[better]) ** 2
    near = far <= reach[worse] + reach[better]
    if not near.any():
        return np.arange(len(rows))
    worse, better = worse[near], better[near]
    terms = gaussian_terms(rows)
    agree = pair_distance(terms.take(better, axis=1), terms.take(worse, axis=1)) < distance_of(threshold)
    gone = bytearray(len(rows))
    # Pairs come in the order of the worse box: of all better ones it is then known whether they are gone.
    for one, other in zip(better[agree].tolist(), worse[agree].tolist(), strict=True):
        if not gone[one]:
            gone[other] = 1
    return np.asarray((np.frombuffer(gone, np.uint8) == 0).nonzero()[0])


def _apart(rows: Boxes, classes: NDArray[np.integer], threshold: float) -> NDArray[np.float64]:
    """The centres' x with every class in a range of its own: those of two classes are never near each other."""
    if len(rows) == 0:
        return rows[:, 0]
    _, numbers = np.unique(classes, return_inverse=True)
    x = rows[:, 0] - rows[:, 0].min()
    return np.asarray(x + numbers.reshape(-1) * (x.max() + 2 * np.sqrt(_squared_reach(rows, threshold).max()) + 1))


def _squared_reach(rows: Boxes, threshold: float) -> NDArray[np.float64]:
    """Boxes whose squared distance is more than the sum of these two agree less than the threshold."""
    longest = np.maximum(np.maximum(rows[:, 2], rows[:, 3]), MIN_SIDE_PX)
    return np.asarray(longest * longest * (distance_of(threshold) / 3 * _SLACK))


class _Scene:
    """Boxes in the order of their scores, and which pairs of them agree."""

    def __init__(self, rows: Boxes, key: NDArray[np.float64], threshold: float) -> None:
        self.limit, self.terms = distance_of(threshold), gaussian_terms(rows)
        # x (by class), y and squared reach: what decides whether a pair is looked at.
        self.places = np.stack([key, rows[:, 1], _squared_reach(rows, threshold)])

    def within(self, members: Indices) -> tuple[Indices, Indices]:
        """Pairs (better, worse) of members that agree more than the threshold, in the order of the better ones."""
        members = members[np.argsort(self.places[0].take(members))]
        places = self.places.take(members, axis=1)
        last = np.searchsorted(places[0], _farthest(places, places), side='right')
        i, j = _near(places, np.arange(1, len(members) + 1), places, last)
        i, j = members[i], members[j]
        better, worse = np.minimum(i, j), np.maximum(i, j)
        agree = np.flatnonzero(self._agreeing(better, worse))
        agree = agree[np.argsort(better[agree], kind='stable')]
        return better[agree], worse[agree]

    def between(self, chosen: Indices, others: Indices) -> Indices:
        """Those of `others` that agree with one of `chosen` more than the threshold."""
        others = others[np.argsort(self.places[0].take(others))]
        a, b = self.places.take(chosen, axis=1), self.places.take(others, axis=1)
        last = np.searchsorted(b[0], (far := _farthest(a, b)), side='right')
        i, j = _near(a, np.searchsorted(b[0], 2 * a[0] - far), b, last)
        i, j = chosen[i], others[j]
        return j[self._agreeing(i, j)]

    def _agreeing(self, i: Indices, j: Indices) -> NDArray[np.bool_]:
        return pair_distance(self.terms.take(i, axis=1), self.terms.take(j, axis=1)) < self.limit


def _farthest(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest x of places `b` (3, M) that each of places `a` (3, N) may reach."""
    return np.asarray(a[0] + np.sqrt(a[2] + b[2].max()))


def _near(a: NDArray[np.float64], first: Indices, b: NDArray[np.float64], last: Indices) -> tuple[Indices, Indices]:
    """Positions of the pairs (k, first[k]) .. (k, last[k] - 1) of places `a` and `b` that reach each other."""
    counts = np.maximum(last - first, 0)
    ends = np.cumsum(counts)
    j = np.arange(ends[-1]) + np.repeat(first - ends + counts, counts)
    i = np.repeat(np.arange(len(counts)), counts)
    dx, dy = (v.take(j) - np.repeat(u, counts) for u, v in zip(a[:2], b[:2], strict=True))
    dx *= dx
    dy *= dy
    dx += dy
    dx -= b[2].take(j)
    near = np.flatnonzero(dx <= np.repeat(a[2], counts))
    return i.take(near), j.take(near)


def _greedy(scene: _Scene, count: int) -> Indices:
    """Positions of the kept boxes, a block of the best at a time: what they suppress is never compared again."""
    alive, kept = np.ones(count, bool), [np.empty(0, np.intp)]
    for start in range(0, count, _BLOCK):
        block = start + np.flatnonzero(alive[start : start + _BLOCK])
        chosen = _greedy_block(scene, block) if len(block) else block
        kept.append(chosen)
        rest = start + _BLOCK + np.flatnonzero(alive[start + _BLOCK :])
        while len(chosen) and len(rest):
            step = max(_PAIRS_AT_ONCE // len(rest), 1)
            alive[scene.between(chosen[:step], rest)] = False
            chosen, rest = chosen[step:], rest[alive[rest]]
    return np.concatenate(kept)


def _greedy_block(scene: _Scene, block: Indices) -> Indices:
    better, worse = scene.within(block)
    gone = bytearray(int(block[-1]) + 1)
    for one, other in zip(better.tolist(), worse.tolist(), strict=True):
        if not gone[one]:
            gone[other] = 1
    return np.asarray(block[np.frombuffer(gone, np.uint8).take(block) == 0], np.intp)
