# SPDX-License-Identifier: Apache-2.0
"""Drawing in metres: what is painted on the ground, and the shadows that fall on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Point = Sequence[float] | NDArray[np.float64]  # (x, y), m
_SHIFT = 4  # OpenCV draws at 1/16 px
# The sun stands in the north-west, as on maps; shadows are this long per metre of height (x east, y north).
SHADOW_PER_M = (0.55, -0.45)


class Canvas:
    """A square picture of the ground, drawn on in metres from its centre (x east, y north)."""

    def __init__(self, size_px: int, size_m: float, colour: Colour) -> None:
        """Begin with one colour.

        Args:
            size_px: Width and height, px.
            size_m: Width and height, m.
            colour: RGB.
        """
        self.size_px = size_px
        self.size_m = size_m
        self.px_per_m = size_px / size_m
        self.rgb: NDArray[np.uint8] = np.empty((size_px, size_px, 3), np.uint8)
        self.rgb[:] = colour
        self._shade: NDArray[np.uint8] = np.zeros((size_px, size_px), np.uint8)

    def polygon(self, points_m: NDArray[np.float64], colour: Colour) -> None:
        """Fill a polygon, (N, 2) m."""
        cv2.fillPoly(self.rgb, [self._fixed(points_m)], colour, cv2.LINE_AA, _SHIFT)

    def line(self, points_m: NDArray[np.float64], width_m: float, colour: Colour) -> None:
        """Draw a polyline, (N, 2) m."""
        width_px = max(1, round(width_m * self.px_per_m))
        cv2.polylines(self.rgb, [self._fixed(points_m)], False, colour, width_px, cv2.LINE_AA, _SHIFT)

    def disc(self, centre_m: Point, radius_m: float, colour: Colour) -> None:
        """Fill a circle."""
        centre = self._fixed(np.asarray([centre_m], np.float64))[0]
        radius = max(1, round(radius_m * self.px_per_m * (1 << _SHIFT)))
        cv2.circle(self.rgb, (int(centre[0]), int(centre[1])), radius, colour, -1, cv2.LINE_AA, _SHIFT)

    def shadow_of(self, points_m: NDArray[np.float64], height_m: float) -> None:
        """Note the shadow of an upright thing with this outline, (N, 2) m; cast_shadows() paints them."""
        moved = points_m + height_m * np.asarray(SHADOW_PER_M)
        hull = cv2.convexHull(np.vstack([points_m, moved]).astype(np.float32)).reshape(-1, 2)
        cv2.fillPoly(self._shade, [self._fixed(hull)], 255, cv2.LINE_8, _SHIFT)

    def shadow_of_disc(self, centre_m: Point, radius_m: float, height_m: float) -> None:
        """Note the shadow of a round crown."""
        moved = np.asarray([centre_m], np.float64) + height_m * np.asarray(SHADOW_PER_M)
        x, y = self._fixed(moved)[0]
        radius = max(1, round(radius_m * self.px_per_m * (1 << _SHIFT)))
        cv2.circle(self._shade, (int(x), int(y)), radius, 255, -1, cv2.LINE_8, _SHIFT)

    def cast_shadows(self, darkness: float) -> None:
        """Darken the picture where shadows were noted, with soft edges, and forget them."""
        soft = cv2.blur(self._shade, (5, 5))
        light = cv2.convertScaleAbs(soft, alpha=-darkness, beta=255.0)
        self.rgb = np.asarray(cv2.multiply(self.rgb, cv2.merge([light] * 3), scale=1 / 255))
        self._shade[:] = 0

    def add_noise(self, noise: NDArray[Any], strength: float) -> None:
        """Lighten and darken by a gray picture around 128, (size_px, size_px) uint8."""
        grey = cv2.merge([noise] * 3)
        self.rgb = np.asarray(cv2.addWeighted(self.rgb, 1.0, grey, strength, -128.0 * strength))

    def _fixed(self, points_m: NDArray[Any]) -> NDArray[np.int32]:
        middle = (self.size_px - 1) / 2
        px = np.asarray(points_m) * (self.px_per_m, -self.px_per_m) + middle
        return np.rint(px * (1 << _SHIFT)).astype(np.int32)


def rectangle(centre_m: Point, length_m: float, width_m: float, heading_rad: float) -> NDArray[np.float64]:
    """Corners of a rectangle, (4, 2) m, counter-clockwise; its length lies along the heading."""
    half = np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]]) * (length_m / 2, width_m / 2)
    return turned(half, heading_rad) + np.asarray(centre_m, np.float64)


def turned(points: NDArray[np.float64], angle_rad: float) -> NDArray[np.float64]:
    """Rotate points about the origin, counter-clockwise."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.asarray(np.asarray(points, np.float64) @ np.array([[c, s], [-s, c]]))
