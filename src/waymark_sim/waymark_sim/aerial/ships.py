# SPDX-License-Identifier: Apache-2.0
"""Boats and ships from above."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial.thing import (
    GLASS,
    Colour,
    Part,
    Polygon,
    Thing,
    mirrored,
    near,
    pick,
    rectangle,
    rounded,
    shaded,
)

SHIP = 'ship'
_GELCOATS: tuple[Colour, ...] = ((238, 238, 236), (228, 230, 230), (214, 216, 218), (52, 66, 98), (190, 186, 172))
_CANVASES: tuple[Colour, ...] = (
    (44, 62, 112),
    (30, 34, 40),
    (150, 40, 38),
    (196, 186, 160),
    (70, 120, 126),
    (110, 112, 116),
)
_DECKS: tuple[Colour, ...] = ((186, 158, 118), (206, 194, 168), (170, 172, 174), (232, 230, 224))


def ship(rng: np.random.Generator) -> Thing:
    """What lies in a marina: motor boats, sailing boats, yachts, catamarans, dinghies."""
    makers = (_motor_boat, _sailing_boat, _yacht, _catamaran, _dinghy)
    return makers[rng.choice(len(makers), p=(0.40, 0.28, 0.14, 0.08, 0.10))](rng)


def large_ship(rng: np.random.Generator) -> Thing:
    """What lies at a quay or at sea: freighters, barges, ferries."""
    return (_freighter, _barge, _ferry)[rng.integers(3)](rng)


def hull(length: float, width: float, bow: float, stern: float = 0.85, reach: float = 0.5) -> Polygon:
    """Outline of a hull: pointed in front.

    Args:
        length: m.
        width: m.
        bow: Share of the length over which it gets narrower.
        stern: Width of the stern as a share of the width.
        reach: Where the middle of the bow's curve lies: 0 sharp, 1 blunt.
    """
    t = np.linspace(0, 1, 9)
    x = 0.5 - bow * t
    y = 0.5 * (1 - (1 - t) ** (1.4 + 1.4 * reach))
    half = np.column_stack([np.append(x, [-0.5]), np.append(y, [0.5 * stern])]) * (length, width)
    return mirrored(half)


def _motor_boat(rng: np.random.Generator) -> Thing:
    length = rng.uniform(4.5, 13)
    width = length * rng.uniform(0.27, 0.36)
    shell, bow = pick(_GELCOATS, rng), rng.uniform(0.35, 0.6)
    outline = hull(length, width, bow, rng.uniform(0.82, 0.98), rng.uniform(0.2, 0.8))
    parts = [Part(outline, shaded(shell, 0.82)), Part(outline * 0.93, shell)]
    parts.append(Part(outline * (0.52, 0.62) + (0.17 * length, 0), shaded(shell, rng.uniform(0.9, 1.06))))
    pit = rng.uniform(0.22, 0.4) * length
    parts.append(Part(rounded(-0.46 * length + pit / 2, 0, pit, 0.72 * width, 8), pick((*_DECKS, *_CANVASES), rng)))
    cabin = rng.uniform(0.18, 0.34) * length
    x = -0.46 * length + pit + 0.4 * cabin
    parts.append(Part(rounded(x, 0, cabin, 0.66 * width, 4), shaded(GLASS, rng.uniform(0.7, 2.2))))
    if rng.random() < 0.75:
        parts.append(
            Part(rounded(x - 0.12 * cabin, 0, 0.66 * cabin, 0.6 * width, 4), pick((shell, *_CANVASES[:3]), rng))
        )
    if rng.random() < 0.4:
        parts += [
            Part(rectangle(-0.49 * length, y * width, 0.06 * length, 0.12 * width), (24, 24, 26)) for y in (-0.12, 0.12)
        ]
    return Thing(SHIP, tuple(parts), length, width, rng.uniform(0.8, 2.4))


def _sailing_boat(rng: np.random.Generator) -> Thing:
    length = rng.uniform(6, 16)
    width = length * rng.uniform(0.24, 0.33)
    shell = pick(_GELCOATS, rng)
    outline = hull(length, width, rng.uniform(0.55, 0.7), rng.uniform(0.5, 0.9), rng.uniform(0.0, 0.5))
    deck = pick(_DECKS, rng)
    parts = [Part(outline, shaded(shell, 0.85)), Part(outline * 0.9, deck)]
    parts.append(Part(outline * (0.42, 0.5) + (0.06 * length, 0), shell))
    parts.append(Part(rounded(-0.3 * length, 0, 0.26 * length, 0.5 * width, 5), pick((*_DECKS, (60, 62, 66)), rng)))
    boom = pick((*_CANVASES, (236, 236, 232)), rng)
    parts.append(Part(rectangle(-0.12 * length, 0, 0.42 * length, max(0.05 * width, 0.15)), boom))
    parts.append(Part(rectangle(0.09 * length, 0, 0.02 * length, 0.9 * width), (196, 196, 194)))
    parts.append(Part(rounded(0.1 * length, 0, 0.025 * length, 0.025 * length, 2), (240, 240, 238)))
    return Thing(SHIP, tuple(parts), length, width, rng.uniform(0.8, 1.6))


def _yacht(rng: np.random.Generator) -> Thing:
    length = rng.uniform(13, 32)
    width = length * rng.uniform(0.2, 0.28)
    shell = pick(_GELCOATS[:3], rng)
    outline = hull(length, width, rng.uniform(0.35, 0.55), 0.92, rng.uniform(0.2, 0.6))
    parts = [Part(outline, shaded(shell, 0.84)), Part(outline * 0.94, pick(_DECKS, rng))]
    for step, scale in enumerate((0.78, 0.56, 0.38)):
        x = (-0.06 + 0.01 * step) * length
        parts.append(Part(outline * (scale * 0.84, 0.86 - 0.14 * step) + (x, 0), shaded(GLASS, 1.4)))
        parts.append(
            Part(
                outline * (scale * 0.78, 0.80 - 0.14 * step) + (x - 0.01 * length, 0), shaded(shell, 0.95 + 0.03 * step)
            )
        )
    return Thing(SHIP, tuple(parts), length, width, rng.uniform(3, 6))


def _catamaran(rng: np.random.Generator) -> Thing:
    length = rng.uniform(9, 16)
    width = length * rng.uniform(0.48, 0.58)
    shell = pick(_GELCOATS[:3], rng)
    one = hull(length, 0.27 * width, 0.5, 0.8, 0.3)
    parts = [Part(one + (0, side * 0.365 * width), shell) for side in (-1, 1)]
    parts.append(Part(rectangle(-0.1 * length, 0, 0.66 * length, 0.62 * width), shaded(shell, 0.94)))
    parts.append(Part(rounded(-0.02 * length, 0, 0.34 * length, 0.6 * width, 4), shaded(GLASS, rng.uniform(0.9, 2))))
    parts.append(Part(rounded(-0.06 * length, 0, 0.28 * length, 0.54 * width, 4), shell))
    parts.append(Part(rectangle(-0.08 * length, 0, 0.4 * length, 0.05 * width), pick(_CANVASES, rng)))
    return Thing(SHIP, tuple(parts), length, width, 2.0)


def _dinghy(rng: np.random.Generator) -> Thing:
    length = rng.uniform(2.6, 4.6)
    width = length * rng.uniform(0.38, 0.48)
    tube = pick(((176, 178, 180), (60, 62, 66), (206, 96, 40), (226, 226, 222), (120, 84, 56)), rng)
    outline = hull(length, width, 0.4, 0.96, 0.8)
    parts = [Part(outline, tube), Part(outline * (0.78, 0.6) - (0.04 * length, 0), shaded(tube, 0.6))]
    parts.append(Part(rectangle(-0.1 * length, 0, 0.1 * length, 0.6 * width), shaded(tube, 0.9)))
    return Thing(SHIP, tuple(parts), length, width, 0.4)


def _freighter(rng: np.random.Generator) -> Thing:
    length = rng.uniform(60, 220)
    width = length * rng.uniform(0.13, 0.18)
    deck = pick(((146, 66, 52), (96, 104, 108), (74, 104, 86), (150, 140, 126)), rng)
    outline = hull(length, width, rng.uniform(0.12, 0.22), rng.uniform(0.7, 0.95), 0.7)
    parts = [Part(outline, shaded(deck, 0.6)), Part(outline * (0.985, 0.94), deck)]
    bays = int(rng.integers(3, 8))
    for x in np.linspace(-0.22, 0.32, bays):
        bay = 0.5 / bays * length
        if rng.random() < 0.5:
            parts.append(Part(rectangle(x * length, 0, 0.86 * bay, 0.66 * width), near((168, 160, 150), rng, 20)))
            continue
        for y in np.linspace(-0.36, 0.36, 6):
            parts.append(Part(rectangle(x * length, y * width, 0.94 * bay, 0.13 * width), pick(_CANVASES, rng, 25)))
    parts.append(Part(rectangle(-0.38 * length, 0, 0.08 * length, 0.86 * width), (226, 226, 222)))
    parts.append(Part(rectangle(-0.37 * length, 0, 0.03 * length, 0.98 * width), (196, 198, 200)))
    parts.append(Part(rectangle(-0.43 * length, 0, 0.03 * length, 0.2 * width), (60, 60, 64)))
    return Thing(SHIP, tuple(parts), length, width, rng.uniform(8, 16))


def _barge(rng: np.random.Generator) -> Thing:
    length = rng.uniform(25, 90)
    width = rng.uniform(8, 12)
    rust = pick(((120, 84, 66), (70, 72, 76), (90, 100, 96)), rng)
    outline = hull(length, width, 0.08, 0.98, 1.0)
    hold = near((84, 74, 66), rng, 25)
    parts = [Part(outline, shaded(rust, 0.7)), Part(outline * (0.98, 0.93), rust)]
    parts += [Part(rectangle(x * length, 0, 0.22 * length, 0.72 * width), hold) for x in (-0.1, 0.13, 0.36)]
    parts.append(Part(rectangle(-0.4 * length, 0, 0.1 * length, 0.7 * width), (224, 222, 216)))
    return Thing(SHIP, tuple(parts), length, width, 3.0)


def _ferry(rng: np.random.Generator) -> Thing:
    length = rng.uniform(20, 70)
    width = length * rng.uniform(0.2, 0.28)
    outline = hull(length, width, 0.2, 0.9, 0.9)
    parts = [Part(outline, (150, 152, 154)), Part(outline * 0.95, (232, 232, 230))]
    parts.append(
        Part(rounded(0, 0, 0.7 * length, 0.74 * width, 10), pick(((206, 206, 202), (96, 120, 106), (70, 92, 140)), rng))
    )
    for x in np.linspace(-0.3, 0.3, 5):
        parts.append(Part(rectangle(x * length, 0, 0.04 * length, 0.6 * width), (176, 178, 180)))
    parts.append(Part(rounded(0.28 * length, 0, 0.1 * length, 0.6 * width, 6), GLASS))
    return Thing(SHIP, tuple(parts), length, width, 6.0)
