# SPDX-License-Identifier: Apache-2.0
"""An encoder without weights: where edges of which direction lie (HOG), and where which colour lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_rgb
from waymark.encoding.base import DenseEmbedding, Embedding, unit_embedding


@dataclass(frozen=True)
class HogLayout:
    """The numbers that shape the vector: part of its fingerprint.

    Attributes:
        version: Counts changes of the formula that these numbers don't show.
        size_px: Side of the square that the image is squeezed into.
        cells: Cells per side.
        bins: Directions per cell, 0 to 180 degrees (dark to bright and bright to dark are one).
        power: Of each histogram value: a few strong edges must not outweigh all others.
        colour_weight: Length of the colour layout beside the unit-length edge layout.
    """

    version: int = 1
    size_px: int = 64
    cells: int = 8
    bins: int = 8
    power: float = 0.5
    colour_weight: float = 0.3


class HogEncoder:
    """Edge directions over an 8 x 8 grid and a small CIELAB picture, each less its mean over the image.

    Histograms of oriented gradients (Dalal and Triggs, CVPR 2005) without block normalisation, which measured
    worse. The mean over the grid goes because all pictures share it: only then does cosine spread. No cell is
    compared with a shifted one: the view must be similar.
    """

    model_id = 'waymark-hog-1'

    def __init__(self, layout: HogLayout | None = None) -> None:
        self._layout = layout or HogLayout()
        described = json.dumps([self.model_id, asdict(self._layout)], sort_keys=True)
        self.fingerprint = hashlib.sha256(described.encode()).hexdigest()
        self.dim = self._layout.cells**2 * (self._layout.bins + 3)

    def encode(self, rgb: NDArray[np.uint8]) -> Embedding:
        """Encode one image (see Encoder): (H, W, 3) uint8 of any size."""
        return unit_embedding(np.concatenate([grid.ravel() for grid in self._grids(rgb)]))

    def encode_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Encode images one after the other (see Encoder)."""
        return [self.encode(rgb) for rgb in images]

    def encode_dense(self, rgb: NDArray[np.uint8]) -> DenseEmbedding:
        """Encode one image and its cells (see DenseEncoder).

        Returns:
            Tokens (8, 8, bins + 3): per cell the edge directions, then the weighted CIELAB colour, each less its mean
            over the image. They are the embedding's own numbers, cell by cell: together of length `embedding.norm`.
        """
        edges, colours = self._grids(rgb)
        embedding = unit_embedding(np.concatenate([edges.ravel(), colours.ravel()]))
        return DenseEmbedding(embedding, np.concatenate([edges, colours], axis=2))

    def _grids(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Edge directions (cells, cells, bins) and weighted colours (cells, cells, 3)."""
        require_rgb('rgb', rgb)
        layout = self._layout
        small = cv2.resize(rgb, (layout.size_px, layout.size_px), interpolation=cv2.INTER_AREA)
        gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        edges = _centred(self._edge_layout(gray))
        tiny = cv2.resize(small, (layout.cells, layout.cells), interpolation=cv2.INTER_AREA)
        # float32 CIELAB: L 0..100, a and b around -127..127
        lab = cv2.cvtColor(np.asarray(tiny, np.float32) / 255, cv2.COLOR_RGB2LAB)
        colours = _centred(np.asarray(lab, np.float32))
        return edges, np.asarray(layout.colour_weight * colours, np.float32)

    def _edge_layout(self, gray: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Histograms (cells, cells, bins) of a (size, size) gray image."""
        layout = self._layout
        dx = cv2.Sobel(gray, cv2.CV_32F, 1, 0, ksize=1)  # ksize 1: [-1, 0, 1]
        dy = cv2.Sobel(gray, cv2.CV_32F, 0, 1, ksize=1)
        strength, angle = cv2.cartToPolar(dx, dy)
        position = (angle % np.pi) * (layout.bins / np.pi)
        # Each gradient is shared by the two directions nearest to it, in proportion to their nearness.
        bins = np.arange(layout.bins, dtype=np.float32)
        apart = np.abs(position[..., None] - bins)
        share = np.maximum(1 - np.minimum(apart, layout.bins - apart), 0)
        side = layout.size_px // layout.cells
        blocks = (strength[..., None] * share).reshape(layout.cells, side, layout.cells, side, layout.bins)
        return np.asarray(blocks.mean(axis=(1, 3)) ** layout.power, np.float32)


def _centred(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the mean over the grid's cells from each channel, and make the rest unit length (or zero)."""
    rest = grid - grid.mean(axis=(0, 1))
    norm = float(np.linalg.norm(rest))
    # Below this there is only rounding left of an even picture.
    return np.asarray(rest / norm if norm > 1e-4 else np.zeros_like(rest), np.float32)
