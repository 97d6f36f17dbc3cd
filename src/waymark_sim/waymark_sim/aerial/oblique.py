# SPDX-License-Identifier: Apache-2.0
"""A look from the side: what stands up leans away from the camera and shows a wall, the ground is foreshortened."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.aerial.thing import Polygon


@dataclass(frozen=True)
class View:
    """A distant camera (parallel rays).

    Attributes:
        tilt: Angle from straight down, rad, below pi / 2.
        azimuth: Direction on the sheet in which it looks, from x towards y, rad; what is high leans this way.
    """

    tilt: float = 0.0
    azimuth: float = 0.0

    @property
    def lean(self) -> tuple[float, float]:
        """(x, y) m on the sheet by which a point one metre high seems to lie elsewhere."""
        far = math.tan(self.tilt)
        return far * math.cos(self.azimuth), far * math.sin(self.azimuth)

    @property
    def stretch(self) -> NDArray[np.float64]:
        """(2, 2): the sheet as it is seen; its scale along the azimuth is kept, across it grows by 1 / cos(tilt)."""
        u = np.array([math.cos(self.azimuth), math.sin(self.azimuth)])
        wider = 1 / math.cos(self.tilt)
        return np.asarray(np.eye(2) * wider + (1 - wider) * np.outer(u, u))

    def seen(self, points: Polygon, size: float) -> Polygon:
        """Points (N, 2) of a square sheet, whose middle stays where it is."""
        return np.asarray((points - size / 2) @ self.stretch.T + size / 2)

    def picture(self, fine: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
        """The sheet as it is seen, RGB (size_px, size_px, 3), averaged down from a finer one."""
        n = len(fine)
        if self.tilt:
            middle = np.full(2, (n - 1) / 2)
            M = np.column_stack([self.stretch, middle - self.stretch @ middle])
            rim = cv2.BORDER_REFLECT_101  # a corner may lie just outside
            fine = np.asarray(cv2.warpAffine(fine, M, (n, n), flags=cv2.INTER_LINEAR, borderMode=rim), np.uint8)
        return np.asarray(cv2.resize(fine, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)

    def rectangle_around(self, points: Polygon, size: float) -> Polygon:
        """Corners (4, 2) of the smallest rectangle around points (N, 2) of the sheet, as it is seen."""
        if not self.tilt and len(points) == 4:
            return points
        seen = self.seen(points, size).astype(np.float32)
        return np.asarray(cv2.boxPoints(cv2.minAreaRect(seen)), np.float64)
