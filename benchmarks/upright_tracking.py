# SPDX-License-Identifier: Apache-2.0
"""Upright boxes for box_tracking.py: the rectangles around oriented ones, and ByteTrack's association of them.

Y. Zhang et al.: ByteTrack: multi-object tracking by associating every detection box, 2022: sure boxes with all tracks
by the assignment of most IoU, from 0.2 on, then unsure ones from 0.5 on. Filter, ids and the camera's motion are those
of `waymark.detection.tracks`, the filter without its belief that boxes go along their longer side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from waymark.boxes import axis_aligned, canonical, corners
from waymark.detection import Detections
from waymark.detection.tracks import BoxTracker

Floats = NDArray[np.float64]
FIRST_IOU, SECOND_IOU = 0.2, 0.5


def upright(found: Detections) -> Detections:
    """The upright rectangles around the boxes."""
    rows = _outlines(found.boxes)
    return Detections(axis_aligned(rows), found.scores, found.classes, found.class_names)


class UprightTracker(BoxTracker):
    """Pairs upright boxes by their IoU."""

    def _continue(
        self, tracks: list[int], found: Detections, which: NDArray[np.intp], least: float, stamp_ns: int
    ) -> Any:
        if not tracks or not len(which):
            return which
        iou = upright_iou(_outlines(canonical(self._states[tracks].boxes)), _outlines(found.boxes[which]))
        least = FIRST_IOU if least == self.config.match_overlap else SECOND_IOU
        rows, columns = linear_sum_assignment(-np.where(iou >= least, iou, 0))
        pairs = [(tracks[r], int(c)) for r, c in zip(rows, columns, strict=True) if iou[r, c] >= least]
        if pairs:
            self._see([track for track, _ in pairs], found, which[[box for _, box in pairs]], stamp_ns)
        return np.delete(which, [box for _, box in pairs])


def upright_iou(a: Floats, b: Floats) -> Floats:
    """IoU (T, N) of rectangles (T, 4) and (N, 4): least x, least y, most x, most y."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(rows[:, 2:] - rows[:, :2]).prod(axis=1) for rows in (a, b)]
    return np.asarray(shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9))


def _outlines(boxes: Floats) -> Floats:
    outlines = corners(boxes)
    return np.concatenate([outlines.min(axis=1), outlines.max(axis=1)], axis=1)
