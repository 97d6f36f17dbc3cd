# SPDX-License-Identifier: Apache-2.0
"""Do two pictures show the same things in the same places, give or take a little? Edges and colours, cell by cell.

Where keypoints are few (a plain corridor, 160 x 120 px), this still tells places apart; where views turn, keypoints do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from waymark.checks import require_rgb

SIZE_WH = 160, 120
CELL_PX = 8
GRID_HW = SIZE_WH[1] // CELL_PX, SIZE_WH[0] // CELL_PX
BINS = 8  # directions, 0 to 180 degrees
CHANNELS = BINS + 2  # and the two hues of CIELAB
_SIGMA_PX = 3.0
# A cell may lie this many cells further up or down, left or right in the other picture.
_REACH_HW = 2, 3
# Of one cell's shift, in cosine: of equal matches the nearer one counts.
_SHIFT_COST = 0.02
# Cells are compared in patches of 5 x 5; one shorter than this is plain, its direction mostly noise.
_PLAIN = 0.3
# With fewer layouts than this, what all views of a camera share (its lens, its robot) is not well known yet.
_PRIOR_LAYOUTS = 4.0

Layout = NDArray[np.float16]
Floats = NDArray[np.float32]


def describe_layout(rgb: NDArray[np.uint8]) -> Layout:
    """Describe a picture (H, W, 3) of any size by (15, 20, 10) numbers: 8 edge directions and 2 hues per cell."""
    require_rgb('rgb', rgb)
    small = cv2.resize(rgb, SIZE_WH, interpolation=cv2.INTER_AREA)
    gray = np.asarray(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32) / 255, np.float32)
    lab = cv2.cvtColor(np.asarray(small, np.float32) / 255, cv2.COLOR_RGB2LAB)
    planes = np.empty((CHANNELS, SIZE_WH[1], SIZE_WH[0]), np.float32)
    _directions(gray, planes[:BINS])
    planes[BINS:] = (lab[..., 1:] / 100).transpose(2, 0, 1)
    down, across = _sampling(SIZE_WH[1]), _sampling(SIZE_WH[0])
    cells = down @ planes @ across.T
    cells[:BINS] **= 0.5
    return cells.transpose(1, 2, 0).astype(np.float16)


def _directions(gray: Floats, out: Floats) -> None:
    """Fill (BINS, H, W): gradient strength, shared by the two directions nearest to it."""
    dx = cv2.Sobel(gray, cv2.CV_32F, 1, 0, ksize=1)
    dy = cv2.Sobel(gray, cv2.CV_32F, 0, 1, ksize=1)
    strength, angle = cv2.cartToPolar(dx, dy)
    position = np.asarray((angle % np.pi) * (BINS / np.pi), np.float32)
    # 1 at the direction itself, 0 at its neighbours and beyond; the last is the first one's neighbour, too.
    np.subtract(position, np.arange(BINS, dtype=np.float32)[:, None, None], out=out)
    out[0] -= BINS * (position > BINS / 2)
    np.abs(out, out=out)
    np.subtract(1, out, out=out)
    np.maximum(out, 0, out=out)
    out *= strength


@cache
def _sampling(size: int) -> Floats:
    """(cells, size): each row blurs, and takes the middle of one cell."""
    width = 2 * round(4 * _SIGMA_PX) + 1
    blurred = cv2.GaussianBlur(np.eye(size, dtype=np.float32), (width, 1), _SIGMA_PX)  # each row is one pixel, blurred
    return np.ascontiguousarray(np.asarray(blurred, np.float32).T[CELL_PX // 2 :: CELL_PX])


def layout_form() -> bytes:
    """What layouts depend on: those by other numbers are other layouts. Count `1` up when the steps change."""
    return repr((1, SIZE_WH, CELL_PX, BINS, _SIGMA_PX)).encode()


class LayoutStore:
    """Layouts of a map's keyframes by id, and how well a picture's fits them."""

    def __init__(self) -> None:
        self._layouts: dict[int, Layout] = {}
        self._sum = np.zeros((*GRID_HW, CHANNELS), np.float64)

    def __len__(self) -> int:
        return len(self._layouts)

    def add(self, key: int, layout: Layout) -> None:
        """Keep a keyframe's layout."""
        self._layouts[key] = layout
        self._sum += layout

    def remove(self, key: int) -> None:
        """Forget a keyframe; one without a layout is none."""
        layout = self._layouts.pop(key, None)
        if layout is not None:
            self._sum -= layout

    def compare(self, layout: Layout | None, keys: Sequence[int]) -> Floats:
        """Score (K,) of a picture against keyframes, -1 to 1: see fit().

        What all keyframes have in common tells no place from another: their mean is taken away first. A keyframe
        without a layout gets the mean score of the others: nothing is known for or against it. A picture without one
        fits none better than another: 0.
        """
        scores = np.zeros(len(keys), np.float32)
        known = np.array([key in self._layouts for key in keys], np.bool_)
        if layout is None or not known.any():
            return scores
        mean = np.asarray(self._sum / (len(self._layouts) + _PRIOR_LAYOUTS), np.float32)
        references = np.stack([self._layouts[key] for key in keys if key in self._layouts]).astype(np.float32)
        scores[known] = fit(layout - mean, references - mean)
        scores[~known] = scores[known].mean()
        return scores


