# SPDX-License-Identifier: Apache-2.0
"""The parts of two images: tokens of an encoder, or histograms of edges, and which part matches which."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from waymark.masks import gradients_of
from waymark.similarity import cosine_matrix

_SIDE_PX, _CELL_PX, _CELLS, _STEP, _BINS = 256, 8, 4, 2, 8


@dataclass(frozen=True, eq=False)
class PatchMatch:
    """For each patch of A the patch of B that is most like it.

    Attributes:
        grid_b_hw: Rows and columns of B's patches.
        index: (h, w) of A's patches: position of the match in B's grid, row by row.
        cosine: (h, w) -1 to 1, how alike they are.
    """

    grid_b_hw: tuple[int, int]
    index: NDArray[np.intp]
    cosine: NDArray[np.float64]


def match_patches(tokens_a: NDArray[np.floating], tokens_b: NDArray[np.floating]) -> PatchMatch:
    """Find each patch's nearest by cosine.

    Args:
        tokens_a: (h, w, D).
        tokens_b: (h', w', D).
    """
    dim = tokens_a.shape[2]
    cosines = cosine_matrix(tokens_a.reshape(-1, dim), tokens_b.reshape(-1, dim))
    index = cosines.argmax(axis=1)
    best = np.take_along_axis(cosines, index[:, None], axis=1)
    grid = tokens_a.shape[:2]
    return PatchMatch((tokens_b.shape[0], tokens_b.shape[1]), index.reshape(grid), best.reshape(grid))


def hog_patches(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Describe patches of 32 px, every 16 px of the image reduced to 256 px, by their edges (4 x 4 cells, 8 bins).

    Args:
        image: RGB uint8 (H, W, 3).

    Returns:
        (h, w, 128), unit vectors; zero where a patch is even.
    """
    height, width = image.shape[:2]
    scale = _SIDE_PX / max(height, width)
    least = _CELLS * _CELL_PX
    size = tuple(max(round(side * scale / _CELL_PX) * _CELL_PX, least) for side in (width, height))
    found = gradients_of(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))
    position = (found.angle % np.pi) * (_BINS / np.pi)  # dark to bright and bright to dark are one direction
    apart = np.abs(position[..., None] - np.arange(_BINS))
    shares = found.magnitude[..., None] * np.maximum(1 - np.minimum(apart, _BINS - apart), 0)
    cells = shares.reshape(size[1] // _CELL_PX, _CELL_PX, size[0] // _CELL_PX, _CELL_PX, _BINS).mean(axis=(1, 3))
    windows = sliding_window_view(np.sqrt(cells), (_CELLS, _CELLS), axis=(0, 1))[::_STEP, ::_STEP]
    tokens = windows.reshape(*windows.shape[:2], -1)
    length = np.linalg.norm(tokens, axis=2, keepdims=True)
    return np.asarray(np.divide(tokens, length, out=np.zeros_like(tokens), where=length > 1e-3), np.float32)
