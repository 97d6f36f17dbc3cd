# SPDX-License-Identifier: Apache-2.0
"""What is no object to be found: trees, roofs, marks on the ground, boxes and poles."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial.sheet import Sheet, placed
from waymark_sim.aerial.thing import Colour, Part, Polygon, Thing, near, pick, rectangle, rounded, shaded, standing

_ROOFS: tuple[Colour, ...] = (
    (158, 84, 62),
    (120, 70, 58),
    (104, 104, 108),
    (70, 72, 78),
    (176, 172, 166),
    (206, 204, 200),
    (140, 124, 104),
    (94, 110, 120),
)
_LEAVES: tuple[Colour, ...] = ((44, 66, 34), (62, 86, 44), (84, 104, 58), (52, 62, 40), (96, 96, 56), (116, 86, 50))


def tree(sheet: Sheet, x: float, y: float, radius: float, rng: np.random.Generator, covers: bool = True) -> None:
    """A crown of leaves with its shadow; hides what is below."""
    leaf, t = pick(_LEAVES, rng), np.linspace(0, 2 * np.pi, 18, endpoint=False)
    ragged = radius * (1 + rng.normal(0, 0.1, 18))
    crown = np.column_stack([x + ragged * np.cos(t), y + ragged * np.sin(t)])
    sun = np.asarray(sheet.sun.shadow_per_m)
    sheet.shade(crown + sun * radius * rng.uniform(0.7, 1.6), sheet.sun.darkness)
    sheet.polygon(sheet.hull(crown, 0.4 * radius, radius), shaded(leaf, 0.6))
    crown = sheet.raised(crown, radius)
    x, y = crown.mean(axis=0)
    sheet.polygon(crown, shaded(leaf, 0.75))
    light = -sun / max(float(np.hypot(*sun)), 1e-6)
    for _ in range(int(np.clip(radius / sheet.metres_per_pixel * 1.5, 4, 26))):
        angle, reach = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.uniform(0, 0.75))
        at = np.array([np.cos(angle), np.sin(angle)]) * reach
        bright = 0.95 + 0.35 * float(at @ light) / radius + rng.normal(0, 0.12)
        size = radius * rng.uniform(0.25, 0.6)
        sheet.polygon(rounded(x + at[0], y + at[1], size, size * rng.uniform(0.7, 1), 2, 10), shaded(leaf, bright))
    if covers:
        sheet.cover(crown)


def building(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> bool:
    """A house with a gable, or a hall with a flat roof and what stands on it."""
    length, width = rng.uniform(7, 40), rng.uniform(6, 18)
    if not sheet.has_room(placed(rectangle(0, 0, length, width), x, y, heading)):
        return False
    roof, height = pick(_ROOFS, rng), rng.uniform(3, 12)
    body = Thing('', tuple(standing([Part(rectangle(0, 0, length, width), roof)])), length, width, height)
    if not sheet.lay(body, x, y, heading):
        return False
    x, y = sheet.raised(np.array([x, y]), height)
    outline = placed(body.box, x, y, heading)
    if rng.random() < 0.5:
        lit = rng.uniform(0.7, 0.95), rng.uniform(1.0, 1.2)
        for side, factor in zip((-1, 1), lit, strict=True):
            sheet.polygon(
                placed(rectangle(0, side * width / 4, length, width / 2), x, y, heading), shaded(roof, factor)
            )
        for u in np.linspace(-0.48, 0.48, int(rng.integers(0, 14))):
            sheet.line(
                placed(np.array([[u * length, -width / 2], [u * length, width / 2]]), x, y, heading),
                0.1,
                shaded(roof, 0.88),
            )
    else:
        sheet.polygon(outline, shaded(roof, 0.85))
        sheet.polygon(placed(rectangle(0, 0, length - 0.8, width - 0.8), x, y, heading), roof)
        _on_roof(sheet, (x, y, heading), (length, width), rng)
    return True


def _on_roof(
    sheet: Sheet, pose: tuple[float, float, float], size: tuple[float, float], rng: np.random.Generator
) -> None:
    for _ in range(int(rng.integers(0, 9))):
        u, v = rng.uniform(-0.42, 0.42) * size[0], rng.uniform(-0.4, 0.4) * size[1]
        a, b = rng.uniform(0.6, 3.5, 2)
        sheet.polygon(placed(rectangle(u + 0.3, v + 0.3, a, b), *pose), (60, 60, 62))
        sheet.polygon(
            placed(rectangle(u, v, a, b), *pose),
            pick(((200, 200, 198), (150, 152, 156), (90, 110, 130), (50, 60, 84)), rng),
        )
    if rng.random() < 0.2:  # solar panels
        for u in np.arange(-0.4 * size[0], 0.4 * size[0], 2.2):
            for v in np.arange(-0.35 * size[1], 0.35 * size[1], 1.3):
                sheet.polygon(placed(rectangle(u, v, 2.0, 1.0), *pose), (34, 44, 78))


def box(sheet: Sheet, x: float, y: float, heading: float, rng: np.random.Generator) -> None:
    """Something angular that is none of the classes: a bin, a shed, a table, a cabinet, a tarpaulin."""
    a, b = (rng.uniform(0.5, 3), rng.uniform(0.5, 3)) if rng.random() < 0.7 else (rng.uniform(3, 9), rng.uniform(3, 9))
    colour = near(rng.uniform(30, 235, 3) * 0.5 + rng.uniform(30, 235) * 0.5, rng, 5)
    parts = [Part(rectangle(0, 0, a, b), colour)]
    if rng.random() < 0.4:
        parts.append(Part(rectangle(0, 0, 0.8 * a, 0.8 * b), shaded(colour, rng.uniform(0.8, 1.2))))
    sheet.lay(Thing('', tuple(standing(parts)), a, b, rng.uniform(0.3, 2.5)), x, y, heading)


def pole(sheet: Sheet, x: float, y: float, rng: np.random.Generator) -> None:
    """A lamp: hardly itself, but its shadow."""
    tip = np.array([x, y]) + np.asarray(sheet.sun.shadow_per_m) * rng.uniform(4, 12)
    across = np.array([[0.08, 0.0], [-0.08, 0.0]])
    sheet.shade(np.vstack([across + (x, y), across[::-1] + tip]), sheet.sun.darkness)
    sheet.polygon(rounded(x, y, 0.4, 0.4, 2, 8), (206, 206, 204))


def marks(sheet: Sheet, rng: np.random.Generator, count: int) -> None:
    """Lines, patches, stains and cracks anywhere on the ground."""
    for _ in range(count):
        x, y = rng.uniform(0, sheet.size_m, 2)
        colour = near(rng.choice([235.0, 40.0, 120.0, 200.0]) * np.ones(3), rng, 15)
        if rng.random() < 0.25:
            colour = pick(((206, 172, 60), (190, 60, 50), (60, 90, 160)), rng)
        if rng.random() < 0.6:
            walk = (
                np.cumsum(rng.normal(0, rng.uniform(0.1, 0.5), (8, 2)), axis=0)
                + rng.normal(0, 3, 2) * np.arange(8)[:, None]
            )
            sheet.line(walk + (x, y), rng.uniform(0.05, 0.4), colour)
        else:
            a, b = rng.uniform(0.3, 5, 2)
            outline: Polygon = rounded(0, 0, a, b, rng.choice([2.0, 10.0]), 16)
            sheet.polygon(placed(outline, x, y, rng.uniform(0, np.pi)), colour)
