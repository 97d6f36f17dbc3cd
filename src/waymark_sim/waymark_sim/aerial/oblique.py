# SPDX-License-Identifier: Apache-2.0
"""A look from the side: what stands up leans away from the camera and shows a wall, the ground is foreshortened.

A look ahead besides: what is far is small, and above the ground there is room for a sky.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.aerial.thing import Polygon

_SHIFT = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
_SHIFT_BACK = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])


@dataclass(frozen=True)
class View:
    """A camera: distant (parallel rays), or near one side of the sheet.

    Attributes:
        tilt: Angle from straight down, rad, below pi / 2; in perspective that at about the middle.
        azimuth: Direction on the sheet in which it looks, from x towards y, rad; what is high leans this way.
        near: Share of the sheet's lower side that fills the picture's; below 1: in perspective, and the azimuth is up.
    """

    tilt: float = 0.0
    azimuth: float = 0.0
    near: float = 1.0

    @classmethod
    def ahead(cls, tilt: float, near: float) -> View:
        """A camera near the lower side of the sheet that looks towards its upper one."""
        return cls(tilt, -math.pi / 2, near)

    @property
    def sky(self) -> float:
        """Share of the picture above the ground, such that what is in the middle is foreshortened as the tilt asks."""
        return min(max(1 - math.cos(self.tilt) * 2 / (1 + self.near), 0.0), 0.7) if self.near < 1 else 0.0

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
        """Points (N, 2) of a square sheet; without perspective its middle stays where it is."""
        if self.near < 1:
            return np.asarray(cv2.perspectiveTransform(points[None].astype(np.float64), self._ahead(size))[0])
        return np.asarray((points - size / 2) @ self.stretch.T + size / 2)

    def picture(self, fine: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
        """The sheet as it is seen, RGB (size_px, size_px, 3), averaged down from a finer one."""
        n = len(fine)
        if self.near < 1:
            M = _SHIFT_BACK @ self._ahead(n) @ _SHIFT  # a sheet's points begin at its corner, not in a pixel's middle
            fine = np.asarray(cv2.warpPerspective(fine, M, (n, n), flags=cv2.INTER_LINEAR), np.uint8)
        elif self.tilt:
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

    def _ahead(self, size: float) -> NDArray[np.float64]:
        """(3, 3): the sheet's upper side fills the picture's width below the sky, a part of its lower one the rim."""
        half, top = self.near / 2, self.sky
        sheet = np.array([[0, 0], [1, 0], [0.5 + half, 1], [0.5 - half, 1]]) * size
        picture = np.array([[0, top], [1, top], [1, 1], [0, 1]]) * size
        M = cv2.getPerspectiveTransform(sheet.astype(np.float32), picture.astype(np.float32))
        return np.asarray(M, np.float64)
