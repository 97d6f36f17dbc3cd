# SPDX-License-Identifier: Apache-2.0
"""Do two pictures show the same things in the same places, give or take a little? Edges and colours, cell by cell.

Where keypoints are few (a plain corridor, 160 x 120 px), this still tells places apart; where views turn, keypoints do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
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
_SHIFTS = [(y, x) for y in range(-_REACH_HW[0], _REACH_HW[0] + 1) for x in range(-_REACH_HW[1], _REACH_HW[1] + 1)]
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
    hues = np.asarray(lab[..., 1:] / 100, np.float32)
    return np.concatenate([_sampled(_directions(gray)) ** 0.5, _sampled(hues)], axis=2).astype(np.float16)


def _directions(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, BINS): gradient strength, shared by the two directions nearest to it."""
    dx = cv2.Sobel(gray, cv2.CV_32F, 1, 0, ksize=1)
    dy = cv2.Sobel(gray, cv2.CV_32F, 0, 1, ksize=1)
    strength, angle = cv2.cartToPolar(dx, dy)
    position = (angle % np.pi) * (BINS / np.pi)
    apart = np.abs(position[..., None] - np.arange(BINS, dtype=np.float32))
    return np.asarray(strength[..., None] * np.maximum(1 - np.minimum(apart, BINS - apart), 0), np.float32)


def _sampled(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur, then take the middle of each cell."""
    smooth = cv2.GaussianBlur(channels, (0, 0), _SIGMA_PX)
    return np.asarray(smooth[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX], np.float32)


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

    def compare(self, layout: Layout, keys: Sequence[int]) -> Floats:
        """Score (K,) of a picture against keyframes, -1 to 1: see fit().

        What all keyframes have in common tells no place from another: their mean is taken away first. A keyframe
        without a layout gets the mean score of the others: nothing is known for or against it.
        """
        scores = np.zeros(len(keys), np.float32)
        known = np.array([key in self._layouts for key in keys], np.bool_)
        if not known.any():
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
    index, inside = _shifted_cells()
    cells = index.shape[1]
    # One product of all cells with all is faster than many products of some.
    every = references.reshape(-1, references.shape[-1]) @ current.reshape(cells, -1).T
    flat = index * cells + np.arange(cells)
    products = every.reshape(len(references), -1)[:, flat] * inside
    cosines = _patch_sums(products.reshape(-1, *GRID_HW)).reshape(products.shape)
    cosines *= ((1 / _patch_lengths(references)).reshape(-1, cells)[:, index]) * inside
    cosines /= _patch_lengths(current[None]).ravel()
    cosines -= np.array([_SHIFT_COST * np.hypot(y, x) for y, x in _SHIFTS], np.float32)[:, None]
    return np.asarray(cosines.max(axis=1).mean(axis=1), np.float32)


@cache
def _shifted_cells() -> tuple[NDArray[np.intp], Floats]:
    """For each shift (S) and cell (h * w): number of the cell there, and 1 where it lies inside the grid, else 0."""
    rows, columns = np.mgrid[: GRID_HW[0], : GRID_HW[1]]
    index, inside = [], []
    for y, x in _SHIFTS:
        there = rows + y, columns + x
        is_in = (there[0] >= 0) & (there[0] < GRID_HW[0]) & (there[1] >= 0) & (there[1] < GRID_HW[1])
        index.append(np.where(is_in, there[0] * GRID_HW[1] + there[1], 0).ravel())
        inside.append(is_in.ravel())
    return np.array(index, np.intp), np.array(inside, np.float32)


def _patch_lengths(grids: Floats) -> Floats:
    """Length of the patch around each cell of (K, h, w, C), and a little more: plain patches fit nothing well."""
    return np.sqrt(_patch_sums(np.einsum('...c,...c->...', grids, grids))) + np.float32(_PLAIN)


def _patch_sums(grids: Floats) -> Floats:
    """Sums over 5 x 5 patches of (K, h, w), near cells counting more; what lies outside repeats the border."""
    height, width = grids.shape[1:]
    weights = np.array([1, 2, 3, 2, 1], np.float32)
    wide = cv2.filter2D(grids.reshape(-1, width), -1, weights[None], borderType=cv2.BORDER_REPLICATE)
    rows = np.clip(np.arange(-2, height + 2), 0, height - 1)
    padded = wide.reshape(-1, height, width)[:, rows]
    sums = weights[2] * padded[:, 2:-2]
    for offset, weight in ((0, 1), (1, 2), (3, 2), (4, 1)):
        sums += np.float32(weight) * padded[:, offset : offset + height]
    return np.asarray(sums, np.float32)
