# SPDX-License-Identifier: Apache-2.0
"""The picture being painted: metres from its upper left corner, x to the right, y down; knows what it holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.aerial.oblique import View
from waymark_sim.aerial.thing import Colour, Part, Polygon, Thing, shaded

_FINE = 2  # painted so many times finer than the result, then averaged
_SHIFT = 4  # OpenCV draws at 1/16 px
_COARSE = 4  # px of the fine picture in one cell of the occupancy
_WALL = 0.72  # light on what stands upright


@dataclass(frozen=True)
class Sun:
    """Where shadows fall.

    Attributes:
        shadow_per_m: (x, y) m by which a thing one metre high throws its shadow.
        darkness: 0 (overcast) to 1.
    """

    shadow_per_m: tuple[float, float]
    darkness: float


@dataclass(frozen=True, eq=False)
class Laid:
    """A thing on the sheet: its outline in m, the corners (4, 2) of its box when seen from above, and its class."""

    kind: str
    corners: Polygon


class Sheet:
    """A square picture."""

    def __init__(
        self,
        size_px: int,
        metres_per_pixel: float,
        sun: Sun,
        grounds: Mapping[str, str] | None = None,
        view: View | None = None,
    ) -> None:
        """Begin black.

        Args:
            size_px: Width and height of the result.
            metres_per_pixel: Of the result.
            sun: Light.
            grounds: Materials that others stand in for, by name.
            view: Where it is seen from; None: from above.
        """
        self.view = view or View()
        self.size_m = size_px * metres_per_pixel
        self.metres_per_pixel = metres_per_pixel
        self.sun, self.grounds = sun, dict(grounds or {})
        self.laid: list[Laid] = []
        self._k = _FINE / metres_per_pixel
        self.rgb: NDArray[np.uint8] = np.zeros((size_px * _FINE, size_px * _FINE, 3), np.uint8)
        self.water: NDArray[np.bool_] = np.zeros(self.rgb.shape[:2], bool)  # of the fine picture
        self._taken = np.zeros((size_px * _FINE // _COARSE,) * 2, np.uint8)
        self._covered = np.zeros_like(self._taken)

    @property
    def shape(self) -> tuple[int, int]:
        """Of the fine picture, px."""
        return self.rgb.shape[0], self.rgb.shape[1]

    def polygon(self, points_m: Polygon, colour: Colour) -> None:
        """Fill a polygon (N, 2)."""
        cv2.fillPoly(self.rgb, [self._fixed(points_m)], colour, cv2.LINE_AA, _SHIFT)

    def line(self, points_m: Polygon, width_m: float, colour: Colour) -> None:
        """Draw a polyline (N, 2)."""
        width = max(1, round(width_m * self._k))
        cv2.polylines(self.rgb, [self._fixed(points_m)], False, colour, width, cv2.LINE_AA, _SHIFT)

    def mask(self, points_m: Polygon) -> NDArray[np.bool_]:
        """Where the fine picture lies inside of a polygon (N, 2)."""
        inside = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(inside, [self._fixed(points_m)], 1, cv2.LINE_8, _SHIFT)
        return inside.astype(bool)

    def shade(self, points_m: Polygon, darkness: float) -> None:
        """Darken a polygon (N, 2), softly at its rim."""
        points = self._fixed(points_m)
        low = np.maximum((points.min(axis=0) >> _SHIFT) - 3, 0)
        high = np.minimum((points.max(axis=0) >> _SHIFT) + 4, self.rgb.shape[0])
        if (high <= low).any():
            return
        part = self.rgb[low[1] : high[1], low[0] : high[0]]
        dark = np.zeros(part.shape[:2], np.uint8)
        cv2.fillPoly(dark, [points - (low << _SHIFT).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
        light = cv2.convertScaleAbs(cv2.blur(dark, (3, 3)), alpha=-darkness, beta=255.0)
        part[:] = cv2.multiply(part, cv2.merge([light] * 3), scale=1 / 255)

    def has_room(self, points_m: Polygon) -> bool:
        """Whether nothing lies inside of a polygon yet."""
        patch, inside = self._cells(points_m, self._taken)
        return patch.size > 0 and not (patch[inside] > 0).any()

    def take(self, points_m: Polygon) -> None:
        """Let nothing else be laid here."""
        cv2.fillPoly(self._taken, [self._fixed(points_m, 1 / _COARSE)], 1, cv2.LINE_8, _SHIFT)

    def cover(self, points_m: Polygon) -> None:
        """Note that something hides what lies here (a tree's crown)."""
        cv2.fillPoly(self._covered, [self._fixed(points_m, 1 / _COARSE)], 1, cv2.LINE_8, _SHIFT)

    def lay(self, thing: Thing, x: float, y: float, heading: float) -> bool:
        """Lay a thing with its shadow.

        Args:
            thing: What.
            x: Of its middle, m.
            y: Of its middle, m.
            heading: From x towards y, rad.

        Returns:
            Whether there was room.
        """
        outline = self.outline(thing, placed(thing.box, x, y, heading))
        if not self.has_room(outline):
            return False
        self.take(outline)
        self.throw_shadow(thing, x, y, heading)
        for part in thing.parts:
            self.part(part, placed(part.points, x, y, heading), thing.height_m)
        if thing.kind:
            self.laid.append(Laid(thing.kind, outline))
        return True

    def outline(self, thing: Thing, corners: Polygon) -> Polygon:
        """What a thing hides of the sheet: its box (4, 2), and that box as high as its highest part."""
        top = max((part.rises for part in thing.parts), default=0.0) * thing.height_m
        return self.hull(corners, 0.0, top) if top and self.view.tilt else corners

    def part(self, part: Part, outline: Polygon, height_m: float) -> None:
        """Paint a part, its wall first where one is seen."""
        if self.view.tilt and part.foot is not None:
            self.polygon(self.hull(outline, part.foot * height_m, part.rises * height_m), shaded(part.colour, _WALL))
        self.polygon(self.raised(outline, part.rises * height_m), part.colour)

    def raised(self, points_m: Polygon, height_m: float) -> Polygon:
        """Where points (N, 2) at a height seem to lie."""
        return points_m + height_m * np.asarray(self.view.lean)

    def hull(self, points_m: Polygon, foot_m: float, top_m: float) -> Polygon:
        """Outline (M, 2) of what stands on an area (N, 2) from one height to another."""
        both = np.vstack([self.raised(points_m, foot_m), self.raised(points_m, top_m)])
        return np.asarray(cv2.convexHull(both.astype(np.float32)).reshape(-1, 2), np.float64)

    def throw_shadow(self, thing: Thing, x: float, y: float, heading: float) -> None:
        """Darken the ground beside a thing."""
        if self.sun.darkness <= 0 or not thing.parts:
            return
        offset = np.asarray(self.sun.shadow_per_m) * thing.height_m
        outlines = [placed(p.points, x, y, heading) for p in (thing.parts[:1] if thing.is_solid else thing.parts)]
        for outline in outlines:
            points = np.vstack([outline, outline + offset]) if thing.is_solid else outline + offset
            hull = cv2.convexHull(points.astype(np.float32)).reshape(-1, 2).astype(np.float64)
            self.shade(hull if thing.is_solid else outline + offset, self.sun.darkness)

    def seen(self, most_hidden: float) -> list[Laid]:
        """What was laid and is not hidden by more than a share."""
        kept = []
        for thing in self.laid:
            patch, inside = self._cells(thing.corners, self._covered)
            if not patch.size or not inside.any() or (patch[inside] > 0).mean() <= most_hidden:
                kept.append(thing)
        return kept

    def picture(self) -> NDArray[np.uint8]:
        """The result: RGB (size, size, 3)."""
        return self.view.picture(self.rgb, self.rgb.shape[0] // _FINE)

    def _cells(self, points_m: Polygon, cells: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        points = self._fixed(points_m, 1 / _COARSE)
        low = np.maximum(points.min(axis=0) >> _SHIFT, 0)
        high = np.minimum((points.max(axis=0) >> _SHIFT) + 1, len(cells))
        if (high <= low).any():
            return cells[:0], np.zeros((0, cells.shape[1]), bool)
        patch = cells[low[1] : high[1], low[0] : high[0]]
        inside = np.zeros(patch.shape, np.uint8)
        cv2.fillPoly(inside, [points - (low << _SHIFT).astype(np.int32)], 1, cv2.LINE_8, _SHIFT)
        return patch, inside.astype(bool)

    def _fixed(self, points_m: Polygon, scale: float = 1.0) -> NDArray[np.int32]:
        px = np.asarray(points_m) * (self._k * scale) - 0.5
        return np.rint(np.clip(px, -1e5, 1e5) * (1 << _SHIFT)).astype(np.int32)


def placed(points: Polygon, x: float, y: float, heading: float) -> Polygon:
    """Points (N, 2) turned by the heading and moved to (x, y)."""
    c, s = math.cos(heading), math.sin(heading)
    return np.asarray(points @ np.array([[c, s], [-s, c]]) + (x, y))
