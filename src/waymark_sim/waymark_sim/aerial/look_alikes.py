# SPDX-License-Identifier: Apache-2.0
"""What looks like an object and is none: hedges, walls, beds, hipped roofs, tanks, signs on roads, stands on aprons."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial.sheet import Sheet, placed
from waymark_sim.aerial.thing import Colour, Part, Polygon, Thing, near, pick, rectangle, rounded, shaded, standing

_GREEN: tuple[Colour, ...] = ((44, 66, 34), (62, 86, 44), (84, 104, 58), (52, 62, 40))
_STONE: tuple[Colour, ...] = ((196, 190, 180), (150, 144, 136), (120, 116, 112), (222, 220, 214))
_TILES: tuple[Colour, ...] = ((158, 84, 62), (120, 70, 58), (104, 104, 108), (70, 72, 78), (140, 124, 104))
_PAINTS: tuple[Colour, ...] = ((230, 230, 226), (206, 170, 60), (190, 60, 50), (60, 64, 70))


def hedge(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """A hedge, as long and wide as ships and trailers are, ragged and with its shadow."""
    length, width = rng.uniform(3, 30), rng.uniform(0.8, 2.6)
    leaf = pick(_GREEN, rng)
    u = np.linspace(-length / 2, length / 2, max(int(length * 2), 6))
    ragged = width / 2 * (1 + rng.normal(0, 0.12, (2, len(u))))
    outline = np.vstack([np.column_stack([u, ragged[0]]), np.column_stack([u, -ragged[1]])[::-1]])
    parts = [Part(outline, shaded(leaf, 0.8))]
    for at in rng.uniform(-0.48, 0.48, int(np.clip(length * 2, 4, 40))):
        size = width * rng.uniform(0.3, 0.7)
        leaves = rounded(at * length, rng.uniform(-0.25, 0.25) * width, size, size, 2, 8)
        parts.append(Part(leaves, shaded(leaf, rng.uniform(0.85, 1.35))))
    sheet.lay(Thing('', tuple(standing(parts)), length, width, rng.uniform(0.8, 2.5)), x, y, heading)


def wall(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """A wall or a barrier: thin, light, hardly to be seen but for its shadow."""
    length, width = rng.uniform(3, 40), rng.uniform(0.2, 0.8)
    body = Part(rectangle(0, 0, length, width), pick(_STONE, rng))
    sheet.lay(Thing('', tuple(standing([body])), length, width, rng.uniform(0.6, 2.5)), x, y, heading)


def bed(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """A bed with a kerb, as they lie between bays: of the length of a car or a boat, pointed or round at its ends."""
    length, width = rng.uniform(3, 14), rng.uniform(1.2, 4)
    power = float(rng.choice([1.6, 2.5, 5.0, 20.0]))
    inside = pick((*_GREEN, (128, 92, 66), (150, 110, 84), (120, 128, 84)), rng)
    parts = [
        Part(rounded(0, 0, length, width, power), pick(_STONE, rng)),
        Part(rounded(0, 0, length - 0.5, width - 0.5, power), inside),
    ]
    for _ in range(int(rng.integers(0, 9))):
        u, v = rng.uniform(-0.38, 0.38) * length, rng.uniform(-0.25, 0.25) * width
        size = rng.uniform(0.4, 1.4)
        parts.append(Part(rounded(u, v, size, size, 2, 8), pick(_GREEN, rng)))
    sheet.lay(Thing('', tuple(parts), length, width, 0.15), x, y, heading)


def hipped(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """A house whose roof falls to all four sides, with ridge, chimneys and dormers; a wing at times."""
    length, width, tiles = rng.uniform(8, 22), rng.uniform(6, 12), pick(_TILES, rng)
    parts = _four_sides(0, 0, length, width, tiles, sheet)
    if rng.random() < 0.4:
        parts += _four_sides(rng.uniform(-0.3, 0.3) * length, 0.3 * width, 0.6 * width, 0.8 * width, tiles, sheet)
    for _ in range(int(rng.integers(0, 5))):
        a, b = rng.uniform(0.5, 1.6, 2)
        chimney = rectangle(rng.uniform(-0.35, 0.35) * length, rng.uniform(-0.3, 0.3) * width, a, b)
        parts += [Part(chimney + 0.25, (50, 48, 48)), Part(chimney, pick(_STONE, rng))]
    sheet.lay(Thing('', tuple(standing(parts)), length, 1.4 * width, rng.uniform(3, 8)), x, y, heading)


def _four_sides(u: float, v: float, length: float, width: float, colour: Colour, sheet: Sheet) -> list[Part]:
    """The faces of a hipped roof, each by how it looks to the sun, and its ridge."""
    corners, top = rectangle(u, v, length, width), max(length - width, 0.0) / 2
    ridge = np.array([[u - top, v], [u + top, v]])
    light = 0.15 if sheet.sun.darkness > 0 else 0.03
    points = np.vstack([corners, ridge])
    faces = ([0, 1, 5, 4], [1, 2, 5], [2, 3, 4, 5], [3, 0, 4])
    parts = []
    for face, factor in zip(faces, (1 + light, 1 - light / 2, 1 - light, 1 + light / 2), strict=True):
        parts.append(Part(points[face], shaded(colour, factor)))
    parts.append(Part(rectangle(u, v, 2 * top + 0.3, 0.3), shaded(colour, 0.75)))
    return parts


def tank(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """Round tanks or silos in a row: pale lids with rims, stairs, long shadows."""
    across, count = rng.uniform(3, 26), int(rng.integers(1, 5))
    lid, height = pick(((226, 226, 222), (196, 198, 198), (150, 152, 156), (120, 130, 120)), rng), rng.uniform(3, 14)
    stairs = rng.uniform(0, 2 * np.pi)
    floating = rng.random() < 0.3
    for k in range(count):
        at = placed(np.array([[k * across * 1.25, 0.0]]), x, y, heading)[0]
        parts = [Part(rounded(0, 0, across, across, 2, 36), shaded(lid, 0.8))]
        parts.append(Part(rounded(0, 0, 0.94 * across, 0.94 * across, 2, 36), shaded(lid, 0.62 if floating else 1)))
        parts.append(Part(rounded(0, 0, 0.1 * across, 0.1 * across, 2, 12), shaded(lid, 0.7)))
        step = rectangle(0.35 * across, 0, 0.3 * across, 0.04 * across)
        parts.append(Part(placed(step, 0, 0, stairs), shaded(lid, 0.6)))
        sheet.lay(Thing('', tuple(standing(parts)), across, across, height), float(at[0]), float(at[1]), heading)


def signs(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """What is painted on a road: a zebra crossing, arrows, a hatched island, a box, letters; things lie on it too."""
    kind, paint = rng.choice(['zebra', 'arrow', 'hatched', 'box', 'letters']), pick(_PAINTS, rng)
    if kind == 'zebra':
        shapes = [rectangle(u, 0, 0.5, rng.uniform(3, 4)) for u in np.arange(-5, 5, 1.0)]
    elif kind == 'arrow':
        shapes = [rectangle(-0.8, 0, 3.2, 0.2), np.array([[0.8, -0.6], [2.2, 0.0], [0.8, 0.6]])]
    elif kind == 'letters':
        shapes = [rectangle(u, rng.uniform(-0.4, 0.4), 0.35, rng.uniform(0.8, 2)) for u in np.arange(-2, 2.4, 0.8)]
    else:
        shapes = _frame(rng.uniform(4, 16), rng.uniform(1.8, 6), hatched=kind == 'hatched')
    for shape in shapes:
        sheet.polygon(placed(shape, x, y, heading), paint)


def stand(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """An empty stand on an apron: its lines, rubber, patches, a walkway's stump."""
    size, paint = rng.uniform(15, 60), pick(_PAINTS, rng)
    for shape in _frame(size, size * rng.uniform(0.2, 1.1), hatched=rng.random() < 0.3):
        sheet.polygon(placed(shape, x, y, heading), paint)
    for _ in range(int(rng.integers(1, 5))):  # rubber
        v = rng.uniform(-0.4, 0.4) * size
        sheet.shade(placed(rectangle(0, v, size * rng.uniform(0.5, 2), rng.uniform(0.3, 1.5)), x, y, heading), 0.25)
    for _ in range(int(rng.integers(0, 4))):  # patches
        u, v = rng.uniform(-0.5, 0.5, 2) * size
        patch = rectangle(u, v, *rng.uniform(2, 14, 2))
        sheet.polygon(placed(patch, x, y, heading), near((160, 158, 152), rng, 16))


def _frame(length: float, width: float, hatched: bool) -> list[Polygon]:
    """Lines around a rectangle, slanted ones across it when hatched."""
    line = 0.15
    shapes = [rectangle(0, side * width / 2, length, line) for side in (-1, 1)]
    shapes += [rectangle(side * length / 2, 0, line, width) for side in (-1, 1)]
    if hatched:
        slant = min(width, length) / 2
        for u in np.arange(-length / 2 + slant / 2, length / 2 - slant / 2, 1.2):
            low, high = np.array([u - slant / 2, -width / 2]), np.array([u + slant / 2, width / 2])
            shapes.append(np.array([low, low + (2 * line, 0), high + (2 * line, 0), high]))
    return shapes
