# SPDX-License-Identifier: Apache-2.0
"""Do two pictures show the same things in the same places, give or take a little? Edges and colours, cell by cell.

Where keypoints are few (a plain corridor, 160 x 120 px), this still tells places apart; where views turn, keypoints do.
"""

from __future__ import annotations

from collections.abc import Sequence

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
_PATCH_STEPS = 2
_PLAIN = 0.3
# With fewer layouts than this, what all views of a camera share (its lens, its robot) is not well known yet.
_PRIOR_LAYOUTS = 4.0

Layout = NDArray[np.float16]
Floats = NDArray[np.float32]


def describe_layout(rgb: NDArray[np.uint8]) -> Layout:
    """Describe a picture (H, W, 3) of any size by (15, 20, 10) numbers: 8 edge directions and 2 hues per cell."""
    require_rgb('rgb', rgb)
    small = cv2.resize(rgb, SIZE_WH, interpolation=cv2.INTER_AREA)
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32) / 255
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
        current: (h, w, C).
        references: (K, h, w, C).

    Returns:
        (K,) -1 to 1.
    """
    h, w = current.shape[:2]
    up, left = _REACH_HW
    padded = np.pad(references, ((0, 0), (up, up), (left, left), (0, 0)))
    inverse = np.pad(1 / _patch_lengths(references), ((0, 0), (up, up), (left, left)))
    products = np.empty((len(references), len(_SHIFTS), h, w), np.float32)
    scales = np.empty_like(products)
    for i, (y, x) in enumerate(_SHIFTS):
        rows, columns = slice(up + y, up + y + h), slice(left + x, left + x + w)
        np.einsum('khwc,hwc->khw', padded[:, rows, columns], current, out=products[:, i])
        scales[:, i] = inverse[:, rows, columns]
    cosines = _patch_sums(products)
    cosines *= scales
    cosines /= _patch_lengths(current)
    cosines -= np.array([_SHIFT_COST * np.hypot(y, x) for y, x in _SHIFTS], np.float32)[:, None, None]
    return np.asarray(cosines.max(axis=1).mean(axis=(1, 2)), np.float32)


def _patch_lengths(grid: Floats) -> Floats:
    """Length of the patch around each cell, and a little more: plain patches fit nothing well."""
    return np.sqrt(_patch_sums(np.einsum('...c,...c->...', grid, grid))) + np.float32(_PLAIN)


def _patch_sums(values: Floats) -> Floats:
    """Sums over patches of the last two axes, near cells counting more; what lies outside repeats the border."""
    for _ in range(_PATCH_STEPS):
        for axis in (-1, -2):
            values = _sums_of_three(values, axis)
    return values


def _sums_of_three(values: Floats, axis: int) -> Floats:
    moved = np.moveaxis(values, axis, -1)
    sums = np.moveaxis(values.copy(), axis, -1)  # views: the sums land in one fresh array
    sums[..., 1:] += moved[..., :-1]
    sums[..., :-1] += moved[..., 1:]
    sums[..., 0] += moved[..., 0]
    sums[..., -1] += moved[..., -1]
    return np.moveaxis(sums, -1, axis)
