# SPDX-License-Identifier: Apache-2.0
"""The mosaic while it is painted: sums of colours and weights in a file, so that memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STRIP_PX = 256
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Box:
    """A part of a picture, px: left and top inside, right and bottom just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.right <= self.left or self.bottom <= self.top


class Canvas:
    """Weighted sums of red, green, blue and of the weights, (H, W, 4) float32, in a file of its own."""

    def __init__(self, path: Path, size_wh: tuple[int, int]) -> None:
        """Begin empty.

        Args:
            path: Of the file; it is overwritten. Remove it when done.
            size_wh: Of the mosaic, px.
        """
        self.size_wh = size_wh
        self._path = path
        with path.open('wb') as file:
            file.truncate(size_wh[0] * size_wh[1] * 16)  # zeros that take no room on most disks

    def add(self, box: Box, rgb: Floats, weight: Floats) -> None:
        """Add a picture's part.

        Args:
            box: Where.
            rgb: (h, w, 3) grey levels.
            weight: (h, w), 0 where nothing is seen.
        """
        sums = self._map('r+')[box.top : box.bottom, box.left : box.right]
        sums[..., :3] += rgb * weight[..., None]
        sums[..., 3] += weight

    def strips(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the picture from top to bottom, (h, W, 4) RGBA; alpha is 0 where no frame looked, 255 elsewhere."""
        for top in range(0, self.size_wh[1], STRIP_PX):
            sums = np.array(self._map('r')[top : top + STRIP_PX])
            known = sums[..., 3] > 0
            rgb = sums[..., :3] / np.where(known, sums[..., 3], 1)[..., None]
            # A known pixel is never pure black or white: readers of ground pictures take these for unknown.
            rgb = np.clip(np.rint(rgb), 1, 254) * known[..., None]
            yield np.concatenate([rgb, 255 * known[..., None]], axis=2).astype(np.uint8)

    def _map(self, mode: str) -> np.memmap[tuple[int, ...], np.dtype[np.float32]]:
        # Opened anew each time: what stays mapped counts as this process's memory.
        return np.memmap(self._path, np.float32, mode, shape=(self.size_wh[1], self.size_wh[0], 4))  # type: ignore[call-overload,no-any-return]