def fit(current: Floats, references: Floats) -> Floats:
    """Mean over cells of the best cosine between the patch there and one nearby in a reference.

    Args:
        current: (15, 20, C).
        references: (K, 15, 20, C).

    Returns:
        (K,) -1 to 1.
    """
    reach_y, reach_x = _REACH_HW
    # Rows first, then references, so that the rows in reach are one piece of memory; zero outside the grid.
    around = ((reach_y, reach_y), (0, 0), (reach_x, reach_x))
    padded = np.pad(references.transpose(1, 0, 2, 3), (*around, (0, 0)))
    products = _products(current, padded)
    rows, columns = _patches(GRID_HW[0]), _patches(GRID_HW[1])
    by_row = (rows @ products.reshape(GRID_HW[0], -1)).reshape(-1, GRID_HW[1])
    cosines = np.asarray(by_row @ columns.T, np.float32).reshape(products.shape)
    inverse = np.asarray(1 / _patch_lengths(references), np.float32).transpose(1, 0, 2)
    cosines *= _shifted(np.asarray(np.pad(inverse, around), np.float32))
    own = _patch_lengths(current[None])[0]
    cosines -= _costs()[None, :, :, None, None] * own[:, None, None, None, :]
    best = cosines.max(axis=(1, 2)) / own[:, None, :]
    return np.asarray(best.mean(axis=(0, 2)), np.float32)


def _products(current: Floats, padded: Floats) -> Floats:
    """(h, shifts y, shifts x, K, w): product of each cell (h, w, C) with the one there in each padded reference."""
    height, width = GRID_HW
    count, _, channels = padded.shape[1:]
    found = np.empty((height, 2 * _REACH_HW[0] + 1, 2 * _REACH_HW[1] + 1, count, width), np.float32)
    for y in range(height):
        # One product of all cells in a row with all in reach is faster than many products of some.
        rows = padded[y : y + found.shape[1]]
        every = rows.reshape(-1, channels) @ current[y].T
        shift_y, view, place, cell = every.reshape(*rows.shape[:3], width).strides
        diagonal = (found.shape[1], found.shape[2], count, width), (shift_y, place, view, place + cell)
        found[y] = as_strided(every, *diagonal, writeable=False)
    return found


def _shifted(padded: Floats) -> Floats:
    """See (h + 2 reach, K, w + 2 reach) as (h, shifts y, shifts x, K, w)."""
    shape = GRID_HW[0], 2 * _REACH_HW[0] + 1, 2 * _REACH_HW[1] + 1, padded.shape[1], GRID_HW[1]
    row, view, place = padded.strides
    return as_strided(padded, shape, (row, row, place, view, place), writeable=False)


def _costs() -> Floats:
    """Of each shift (y, x)."""
    ys, xs = (np.arange(-reach, reach + 1) for reach in _REACH_HW)
    return np.asarray(_SHIFT_COST * np.hypot(ys[:, None], xs), np.float32)


def _patch_lengths(grids: Floats) -> Floats:
    """Length of the patch around each cell of (K, h, w, C), and a little more: plain patches fit nothing well."""
    squares = np.einsum('...c,...c->...', grids, grids)
    sums = _patches(GRID_HW[0]) @ squares @ _patches(GRID_HW[1]).T
    return np.asarray(np.sqrt(sums) + np.float32(_PLAIN), np.float32)


@cache
def _patches(size: int) -> Floats:
    """(size, size): each row sums up five cells, near ones counting more; what lies outside repeats the border."""
    sums = np.zeros((size, size), np.float32)
    for offset, weight in zip(range(-2, 3), (1, 2, 3, 2, 1), strict=True):
        np.add.at(sums, (np.arange(size), np.clip(np.arange(size) + offset, 0, size - 1)), weight)
    return sums
