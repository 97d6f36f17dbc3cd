# SPDX-License-Identifier: Apache-2.0
"""Cars, vans, trucks and buses from above."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial.thing import (
    GLASS,
    Part,
    Polygon,
    Thing,
    near,
    paint,
    pick,
    rectangle,
    rounded,
    shaded,
    standing,
)

SMALL, LARGE = 'small vehicle', 'large vehicle'
_BELT, _FLOOR = 0.52, 0.14  # of a car's height: below its windows, and below its doors
_TARPS = ((228, 228, 224), (206, 208, 210), (58, 84, 138), (176, 44, 40), (66, 104, 76), (196, 182, 150), (70, 72, 76))


def small_vehicle(rng: np.random.Generator) -> Thing:
    """A car, a pickup or a van."""
    shape = rng.choice(['sedan', 'hatch', 'suv', 'pickup', 'van'], p=(0.34, 0.22, 0.24, 0.08, 0.12))
    low, high = {'sedan': (4.3, 5.1), 'hatch': (3.5, 4.3), 'suv': (4.3, 5.0), 'pickup': (4.9, 5.7), 'van': (4.6, 6.0)}[
        str(shape)
    ]
    length, width = rng.uniform(low, high), rng.uniform(1.68, 2.02)
    colour = paint(rng)
    parts = [Part(rounded(0, 0, length, width, rng.uniform(4.0, 7.0)), shaded(colour, 0.93))]
    parts += [Part(rounded(0.02 * length, 0, 0.94 * length, 0.82 * width, 5), colour)]
    front, rear = {
        'sedan': (0.20, -0.30),
        'hatch': (0.22, -0.42),
        'suv': (0.22, -0.43),
        'pickup': (0.22, -0.08),
        'van': (0.34, -0.46),
    }[str(shape)]
    glass = shaded(GLASS, rng.uniform(0.7, 1.9))
    parts = standing(parts, _BELT, _FLOOR)
    parts += _cabin(length, width, front + rng.normal(0, 0.02), rear, glass, shaded(colour, rng.uniform(0.98, 1.16)))
    if shape == 'pickup':
        bed = rectangle(-0.29 * length, 0, 0.36 * length, 0.78 * width)
        parts.append(Part(bed, shaded(colour, 0.45), _BELT))
    if rng.random() < 0.5:  # the sky in its roof or hood
        x = rng.choice([-0.1, 0.33])
        parts.append(
            Part(
                rounded(x * length, rng.uniform(-0.2, 0.2), 0.12 * length, 0.4 * width, 3),
                shaded(colour, 1.3),
                1.0 if x < 0 else _BELT,
            )
        )
    for y in (-0.38, 0.38):
        parts.append(Part(rectangle(0.47 * length, y * width, 0.04 * length, 0.16 * width), (236, 234, 220), _BELT))
        parts.append(Part(rectangle(-0.48 * length, y * width, 0.03 * length, 0.16 * width), (140, 24, 22), _BELT))
    return Thing(SMALL, tuple(parts), length, width, 2.1 if shape == 'van' else rng.uniform(1.3, 1.7))


def _cabin(
    length: float,
    width: float,
    front: float,
    rear: float,
    glass: tuple[float, float, float],
    roof: tuple[float, float, float],
) -> list[Part]:
    """Glass all around, the roof on it."""
    x0, x1, w = rear * length, front * length, 0.43 * width
    house = np.array([[x1, -0.8 * w], [x1, 0.8 * w], [x0, 0.84 * w], [x0, -0.84 * w]])
    belt = np.array([[x1 - 0.1 * length, -w], [x1, -0.8 * w], [x1, 0.8 * w], [x1 - 0.1 * length, w], [x0, w], [x0, -w]])
    top = house * (1, 0.92) + (0, 0)
    top[:2, 0] -= 0.115 * length
    top[2:, 0] += 0.075 * length
    return [Part(belt, glass, 0.92, _BELT), Part(top, roof, 1.0)]


def large_vehicle(rng: np.random.Generator) -> Thing:
    """A truck with or without trailer, a tanker, a trailer alone or a bus."""
    kind = rng.random()
    return _bus(rng) if kind < 0.22 else trailer(rng) if kind < 0.34 else _truck(rng)


def trailer(rng: np.random.Generator) -> Thing:
    """A trailer without its tractor: longer, wider and smoother than a container, mostly white; axles show behind."""
    length, width = rng.uniform(12.0, 16.2), rng.uniform(2.5, 2.62)
    colour = pick(_TARPS, rng) if rng.random() < 0.4 else near((226, 226, 224), rng, 10)
    parts = [
        Part(rectangle(0, 0, length, width), shaded(colour, 0.86)),
        Part(rectangle(0, 0, 0.985 * length, 0.93 * width), colour),
    ]
    if rng.random() < 0.5:  # the unit that cools
        parts.append(Part(rectangle(0.485 * length, 0, 0.05 * length, 0.7 * width), (206, 208, 210)))
    if rng.random() < 0.5:
        parts.append(Part(rectangle(0, 0, 0.97 * length, 0.06 * width), shaded(colour, 0.93)))
    for u in np.linspace(-0.45, 0.45, int(rng.integers(0, 12))):
        parts.append(Part(rectangle(u * length, 0, 0.08, 0.92 * width), shaded(colour, 0.92)))
    return Thing(LARGE, tuple(standing(parts, 1.0, 0.3)), length, width, rng.uniform(3.6, 4.0))


def _bus(rng: np.random.Generator) -> Thing:
    length, width = rng.uniform(9.5, 14), rng.uniform(2.4, 2.6)
    colour = pick(((226, 226, 222), (206, 172, 60), (178, 40, 36), (54, 92, 150), (92, 130, 84)), rng)
    parts = [
        Part(rounded(0, 0, length, width, 12), shaded(colour, 0.9)),
        Part(rounded(0, 0, 0.97 * length, 0.84 * width, 12), colour),
    ]
    parts.append(Part(rectangle(0.475 * length, 0, 0.03 * length, 0.86 * width), GLASS))
    for x in rng.uniform(-0.4, 0.4, rng.integers(1, 4)):
        parts.append(
            Part(
                rectangle(x * length, 0, rng.uniform(0.8, 2.2), 0.5 * width),
                pick(((190, 190, 188), (120, 122, 124)), rng),
            )
        )
    return Thing(LARGE, tuple(standing(parts, 1.0, 0.1)), length, width, 3.0)


def _truck(rng: np.random.Generator) -> Thing:
    length, width = (rng.uniform(6.5, 10.5) if rng.random() < 0.5 else rng.uniform(12, 17.5)), rng.uniform(2.35, 2.6)
    cab = rng.uniform(1.7, 2.4)
    gap = rng.uniform(0.2, 0.9)
    colour, load = paint(rng), length - cab - gap
    middle = -length / 2 + load / 2
    parts = [Part(rectangle(0, 0, 0.98 * length, 0.5 * width), (40, 40, 42), 0.25)]
    cabin = [Part(rounded(length / 2 - cab / 2, 0, cab, 0.96 * width, 8), colour)]
    cabin += [Part(rectangle(length / 2 - 0.14 * cab, 0, 0.16 * cab, 0.84 * width), GLASS)]
    parts += standing(cabin, 0.85, 0.1)
    kind = rng.choice(['box', 'flat', 'tank', 'tipper'], p=(0.6, 0.14, 0.12, 0.14))
    parts += standing(_load(str(kind), middle, load, width, rng), 1.0 if kind in ('box', 'tank') else 0.45, 0.25)
    return Thing(LARGE, tuple(parts), length, width, rng.uniform(2.8, 3.9))


def _load(kind: str, x: float, length: float, width: float, rng: np.random.Generator) -> list[Part]:
    whole: Polygon = rectangle(x, 0, length, width)
    if kind == 'tank':
        steel = near((186, 188, 192), rng, 15)
        bands = [(1.0, 0.55), (0.8, 0.8), (0.55, 1.0), (0.25, 1.15)]
        return [Part(rounded(x, 0, length, width * w, 10), shaded(steel, f)) for w, f in bands]
    if kind == 'box':
        colour = pick(_TARPS, rng)
        ribs = [
            Part(rectangle(x + u * length, 0, 0.06, 0.94 * width), shaded(colour, 0.86))
            for u in np.linspace(-0.42, 0.42, int(rng.integers(0, 9)))
        ]
        return [Part(whole, shaded(colour, 0.88)), Part(rectangle(x, 0, 0.985 * length, 0.93 * width), colour), *ribs]
    bed = pick(((122, 104, 84), (92, 92, 94), (150, 140, 120)), rng)
    parts = [Part(whole, shaded(bed, 0.8))]
    if kind == 'tipper':
        heap = pick(((150, 126, 96), (96, 90, 84), (176, 170, 158)), rng)
        return [
            *parts,
            Part(rectangle(x, 0, 0.95 * length, 0.84 * width), shaded(heap, 0.75)),
            Part(rounded(x, 0, 0.8 * length, 0.6 * width, 3), heap),
        ]
    for u in rng.uniform(-0.35, 0.35, rng.integers(0, 4)):
        parts.append(Part(rectangle(x + u * length, 0, rng.uniform(0.8, 2.0), rng.uniform(0.8, 2.0)), paint(rng)))
    return parts
