# SPDX-License-Identifier: Apache-2.0
"""The boxes of Waymark's own detector from its outputs, one per stride (see waymark.training.detector)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ModelError

BOX_NET_STRIDES = (8, 16, 32)  # px of the input between two cells of each output
BASE_SIDES = 4.0  # strides: the side of a box where the network answers 0
LARGEST_LOG = 4.0  # of a side in units of that
_ANSWERS = 6  # of a cell beside its classes


def box_net_cells(
    outputs: Sequence[NDArray[Any]], input_wh: tuple[int, int], confidence: float, model: str
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp], int]:
    """Cells that are sure enough, as boxes.

    A cell in column i, row j of stride s answers a logit per class, (x, y) from its middle in strides, logarithms of
    the sides in units of 4 s, and (cos, sin) of twice the angle: that has no jump where a box's two ends change places.

    Args:
        outputs: (1, C + 6, H / s, W / s) for each stride, in any order.
        input_wh: Of the network, px.
        confidence: Least score.
        model: Its name, for errors.

    Returns:
        Boxes (N, 5) cx, cy, w, h in px from the input's upper left corner, theta in rad; scores (N,); classes (N,); C.

    Raises:
        ModelError: Outputs of other shapes, or scores that are not finite.
    """
    parts = []
    for stride in BOX_NET_STRIDES:
        shape = input_wh[1] // stride, input_wh[0] // stride
        maps = [o for o in map(np.asarray, outputs) if o.ndim == 4 and len(o) == 1 and o.shape[2:] == shape]
        if len(maps) != 1 or maps[0].shape[1] <= _ANSWERS:
            shapes = [np.shape(o) for o in outputs]
            raise ModelError(
                f'model {model!r} gave {shapes}, expected one (1, classes + 6, {shape[0]}, {shape[1]}) for stride '
                f'{stride}. It is not a Waymark detector, or was exported otherwise.'
            )
        parts.append(_cells(maps[0][0], stride, confidence, model))
    boxes, scores, classes = (np.concatenate(p) for p in zip(*parts, strict=True))
    return boxes, scores, classes, len(np.asarray(outputs[0])[0]) - _ANSWERS


def _cells(answers: NDArray[Any], stride: int, confidence: float, model: str) -> tuple[NDArray[Any], ...]:
    count, columns = len(answers) - _ANSWERS, answers.shape[2]
    table = answers.reshape(len(answers), -1)
    best = table[:count].max(axis=0)
    bad = int(np.count_nonzero(~np.isfinite(best)))
    if bad:
        raise ModelError(f'model {model!r} gave {bad} of {best.size} scores that are not finite. Export it again.')
    least = np.log(confidence / (1 - confidence)) if 0 < confidence < 1 else (-np.inf if confidence <= 0 else np.inf)
    at = np.flatnonzero(best >= least)
    chosen = table.take(at, axis=1).astype(np.float64)
    x, y, u, v, cos, sin = chosen[count:]
    sides = np.exp(np.clip(np.array([u, v]), -LARGEST_LOG, LARGEST_LOG)) * (BASE_SIDES * stride)
    middle = (at % columns + 0.5 + x) * stride, (at // columns + 0.5 + y) * stride
    boxes = np.column_stack([*middle, *sides, 0.5 * np.arctan2(sin, cos)])
    return boxes, 0.5 * (1 + np.tanh(0.5 * best[at].astype(np.float64))), chosen[:count].argmax(axis=0)
