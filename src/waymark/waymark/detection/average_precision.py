# SPDX-License-Identifier: Apache-2.0
"""Average precision of detections with exact rotated IoU.

As COCO counts (T.-Y. Lin et al.: Microsoft COCO: common objects in context, ECCV 2014, and its evaluation code): from
the best score down, each detection takes the free label of its image that it overlaps most, if by the threshold at
least; AP is the mean over recall 0, 0.01, .. 1 of the best precision at that recall or above. There is no cap on the
number of detections, and a class without labels counts in no mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import rotated_iou_matrix
from waymark.detection.result import Detections

THRESHOLDS = tuple(round(0.5 + 0.05 * k, 2) for k in range(10))
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class ClassPrecision:
    """How well one class is found.

    Attributes:
        labels: Labelled boxes.
        detections: Boxes found.
        ap50: Average precision at IoU .5; None without labels.
        ap50_95: Mean over IoU .5, .55, .. .95; None without labels.
    """

    labels: int
    detections: int
    ap50: float | None
    ap50_95: float | None


@dataclass(frozen=True)
class AveragePrecision:
    """How well everything is found.

    Attributes:
        map50: Mean of ap50 over classes with labels; None when there are none.
        map50_95: Mean of ap50_95.
        class_agnostic_map50: AP at IoU .5 with all classes taken for one.
        class_agnostic_map50_95: Likewise, mean over the thresholds.
        per_class: By class name.
    """

    map50: float | None
    map50_95: float | None
    class_agnostic_map50: float | None
    class_agnostic_map50_95: float | None
    per_class: dict[str, ClassPrecision]


def average_precision(found: Sequence[Detections], labels: Sequence[Detections]) -> AveragePrecision:
    """Compare what was found with what is there, image by image.

    Args:
        found: Of each image.
        labels: Of the same images, with the same class names.

    Raises:
        ValueError: Different numbers of images, or different class names.
    """
    if len(found) != len(labels):
        raise ValueError(f'labels: expected {len(found)} images, got {len(labels)}')
    names = labels[0].class_names if labels else ()
    if any(one.class_names != names for one in (*found, *labels)):
        raise ValueError('labels: class names must be those of the detections in every image')
    ious = [rotated_iou_matrix(f.boxes, t.boxes) for f, t in zip(found, labels, strict=True)]
    pairs = list(zip(found, labels, ious, strict=True))
    per_class = {name: _of_class(pairs, number) for number, name in enumerate(names)}
    everything = _of_class(pairs, None)
    known = [c for c in per_class.values() if c.labels]
    return AveragePrecision(
        _mean([c.ap50 for c in known]),
        _mean([c.ap50_95 for c in known]),
        everything.ap50,
        everything.ap50_95,
        {name: c for name, c in per_class.items() if c.labels or c.detections},
    )


def precision_area(scores: NDArray[np.float64], is_hit: NDArray[np.bool_], label_count: int) -> float:
    """Average precision of scored hits and misses: mean over 101 recalls of the best precision from there on.

    Args:
        scores: (N,), of equal ones the first counts first.
        is_hit: (N,).
        label_count: At least 1.
    """
    order = np.argsort(-scores, kind='stable')
    hits = np.cumsum(is_hit[order])
    best_after = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    # A recall of k / n is reached by k hits; without the slack 0.29 * 100 would need 30 of 100.
    first = np.searchsorted(hits, np.ceil(_RECALLS * label_count - 1e-9), side='left')
    return float(np.append(best_after, 0.0)[first].mean())


Pair = tuple[Detections, Detections, NDArray[np.float64]]


def _of_class(pairs: Sequence[Pair], number: int | None) -> ClassPrecision:
    """Of one class, or of all taken for one."""
    scores, hits, label_count = [np.empty(0)], [np.empty((len(THRESHOLDS), 0), bool)], 0
    for found, labels, ious in pairs:
        rows = np.arange(len(found)) if number is None else np.flatnonzero(found.classes == number)
        columns = np.arange(len(labels)) if number is None else np.flatnonzero(labels.classes == number)
        scores.append(found.scores[rows])
        hits.append(_hits(ious[np.ix_(rows, columns)], found.scores[rows]))
        label_count += len(columns)
    all_scores, all_hits = np.concatenate(scores), np.concatenate(hits, axis=1)
    if label_count == 0:
        return ClassPrecision(0, len(all_scores), None, None)
    areas = [precision_area(all_scores, is_hit, label_count) for is_hit in all_hits]
    return ClassPrecision(label_count, len(all_scores), areas[0], float(np.mean(areas)))


def _hits(ious: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of N detections take one of M labels, at each threshold: (T, N)."""
    hits = np.zeros((len(THRESHOLDS), len(scores)), bool)
    order = np.argsort(-scores, kind='stable')
    for k, threshold in enumerate(THRESHOLDS):
        left = np.where(ious >= threshold - 1e-10, ious, 0.0)
        for row in order[left[order].any(axis=1)]:
            column = left[row].argmax()
            if left[row, column] > 0:
                hits[k, row] = True
                left[:, column] = 0
    return hits


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None
