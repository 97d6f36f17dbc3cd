# SPDX-License-Identifier: Apache-2.0
"""Figures of retrieval with a score: recall at k, precision against recall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape


def recall_at(right: NDArray[np.bool_], answerable: NDArray[np.bool_], k: int) -> float:
    """Share of the answerable queries with a right answer among their first k.

    Args:
        right: (Q, R) bool: is the answer of this rank right?
        answerable: (Q,) bool: there is a right answer.
        k: How many ranks count.

    Returns:
        0 to 1; 0 without an answerable query.
    """
    require_shape('answerable', answerable, (len(right),))
    hits = right[:, :k].any(axis=1) & answerable
    return float(hits.sum() / max(int(answerable.sum()), 1))


def precision_recall(
    score: NDArray[np.floating], right: NDArray[np.bool_], answerable: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Accept first answers by score, from the highest down; equal scores are accepted together.

    Args:
        score: (Q,) of each query's first answer; -inf where there is none.
        right: (Q,) bool: that answer is right.
        answerable: (Q,) bool: there is a right answer. The others can only be wrong.

    Returns:
        (precision, recall), one pair per distinct finite score, highest score first.
    """
    require_shape('right', right, (len(score),))
    order = np.argsort(-score, kind='stable')
    order = order[np.isfinite(score[order])]
    ranked = score[order]
    last = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True)) if len(ranked) else np.zeros(0, np.intp)
    found = np.cumsum(right[order])[last]
    return found / (last + 1.0), found / max(int(answerable.sum()), 1)


def area_under(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> float:
    """Area under the precision-recall curve as average precision: the sum of precision times the step of recall."""
    return float((precision * np.diff(recall, prepend=0.0)).sum())


def recall_at_full_precision(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> float:
    """Highest recall at which nothing wrong is accepted; 0 where the best score is already wrong."""
    return float(recall[precision >= 1.0].max(initial=0.0))
