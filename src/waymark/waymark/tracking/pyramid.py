# SPDX-License-Identifier: Apache-2.0
"""An image and its halves, each made at most once and shared by all targets."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


class FramePyramid:
    """Level 0 is the image; each next level is half as wide and high, antialiased."""

    def __init__(self, gray: NDArray[np.uint8]) -> None:
        """Hold an image.

        Args:
            gray: (H, W) uint8.
        """
        self._levels = [gray]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the full image, px."""
        return self._levels[0].shape[1], self._levels[0].shape[0]

    def level(self, number: int) -> NDArray[np.uint8]:
        """The image reduced `number` times by two; less often where it gets too small to halve."""
        while len(self._levels) <= number:
            last = self._levels[-1]
            height, width = last.shape[0] // 2 * 2, last.shape[1] // 2 * 2
            if min(height, width) < 2:
                return last
            # Without its odd row or column, so that the factor is two exactly.
            half = cv2.resize(last[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, np.uint8))
        return self._levels[number]

    def scaling(self, number: int) -> NDArray[np.float64]:
        """(3, 3) full px to px of a level; pixel centres are integers, so it goes through the pixel's edge."""
        factor = 0.5 ** min(number, len(self._levels) - 1) if number else 1.0
        return np.array([[factor, 0, factor / 2 - 0.5], [0, factor, factor / 2 - 0.5], [0, 0, 1.0]])

    def level_for(self, longest_px: float) -> int:
        """The first level whose longer side is at most `longest_px`."""
        longer, number = float(max(self.size_wh)), 0
        while longer > longest_px and min(self.level(number).shape) >= 4:
            longer, number = longer / 2, number + 1
        return number
