# SPDX-License-Identifier: Apache-2.0
"""Which cell answers for which box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.training.detector.layout import STRIDES
from waymark.training.detector.samples import Crop

# Longer sides, px, for which a stride answers; where two do, both.
_SIDES = {8: (0.0, 72.0), 16: (48.0, 176.0), 32: (120.0, np.inf)}
_MIDDLE = 0.22  # of a side to either side of the middle
_LEAST = 0.75  # strides to either side of the middle, so that a small box has a cell


@dataclass(frozen=True, eq=False)
class Targets:
    """What the cells of all strides of a batch should answer, in the order of the outputs.

    Attributes:
        cells: (P,) numbers of the cells with a box, of N * K; K cells of all strides in each picture.
        boxes: (P, 5) their boxes, px, rad.
        classes: (P,).
        ignored: (Q,) numbers of cells whose answer does not matter.
    """

    cells: NDArray[np.int64]
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    ignored: NDArray[np.int64]


def cell_centres(size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Middles (K, 2) in px, integers being pixel centres, and strides (K,) of the cells of a square picture."""
    points, strides = [], []
    for stride in STRIDES:
        at = (np.arange(size // stride, dtype=np.float32) + 0.5) * stride - 0.5
        x, y = np.meshgrid(at, at)
        points.append(np.column_stack([x.ravel(), y.ravel()]))
        strides.append(np.full(x.size, stride, np.float32))
    return np.concatenate(points), np.concatenate(strides)


def assign(crops: Sequence[Crop], size: int) -> Targets:
    """Give each box the cells around its middle; of two boxes, a cell takes the one to whose middle it is nearer.

    Args:
        crops: Pictures of one step.
        size: Their width and height, px.
    """
    starts = np.cumsum([0, *((size // s) ** 2 for s in STRIDES)])
    total = int(starts[-1])
    cells, boxes, classes, ignored = [], [], [], []
    for number, crop in enumerate(crops):
        owner, hidden = _owners(crop, size, starts)
        taken = np.flatnonzero(owner >= 0)
        cells.append(taken + number * total)
        boxes.append(crop.boxes[owner[taken]])
        classes.append(crop.classes[owner[taken]])
        ignored.append(np.flatnonzero(hidden & (owner < 0)) + number * total)
    return Targets(
        np.concatenate(cells),
        np.concatenate(boxes).astype(np.float32),
        np.concatenate(classes),
        np.concatenate(ignored),
    )


def _owners(crop: Crop, size: int, starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Box (K,) of each cell or -1, and whether (K,) it lies in an ignored one."""
    owner = np.full(starts[-1], -1, np.int64)
    nearest = np.full(starts[-1], np.inf)
    hidden = np.zeros(starts[-1], bool)
    for k, (box, is_ignored) in enumerate(zip(crop.boxes, crop.ignored, strict=True)):
        for stride, start in zip(STRIDES, starts[:-1], strict=True):
            low, high = _SIDES[stride]
            if not is_ignored and not low <= box[2] < high:
                continue
            index, u, v = _around(box, stride, size)
            index = index + start
            if is_ignored:
                hidden[index[(np.abs(u) <= 0.5) & (np.abs(v) <= 0.5)]] = True
                continue
            least = _LEAST * stride / np.maximum(box[2:4], 1e-3)
            near = (np.abs(u) <= max(_MIDDLE, least[0])) & (np.abs(v) <= max(_MIDDLE, least[1]))
            index, far = index[near], np.hypot(u[near], v[near])
            better = far < nearest[index]
            owner[index[better]], nearest[index[better]] = k, far[better]
    return owner, hidden


def _around(
    box: NDArray[np.float64], stride: int, size: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Cells near a box, and where they lie along and across it in shares of its sides."""
    count = size // stride
    reach = max(float(np.hypot(box[2], box[3])) / 2, stride)
    low = np.clip(np.floor((box[:2] - reach + 0.5) / stride), 0, count).astype(int)
    high = np.clip(np.ceil((box[:2] + reach + 0.5) / stride), 0, count).astype(int)
    columns, rows = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    dx, dy = (columns.ravel() + 0.5) * stride - 0.5 - box[0], (rows.ravel() + 0.5) * stride - 0.5 - box[1]
    c, s = np.cos(box[4]), np.sin(box[4])
    u, v = (dx * c + dy * s) / max(box[2], 1e-3), (dy * c - dx * s) / max(box[3], 1e-3)
    return (rows.ravel() * count + columns.ravel()).astype(np.int64), u, v
