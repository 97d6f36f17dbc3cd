# SPDX-License-Identifier: Apache-2.0
"""Houses, cars and trees: where they stand, and how they look from above."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waymark_sim.canvas import Canvas, Colour, rectangle, turned
from waymark_sim.countryside import Countryside, length_of, point_at, varied

_ROOFS: tuple[Colour, ...] = ((176, 92, 66), (150, 78, 60), (128, 98, 86), (106, 110, 120), (192, 126, 88))
_FLAT_ROOFS: tuple[Colour, ...] = ((186, 186, 182), (158, 160, 162), (206, 200, 188))
_CARS: tuple[Colour, ...] = ((214, 216, 220), (40, 44, 52), (168, 40, 38), (44, 84, 150), (120, 124, 130))
_LEAVES: tuple[Colour, ...] = ((58, 92, 44), (72, 104, 48), (48, 80, 46), (88, 112, 52))


@dataclass(frozen=True)
class House:
    """One house: centre m, size along and across its ridge m, direction of the ridge rad, height m."""

    centre: tuple[float, float]
    size: tuple[float, float]
    heading: float
    height: float
    is_flat: bool

    @property
    def outline(self) -> NDArray[np.float64]:
        """Corners (4, 2), m."""
        return rectangle(self.centre, *self.size, self.heading)


@dataclass
class Village:
    """What stands on the ground: houses, cars (centre m, heading rad, colour), trees (x, y, radius, m)."""

    houses: list[House] = field(default_factory=list)
    cars: list[tuple[NDArray[np.float64], float, Colour]] = field(default_factory=list)
    trees: list[tuple[float, float, float]] = field(default_factory=list)


def paint_village(canvas: Canvas, land: Countryside, rng: np.random.Generator) -> None:
    """Plan all that stands up, throw its shadows, paint it.

    Args:
        canvas: With the countryside on it.
        land: Where roads and borders are.
        rng: Decides everything.
    """
    village = Village()
    for road in land.roads:
        _build_along(village, land, road, canvas.size_m, rng)
    _build_farms(village, land, canvas.size_m, rng)
    _plant(village, land, canvas.size_m, rng)
    for house in village.houses:
        yard = rectangle(house.centre, house.size[0] + 5, house.size[1] + 5, house.heading)
        canvas.polygon(yard, varied((168, 158, 136) if house.is_flat else (118, 142, 84), rng, 12))
    _cast(canvas, village)
    for car in village.cars:
        _paint_car(canvas, *car)
    for house in village.houses:
        (_paint_flat if house.is_flat else _paint_gabled)(canvas, house, rng)
    for tree in village.trees:
        _paint_tree(canvas, *tree, rng)
    canvas.add_noise(rng.integers(0, 256, (canvas.size_px, canvas.size_px), np.uint8), 0.07)


def _build_along(
    village: Village, land: Countryside, road: NDArray[np.float64], size_m: float, rng: np.random.Generator
) -> None:
    for start in np.arange(4.0, length_of(road) - 12.0, 15.0):
        point, ahead = point_at(road, start), point_at(road, start + 1.0)
        heading = float(np.arctan2(*(ahead - point)[::-1]))
        left = turned(np.array([[0.0, 1.0]]), heading)[0]
        if rng.random() < 0.30:
            lane = rng.choice([-1.6, 1.6])
            village.cars.append((point + lane * left, heading + (np.pi if lane > 0 else 0.0), _any(_CARS, rng)))
        for side in (-1, 1):
            if np.abs(point).max() > 0.55 * size_m or rng.random() < 0.45:
                continue
            size = rng.uniform(8.5, 13.5), rng.uniform(7.0, 9.0)
            centre = point + side * left * rng.uniform(12.0, 16.0)
            _build(village, land, centre, size, heading + rng.choice([0.0, np.pi / 2]), rng)
            if rng.random() < 0.5:
                village.cars.append((point + side * left * 7.0 + (ahead - point) * 5, heading + 1.4, _any(_CARS, rng)))


def _build_farms(village: Village, land: Countryside, size_m: float, rng: np.random.Generator) -> None:
    for _ in range(10):
        centre = rng.uniform(-0.46, 0.46, 2) * size_m
        heading = land.heading_rad + rng.choice([0.0, np.pi / 2])
        along = turned(np.array([[1.0, 0.0]]), heading)[0]
        _build(village, land, centre, (rng.uniform(15, 24), rng.uniform(9, 13)), heading, rng, flat_share=0.5)
        _build(village, land, centre + 20 * along, (9.0, 8.0), heading + np.pi / 2, rng)


def _build(
    village: Village,
    land: Countryside,
    centre: NDArray[np.float64],
    size: tuple[float, float],
    heading: float,
    rng: np.random.Generator,
    flat_share: float = 0.2,
) -> None:
    near = any(np.hypot(*(centre - h.centre)) < 0.6 * (max(size) + max(h.size)) for h in village.houses)
    if not near and _distance(centre, (*land.roads, land.brook)) > 5.0 + 0.5 * min(size):
        place = float(centre[0]), float(centre[1])
        village.houses.append(House(place, size, heading, rng.uniform(4.5, 7.5), rng.random() < flat_share))


def _plant(village: Village, land: Countryside, size_m: float, rng: np.random.Generator) -> None:
    for border in land.borders[rng.random(len(land.borders)) < 0.55]:
        length = length_of(border)
        for at in np.arange(0.0, length, rng.uniform(3.0, 7.0)):
            x, y = point_at(border, at) + rng.normal(0, 0.5, 2)
            village.trees.append((x, y, rng.uniform(0.9, 2.0)))
    for _ in range(9):  # groves
        centre, spread = rng.uniform(-0.5, 0.5, 2) * size_m, rng.uniform(5, 13)
        for x, y in centre + rng.normal(0, spread, (round(4.5 * spread), 2)):
            village.trees.append((x, y, rng.uniform(1.2, 2.8)))
    for x, y in rng.uniform(-0.5, 0.5, (150, 2)) * size_m:
        village.trees.append((x, y, rng.uniform(0.7, 2.4)))
    free = [t for t in village.trees if not _is_taken(village, land, t)]
    village.trees = sorted(free, key=lambda t: t[2])  # the tallest are painted last, over the others


def _is_taken(village: Village, land: Countryside, tree: tuple[float, float, float]) -> bool:
    place = np.array(tree[:2])
    on_road = _distance(place, land.roads) < 5.0 + tree[2]
    return on_road or any(np.hypot(*(place - h.centre)) < 0.55 * max(h.size) + tree[2] for h in village.houses)


def _distance(place: NDArray[np.float64], paths: tuple[NDArray[np.float64], ...]) -> float:
    return min(float(np.hypot(*(path - place).T).min()) for path in paths)


def _cast(canvas: Canvas, village: Village) -> None:
    for house in village.houses:
        canvas.shadow_of(house.outline, house.height)
    for centre, heading, _ in village.cars:
        canvas.shadow_of(rectangle(centre, 4.4, 1.8, heading), 1.5)
    for x, y, radius in village.trees:
        canvas.shadow_of_disc((x, y), radius, 1.8 * radius)
    canvas.cast_shadows(0.5)


def _paint_car(canvas: Canvas, centre: NDArray[np.float64], heading: float, colour: Colour) -> None:
    canvas.polygon(rectangle(centre, 4.4, 1.8, heading), colour)
    ahead = turned(np.array([[1.0, 0.0]]), heading)[0]
    canvas.polygon(rectangle(centre + 0.7 * ahead, 0.7, 1.5, heading), (28, 34, 42))
    canvas.polygon(rectangle(centre - 1.3 * ahead, 0.5, 1.5, heading), (28, 34, 42))


def _paint_gabled(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    (length, width), across = house.size, turned(np.array([[0.0, 1.0]]), house.heading)[0]
    sunny = 1 if across @ (-0.7, 0.7) > 0 else -1
    base = np.asarray(varied(_any(_ROOFS, rng), rng, 14))
    for side, light in ((sunny, 1.12), (-sunny, 0.78)):
        half = np.asarray(house.centre) + side * across * width / 4
        canvas.polygon(rectangle(half, length, width / 2, house.heading), _lit(base, light))
        for row in np.arange(0.5, width / 2, 0.8):
            tile = rectangle(np.asarray(house.centre) + side * across * row, length, 0.0, house.heading)
            canvas.line(tile[[0, 2]], 0.12, _lit(base, light * rng.uniform(0.82, 0.94)))
    ridge = rectangle(house.centre, length, 0.0, house.heading)[[0, 2]]
    canvas.line(ridge, 0.3, _lit(base, 1.3))
    if rng.random() < 0.4:
        _paint_panels(canvas, house, np.asarray(house.centre) + sunny * across * width / 4)
    chimney = point_at(ridge, length * rng.uniform(0.15, 0.85)) + across * 0.8
    canvas.polygon(rectangle(chimney, 0.9, 0.7, house.heading), (86, 62, 54))


def _paint_panels(canvas: Canvas, house: House, centre: NDArray[np.float64]) -> None:
    along = turned(np.array([[1.0, 0.0]]), house.heading)[0]
    for i in np.arange(-2, 2):
        canvas.polygon(rectangle(centre + along * (i + 0.5) * 1.5, 1.3, 2.2, house.heading), (34, 48, 86))


def _paint_flat(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    base = np.asarray(varied(_any(_FLAT_ROOFS, rng), rng, 10))
    canvas.polygon(house.outline, _lit(base, 1.1))
    canvas.polygon(rectangle(house.centre, house.size[0] - 0.9, house.size[1] - 0.9, house.heading), _lit(base, 0.9))
    for _ in range(rng.integers(3, 8)):
        place = turned(rng.uniform(-0.36, 0.36, (1, 2)) * house.size, house.heading)[0] + house.centre
        length, width = rng.uniform(0.8, 2.4, 2)
        canvas.polygon(rectangle(place, length, width, house.heading), _lit(base, rng.choice([0.5, 1.25])))


def _paint_tree(canvas: Canvas, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    base = np.asarray(varied(_any(_LEAVES, rng), rng, 10))
    canvas.disc((x, y), radius, _lit(base, 0.72))
    for _ in range(5):
        # Twigs towards the sun are lighter.
        dx, dy = rng.uniform(-0.55, 0.55, 2) * radius
        light = 1.0 + 0.35 * (dy - dx) / radius
        canvas.disc((x + dx, y + dy), radius * rng.uniform(0.3, 0.5), _lit(base, light))


def _any(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return colours[rng.integers(len(colours))]


def _lit(colour: NDArray[np.int64], light: float) -> Colour:
    r, g, b = np.clip(colour * light, 0, 255).astype(int)
    return int(r), int(g), int(b)
