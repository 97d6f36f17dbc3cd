# SPDX-License-Identifier: Apache-2.0
"""Waymark's landing pad: a picture that looks different from every side and has corners all over."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

SIZE_PX = 512
_OVERSAMPLING = 3

_SLATE = (36, 43, 52)
_WHITE = (246, 245, 240)
_AMBER = (255, 178, 44)
_ORANGE = (232, 119, 34)
_TEAL = (22, 138, 148)
_DEEP_TEAL = (15, 108, 120)

_SECTORS = 40
_TRACKS = ((0.62, 0.73), (0.73, 0.84))
# Cells of the ring, from the top clockwise: . slate, w white, a amber, t teal. No turn of it is like another.
_RING = (
    'ww.aw..ww.tw.w...wwa.w.ww..tww.w.a.ww.w.',
    '.wt..ww.w.ww..aww..w.tw.www..w.wa..w.ww.',
)
# 3 x 3 cells in each corner, rows from the top: north-west, north-east, south-east, south-west.
_CORNERS = (('waw', 'w.w', 'www'), ('w.t', '.ww', 't.w'), ('..w', '.w.', 'w.a'), ('w..', 'wtw', '..w'))
_INKS = {'.': _SLATE, 'w': _WHITE, 'a': _AMBER, 't': _TEAL}
# (x right, y up) in half sides: a compass needle that points to the top of the pad.
_NEEDLE_LEFT = ((0.0, 0.44), (-0.30, -0.36), (0.0, -0.20))
_NEEDLE_RIGHT = ((0.0, 0.44), (0.0, -0.20), (0.30, -0.36))


@functools.cache
def landing_pad() -> NDArray[np.uint8]:
    """Draw the pad.

    Computed with NumPy alone, so that it is the same on every machine.

    Returns:
        Read-only RGB (SIZE_PX, SIZE_PX, 3).
    """
    n = SIZE_PX * _OVERSAMPLING
    axis = (np.arange(n, dtype=np.float32) + 0.5) * (2.0 / n) - 1.0
    x, y = np.meshgrid(axis, -axis)
    big = np.empty((n, n, 3), np.uint8)
    big[:] = _SLATE
    _paint_frame(big, x, y)
    _paint_corners(big)
    _paint_ring(big, x, y)
    middle = slice(n // 5, n - n // 5)  # what lies within 0.6 of the centre
    _paint_middle(big[middle, middle], x[middle, middle], y[middle, middle])
    blocks = big.reshape(SIZE_PX, _OVERSAMPLING, SIZE_PX, _OVERSAMPLING, 3).astype(np.uint16)
    pad = np.asarray((blocks.sum(axis=(1, 3)) + _OVERSAMPLING**2 // 2) // _OVERSAMPLING**2, np.uint8)
    pad.setflags(write=False)
    return pad


def _paint_frame(big: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
    edge = np.maximum(np.abs(x), np.abs(y))
    big[edge > 0.945] = _WHITE
    big[(edge > 0.905) & (edge < 0.92)] = _AMBER


def _paint_corners(big: NDArray[np.uint8]) -> None:
    cell, first, last = 0.085, 0.62, 0.62 + 3 * 0.085
    half = len(big) / 2
    for rows, (sx, sy) in zip(_CORNERS, ((-1, 1), (1, 1), (1, -1), (-1, -1)), strict=True):
        left, top = (first if sx > 0 else -last), (last if sy > 0 else -first)
        for i, row in enumerate(rows):
            for j, ink in enumerate(row):
                x0, x1 = (round((1 + left + k * cell) * half) for k in (j, j + 1))
                y0, y1 = (round((1 - top + k * cell) * half) for k in (i, i + 1))
                big[y0:y1, x0:x1] = _INKS[ink]


def _paint_ring(big: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
    r = np.hypot(x, y)
    big[(r > 0.6) & (r < 0.86)] = _SLATE
    clockwise = np.arctan2(x, y) % (2 * np.pi)
    sector = (clockwise * (_SECTORS / (2 * np.pi))).astype(int) % _SECTORS
    for cells, (inner, outer) in zip(_RING, _TRACKS, strict=True):
        inks = np.array([_INKS[c] for c in cells], np.uint8)
        band = (r >= inner) & (r < outer)
        big[band] = inks[sector[band]]


def _paint_middle(big: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
    r = np.hypot(x, y)
    big[(r >= 0.565) & (r < 0.595)] = _AMBER
    big[r < 0.545] = _TEAL
    # Contour lines of a hill whose top is off the centre: texture, and one more thing that no turn repeats.
    height = np.hypot(x - 0.16, (y + 0.1) * 1.25) + 0.05 * np.sin(5 * np.arctan2(y + 0.1, x - 0.16))
    big[(r < 0.545) & ((height * 11.0) % 1.0 < 0.3)] = _DEEP_TEAL
    big[_inside(_grown(_NEEDLE_LEFT + _NEEDLE_RIGHT[1:], 1.14), x, y)] = _WHITE
    big[_inside(_NEEDLE_LEFT, x, y)] = _AMBER
    big[_inside(_NEEDLE_RIGHT, x, y)] = _ORANGE


Corners = tuple[tuple[float, float], ...]


def _grown(corners: Corners, factor: float) -> Corners:
    return tuple((factor * px, factor * (py - 0.02) + 0.02) for px, py in corners)


def _inside(corners: Corners, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Even-odd rule for one polygon."""
    inside = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            inside ^= ((y >= min(y0, y1)) & (y < max(y0, y1))) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside
