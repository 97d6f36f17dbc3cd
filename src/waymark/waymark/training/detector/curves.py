# SPDX-License-Identifier: Apache-2.0
"""How a training went: a table and a picture of its losses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE_WH = (900, 420)
_MARGIN = 56
_INK, _PALE = (40, 40, 40), (220, 220, 220)
_COLOURS = {'classes': (200, 60, 30), 'boxes': (40, 90, 170)}
CURVES_TABLE, CURVES_PICTURE = 'losses.csv', 'losses.png'


@dataclass(frozen=True)
class LossPoint:
    """Mean losses of some steps up to one."""

    step: int
    classes: float
    boxes: float


def write_curves(points: list[LossPoint], folder: Path) -> None:
    """Write losses.csv and losses.png."""
    rows = ''.join(f'{p.step},{p.classes:.6g},{p.boxes:.6g}\n' for p in points)
    (folder / CURVES_TABLE).write_text(f'step,classes,boxes\n{rows}')
    cv2.imwrite(str(folder / CURVES_PICTURE), draw_curves(points)[..., ::-1])


def read_curves(folder: Path, until: int) -> list[LossPoint]:
    """What was written up to a step; empty where nothing was."""
    path = folder / CURVES_TABLE
    if not path.is_file():
        return []
    rows = [line.split(',') for line in path.read_text().splitlines()[1:]]
    return [LossPoint(int(a), float(b), float(c)) for a, b, c in rows if int(a) <= until]


def draw_curves(points: list[LossPoint]) -> NDArray[np.uint8]:
    """Draw both losses over the steps; RGB (420, 900, 3)."""
    width, height = _SIZE_WH
    picture = np.full((height, width, 3), 255, np.uint8)
    if not points:
        return picture
    top = 1.1 * max(max(p.classes, p.boxes) for p in points) or 1.0
    last = max(points[-1].step, 1)
    for share in (0.0, 0.5, 1.0):
        y = round(height - _MARGIN - share * (height - 2 * _MARGIN))
        cv2.line(picture, (_MARGIN, y), (width - _MARGIN, y), _PALE, 1)
        _text(picture, f'{share * top:.2f}', (8, y + 5), _INK)
    for k, (name, colour) in enumerate(_COLOURS.items()):
        values = np.array([(p.step / last, getattr(p, name) / top) for p in points])
        at = values * (width - 2 * _MARGIN, -(height - 2 * _MARGIN)) + (_MARGIN, height - _MARGIN)
        cv2.polylines(picture, [np.rint(at * 16).astype(np.int32)], False, colour, 2, cv2.LINE_AA, 4)
        _text(picture, f'loss of {name}', (_MARGIN + 180 * k, 30), colour)
    _text(picture, f'{last} steps', (width - _MARGIN - 90, height - 20), _INK)
    return picture


def _text(picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
