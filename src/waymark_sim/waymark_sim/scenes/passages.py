# SPDX-License-Identifier: Apache-2.0
"""Corridors and streets: floor, two rows of panels, what hangs above, what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark_sim.scenes import panels
from waymark_sim.scenes.planes import CUTOUT, LAMP, WALL, WINDOW, Plane, Scene
from waymark_sim.scenes.textures import Rgb, fractal

Pair = tuple[float, float]
Point = Sequence[float] | NDArray[np.float64]  # (x, y), m

_X, _Y, _Z = np.eye(3, dtype=np.float32)


@dataclass(frozen=True)
class Passage:
    """Sizes of a corridor or street along +x from 0.

    Attributes:
        length_m, width_m, height_m: The room between the walls.
        indoors: Corridor with a ceiling, or street under the sky.
    """

    length_m: float
    width_m: float
    height_m: float
    indoors: bool


def draw_passage(rng: np.random.Generator, indoors: bool, length_m: float) -> Passage:
    """Draw its sizes."""
    if indoors:
        return Passage(length_m, float(rng.uniform(1.6, 4.5)), float(rng.uniform(2.3, 3.6)), True)
    return Passage(length_m, float(rng.uniform(6.0, 24.0)), float(rng.uniform(4.0, 14.0)), False)


def build_passage(rng: np.random.Generator, bank: panels.Bank, passage: Passage) -> Scene:
    """Build the scene of a passage; y = 0 is its middle."""
    planes = _floor_and_ceiling(rng, bank, passage)
    for side in (-1, 1):
        planes += _side(rng, bank, passage, side)
    for x in (0.0, passage.length_m):
        size = passage.width_m * (1 if passage.indoors else 3), passage.height_m
        rgb = panels.surface(rng, bank, size, 0.8)
        planes.append(upright(np.array([x, size[0] / 2]), np.array([x, -size[0] / 2]), size[1], rgb))
    planes += _obstacles(rng, bank, passage)
    return Scene(planes, panels.sky(rng, fractal(rng)))


def upright(a: Point, b: Point, height_m: float, rgb: Rgb, base_m: float = 0.0, material: int = WALL) -> Plane:
    """Stand a picture on the ground between points a (left) and b (right), (2,) m."""
    corner = np.array([a[0], a[1], base_m + height_m], np.float32)
    return Plane(corner, np.array([b[0] - a[0], b[1] - a[1], 0], np.float32), -height_m * _Z, rgb, material)


def lying(x: float, y: float, size_m: tuple[float, float], z: float, rgb: Rgb, material: int = WALL) -> Plane:
    """Lay a picture from corner (x, y) over +x and +y."""
    return Plane(np.array([x, y, z], np.float32), size_m[0] * _X, size_m[1] * _Y, rgb, material)


def _steps(rng: np.random.Generator, length_m: float, low: float, high: float) -> list[tuple[float, float]]:
    """Cut a length into (start, size) parts."""
    edges = [0.0]
    while edges[-1] < length_m:
        edges.append(edges[-1] + float(rng.uniform(low, high)))
    return [(a, b - a) for a, b in zip(edges, edges[1:], strict=False)]


def _floor_and_ceiling(rng: np.random.Generator, bank: panels.Bank, passage: Passage) -> list[Plane]:
    planes = []
    wide = passage.width_m * (1.0 if passage.indoors else 4.0)
    y = -wide / 2
    picks = [bank[int(i)] for i in rng.integers(0, len(bank), 2)]
    contrast = rng.uniform(0.05, 0.8, 2)
    for x, size in _steps(rng, passage.length_m, 3.0, 6.0):
        planes.append(lying(x, y, (size, wide), 0.0, panels.surface(rng, picks[:1], (size, wide), contrast[0])))
        if passage.indoors:
            rgb = panels.surface(rng, picks[1:], (size, wide), 0.5 * contrast[1])
            planes.append(lying(x, y, (size, wide), passage.height_m, rgb))
    if passage.indoors:
        along = rng.random() < 0.5
        for x, size in _steps(rng, passage.length_m, 1.5, rng.uniform(2.0, 6.0)):
            lamp = (min(1.2, size), 0.3) if along else (0.3, min(1.2, wide))
            rgb = np.full((12, 12, 3), 250, np.uint8)
            planes.append(lying(x, -lamp[1] / 2, lamp, passage.height_m - 0.02, rgb, LAMP))
    else:
        for x, size in _steps(rng, passage.length_m, 2.0, 7.0):
            mark = (size * 0.5, float(rng.uniform(0.1, 0.6)))
            planes.append(lying(x, float(rng.normal(0, 2)), mark, 0.01, panels.surface(rng, bank, mark, 0.3)))
    return planes


def _side(rng: np.random.Generator, bank: panels.Bank, passage: Passage, side: int) -> list[Plane]:
    style, planes = panels.WallStyle(rng, bank), []
    open_share, window_share = rng.uniform(0.0, 0.35), rng.uniform(0.0, 0.4)
    low, high = (1.2, 4.5) if passage.indoors else (3.0, 14.0)
    for x, size in _steps(rng, passage.length_m, low, high):
        y, height = side * passage.width_m / 2, passage.height_m
        kind = rng.random()
        if not passage.indoors:
            height *= float(rng.uniform(0.4, 1.6))
            y += side * float(rng.uniform(0.0, 3.0))
        if kind < open_share:  # an open room, a garden, a side street
            depth = float(rng.uniform(1.0, 4.0)) * (1 if passage.indoors else 3)
            planes += _niche(rng, bank, (x, size), (y, y + side * depth), height)
            continue
        rgb = (
            panels.wall(rng, bank, style, (size, height))
            if passage.indoors
            else panels.facade(rng, bank, (size, height))
        )
        planes.append(upright((x, y), (x + size, y), height, rgb))
        if passage.indoors and kind > 1 - window_share:
            w, h = size * float(rng.uniform(0.4, 0.95)), height * float(rng.uniform(0.3, 0.6))
            rgb = panels.surface(rng, bank, (w, h), 1.0)
            base = float(rng.uniform(0.2, max(0.25, height - h - 0.1)))
            planes.append(upright((x + 0.05, y - side * 0.02), (x + 0.05 + w, y - side * 0.02), h, rgb, base, WINDOW))
    return planes


def _niche(rng: np.random.Generator, bank: panels.Bank, along: Pair, across: Pair, height: float) -> list[Plane]:
    """Open a room: `along` (start, size) of the passage, `across` (near, far)."""
    (x, size), (y0, y1) = along, across
    back = panels.surface(rng, bank, (size, height), 1.0)
    cheeks = [panels.surface(rng, bank, (abs(y1 - y0), height), 0.5) for _ in range(2)]
    material = WINDOW if rng.random() < 0.4 else WALL
    return [
        upright((x, y1), (x + size, y1), height, back, material=material),
        upright((x, y0), (x, y1), height, cheeks[0]),
        upright((x + size, y0), (x + size, y1), height, cheeks[1]),
    ]


def _obstacles(rng: np.random.Generator, bank: panels.Bank, passage: Passage) -> list[Plane]:
    """Boxes (cabinets, pillars, cars) along the sides, and silhouettes."""
    planes: list[Plane] = []
    scale = 1.0 if passage.indoors else 2.2
    for _ in range(rng.poisson(passage.length_m * rng.uniform(0.0, 0.25))):
        x, side = float(rng.uniform(0, passage.length_m)), int(rng.choice([-1, 1]))
        w, d, h = (float(v) * scale for v in rng.uniform((0.3, 0.2, 0.5), (1.6, 0.5, 1.8)))
        y = side * (passage.width_m / 2 - float(rng.uniform(0, 0.2)) * scale)
        planes += box(rng, bank, (x, y - side * d / 2), (w, d, h))
    for _ in range(rng.poisson(passage.length_m * rng.uniform(0.0, 0.2 if passage.indoors else 0.4))):
        x, y = (
            float(rng.uniform(0, passage.length_m)),
            float(rng.uniform(0.2, 0.5) * rng.choice([-1, 1])) * passage.width_m,
        )
        w, h = (float(v) * (1 if passage.indoors else 2.5) for v in rng.uniform((0.4, 0.6), (1.2, 1.9)))
        planes += billboard(rng, bank, (x, y), (w, h))
    return planes


def box(
    rng: np.random.Generator, bank: panels.Bank, centre: tuple[float, float], size: tuple[float, float, float]
) -> list[Plane]:
    """Stand a box (w along x, d along y, h high, m) on the ground."""
    (x, y), (w, d, h) = centre, size
    x0, x1, y0, y1 = x - w / 2, x + w / 2, y - d / 2, y + d / 2
    long, short = panels.surface(rng, bank, (w, h), 0.8), panels.surface(rng, bank, (d, h), 0.6)
    return [
        upright((x0, y0), (x1, y0), h, long),
        upright((x1, y1), (x0, y1), h, long),
        upright((x0, y1), (x0, y0), h, short),
        upright((x1, y0), (x1, y1), h, short),
        lying(x0, y0, (w, d), h, short),
    ]


def billboard(
    rng: np.random.Generator, bank: panels.Bank, at: tuple[float, float], size: tuple[float, float]
) -> list[Plane]:
    """Stand a silhouette (w, h) m up, as two crossed cards, so that it is seen from everywhere."""
    rgb, (x, y), half = panels.silhouette(rng, bank, size), at, size[0] / 2
    return [
        upright((x, y + half), (x, y - half), size[1], rgb, material=CUTOUT),
        upright((x - half, y), (x + half, y), size[1], rgb, material=CUTOUT),
    ]
