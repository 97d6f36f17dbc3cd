# SPDX-License-Identifier: Apache-2.0
"""Which parts of a picture tell where one looks: what repeats itself elsewhere in the picture proves little."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_LONGER_PX = 120  # of the reduced picture in which parts are compared
_CELL_PX = 12
_AROUND_PX = 6  # a cell is compared together with so much around it
_FLAT = 4.0  # standard deviation, grey levels, below which there is nothing to compare
_ALIKE = (0.5, 0.9)  # correlation with another place from which, and up to which, a part proves less and less
_LEAST = 0.05


def distinctness(detail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much each part of a picture proves.

    Args:
        detail: (H, W) uint8 without slow changes of light.

    Returns:
        (rows, columns) float32 map over the picture, 1 where a part is like no other, nearly 0 where it repeats.
    """
    scale = min(1.0, _LONGER_PX / max(detail.shape))
    cells = max(round(detail.shape[1] * scale / _CELL_PX), 1), max(round(detail.shape[0] * scale / _CELL_PX), 1)
    small = cv2.resize(detail, (cells[0] * _CELL_PX, cells[1] * _CELL_PX), interpolation=cv2.INTER_AREA)
    found = np.ones(cells[::-1], np.float32)
    for row in range(cells[1]):
        for column in range(cells[0]):
            likest = _likest_elsewhere(np.asarray(small, np.uint8), column * _CELL_PX, row * _CELL_PX)
            found[row, column] = np.interp(likest, _ALIKE, (1.0, _LEAST))
    return found


def _likest_elsewhere(plane: NDArray[np.uint8], x: int, y: int) -> float:
    """Highest correlation of a cell and its surroundings with another place in the picture."""
    x0, y0 = max(x - _AROUND_PX, 0), max(y - _AROUND_PX, 0)
    part = plane[y0 : y + _CELL_PX + _AROUND_PX, x0 : x + _CELL_PX + _AROUND_PX]
    if part.shape[0] >= plane.shape[0] or part.shape[1] >= plane.shape[1] or float(part.std()) < _FLAT:
        return 0.0
    likeness = cv2.matchTemplate(plane, part, cv2.TM_CCOEFF_NORMED)
    low = max(y0 - _AROUND_PX, 0), max(x0 - _AROUND_PX, 0)
    likeness[low[0] : y0 + _AROUND_PX + 1, low[1] : x0 + _AROUND_PX + 1] = 0
    return float(np.nan_to_num(likeness).max())
