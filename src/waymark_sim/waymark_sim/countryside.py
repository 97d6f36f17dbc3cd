# SPDX-License-Identifier: Apache-2.0
"""Fields with their rows, a brook, tracks and roads; everything that lies flat."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.canvas import Canvas, Colour, turned

# Crop: colour, colour of its rows, distance of rows in m (0: none), share of fields.
_CROPS: tuple[tuple[Colour, Colour, float, float], ...] = (
    ((196, 178, 112), (170, 148, 88), 1.6, 0.20),  # ripe wheat
    ((124, 148, 70), (98, 128, 56), 1.9, 0.22),  # young maize
    ((150, 118, 84), (124, 96, 68), 1.3, 0.16),  # ploughed
    ((112, 142, 78), (104, 132, 72), 0.0, 0.18),  # meadow
    ((86, 122, 62), (134, 142, 84), 2.6, 0.14),  # vineyard, orchard
    ((208, 194, 92), (190, 176, 76), 2.2, 0.10),  # rape
)
_ASPHALT: Colour = (96, 98, 102)
_GRAVEL: Colour = (176, 164, 142)
_PAINT: Colour = (232, 232, 226)


@dataclass(frozen=True)
class Field:
    """One field: a rectangle in the turned frame of all fields, m."""

    u0: float
    v0: float
    u1: float
    v1: float

    @property
    def corners(self) -> NDArray[np.float64]:
        """(4, 2), counter-clockwise from the lower left."""
        return np.array([(self.u0, self.v0), (self.u1, self.v0), (self.u1, self.v1), (self.u0, self.v1)])


@dataclass(frozen=True, eq=False)
class Countryside:
    """What the next painters need to know.

    Attributes:
        roads: Middle lines, each (N, 2) m.
        brook: Middle line, (N, 2) m.
        borders: Where fields meet, (N, 2, 2) m: start and end of each line.
        heading_rad: Direction of the fields.
    """

    roads: tuple[NDArray[np.float64], ...]
    brook: NDArray[np.float64]
    borders: NDArray[np.float64]
    heading_rad: float


def paint_countryside(canvas: Canvas, rng: np.random.Generator) -> Countryside:
    """Paint fields, texture, a brook and roads.

    Args:
        canvas: Painted on.
        rng: Decides everything.

    Returns:
        Where things are.
    """
    heading = float(rng.uniform(0.15, 0.55))
    reach = 0.75 * canvas.size_m  # the turned frame must cover the corners
    fields = _split(Field(-reach, -reach, reach, reach), rng)
    for field in fields:
        _paint_field(canvas, field, heading, rng)
    _paint_texture(canvas, rng)
    brook = _paint_brook(canvas, rng)
    borders = np.array([f.corners[pair] for f in fields for pair in ([0, 1], [0, 3])])
    roads = _roads(canvas.size_m, heading, rng)
    _paint_roads(canvas, roads)
    return Countryside(roads, brook, turned(borders.reshape(-1, 2), heading).reshape(-1, 2, 2), heading)


def _split(field: Field, rng: np.random.Generator) -> list[Field]:
    width, height = field.u1 - field.u0, field.v1 - field.v0
    if max(width, height) < rng.uniform(30.0, 62.0):
        return [field]
    share = rng.uniform(0.36, 0.64)
    if width > height * rng.uniform(0.8, 1.2):
        u = field.u0 + share * width
        halves = Field(field.u0, field.v0, u, field.v1), Field(u, field.v0, field.u1, field.v1)
    else:
        v = field.v0 + share * height
        halves = Field(field.u0, field.v0, field.u1, v), Field(field.u0, v, field.u1, field.v1)
    return [part for half in halves for part in _split(half, rng)]


def _paint_field(canvas: Canvas, field: Field, heading: float, rng: np.random.Generator) -> None:
    crop = _CROPS[rng.choice(len(_CROPS), p=[c[3] for c in _CROPS])]
    colour, row_colour = (varied(c, rng, 12) for c in crop[:2])
    corners = field.corners
    canvas.polygon(turned(corners, heading), colour)
    canvas.line(turned(corners[[0, 1, 2, 3, 0]], heading), 1.1, (112, 128, 74))
    if crop[2] == 0.0:
        return
    along_u = (field.u1 - field.u0) > (field.v1 - field.v0)
    start, end = (field.v0, field.v1) if along_u else (field.u0, field.u1)
    a, b = (field.u0, field.u1) if along_u else (field.v0, field.v1)
    for v in np.arange(start + 1.2, end - 0.8, crop[2]):
        # Rows differ, as real ones do: identical rows could not be told apart.
        row = np.array([(a + rng.uniform(0.8, 2.0), v), (b - rng.uniform(0.8, 2.0), v)])
        row = row if along_u else row[:, ::-1]
        canvas.line(turned(row, heading), crop[2] * rng.uniform(0.22, 0.5), varied(row_colour, rng, 14))


def _paint_texture(canvas: Canvas, rng: np.random.Generator) -> None:
    """Add soil and growth: noise of all sizes, none of it repeated."""
    n = canvas.size_px
    for cells, strength in ((12, 0.16), (60, 0.16), (n // 24, 0.20), (n // 6, 0.26)):
        small = rng.normal(128.0, 64.0, (cells, cells)).clip(0, 255).astype(np.uint8)
        canvas.add_noise(cv2.resize(small, (n, n), interpolation=cv2.INTER_LINEAR), strength)
    fine = rng.integers(0, 256, (n, n), np.uint8)
    canvas.add_noise(cv2.blur(fine, (2, 2)), 0.28)


def _paint_brook(canvas: Canvas, rng: np.random.Generator) -> NDArray[np.float64]:
    reach = 0.9 * canvas.size_m
    t = np.linspace(-reach, reach, 240)
    phase = rng.uniform(0, 2 * np.pi, 3)
    side = 0.30 * canvas.size_m + 9 * np.sin(t / 19 + phase[0]) + 4 * np.sin(t / 7.3 + phase[1])
    brook = turned(np.column_stack([t, side]), float(rng.uniform(-0.5, 0.1)))
    for width, colour in (
        (8.0, (94, 112, 66)),
        (5.4, (128, 120, 92)),
        (4.2, (62, 92, 98)),
        (2.2, (48, 80, 92)),
    ):
        canvas.line(brook, width, colour)
    return brook


def _roads(size_m: float, heading: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    reach = 0.8 * size_m
    t = np.linspace(-reach, reach, 120)
    bends = rng.uniform(0, 2 * np.pi, 2)
    main = np.column_stack([t, -0.06 * size_m + 7 * np.sin(t / 41 + bends[0])])
    side = np.column_stack([0.16 * size_m + 9 * np.sin(t / 53 + bends[1]), t])
    return turned(main, heading), turned(side, heading - 0.12)


def _paint_roads(canvas: Canvas, roads: tuple[NDArray[np.float64], ...]) -> None:
    # Layer by layer, so that crossings stay open.
    for width, colour in ((9.0, _GRAVEL), (7.0, _PAINT), (6.5, _ASPHALT)):
        for road in roads:
            canvas.line(road, width, colour)
    for road in roads:
        for start in np.arange(0.0, length_of(road) - 3.0, 6.0):
            canvas.line(np.array([point_at(road, start), point_at(road, start + 3.0)]), 0.2, _PAINT)


def length_of(path: NDArray[np.float64]) -> float:
    """Length of a polyline (N, 2), m."""
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def point_at(path: NDArray[np.float64], distance_m: float) -> NDArray[np.float64]:
    """Point (2,) at a distance along a polyline (N, 2), m."""
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    return np.array([np.interp(distance_m, at, path[:, k]) for k in (0, 1)])


def varied(colour: Colour, rng: np.random.Generator, amount: int) -> Colour:
    """Change a colour by chance, mostly its lightness, by up to about `amount` levels."""
    light = rng.integers(-amount, amount + 1) + rng.integers(-amount // 2, amount // 2 + 1, 3)
    r, g, b = np.clip(np.asarray(colour) + light, 0, 255)
    return int(r), int(g), int(b)
