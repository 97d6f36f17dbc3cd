# SPDX-License-Identifier: Apache-2.0
"""Containers, landing pads."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial.thing import Colour, Part, Polygon, Thing, near, pick, rectangle, rounded, shaded, standing

CONTAINER, PAD = 'container', 'landing pad'
_PAINTS: tuple[Colour, ...] = (
    (150, 58, 44),
    (40, 78, 130),
    (46, 96, 78),
    (196, 198, 198),
    (190, 112, 46),
    (96, 98, 102),
    (206, 172, 60),
    (110, 40, 60),
)


def container(rng: np.random.Generator, length_m: float | None = None) -> Thing:
    """A container of 20 or 40 feet."""
    length = length_m or (6.06 if rng.random() < 0.4 else 12.19)
    colour = pick(_PAINTS, rng, 18)
    parts = [
        Part(rectangle(0, 0, length, 2.44), shaded(colour, 0.8)),
        Part(rectangle(0, 0, length - 0.16, 2.26), colour),
    ]
    for x in np.linspace(-0.5, 0.5, round(length / 0.55))[1:-1]:
        parts.append(Part(rectangle(x * length, 0, 0.16, 2.2), shaded(colour, 0.9)))
    return Thing(CONTAINER, tuple(standing(parts)), length, 2.44, 2.6 * float(rng.integers(1, 3)))


def pad(rng: np.random.Generator) -> Thing:
    """A landing pad, round or square, with H, cross or rings."""
    side = rng.uniform(1.0, 4.0) if rng.random() < 0.4 else rng.uniform(8, 24)
    ground = pick(((84, 88, 92), (150, 60, 50), (70, 104, 80), (60, 84, 130), (176, 176, 172), (226, 150, 50)), rng)
    mark: Colour = near((238, 238, 234), rng, 8) if sum(ground) < 560 else near((50, 52, 56), rng, 8)
    power = 2.0 if rng.random() < 0.5 else 20.0
    parts = [Part(rounded(0, 0, side, side, power, 40), ground)]
    rim, inner = rng.uniform(0.84, 0.97), rng.uniform(0.74, 0.82)
    parts += [
        Part(rounded(0, 0, rim * side, rim * side, power, 40), mark),
        Part(rounded(0, 0, inner * side, inner * side, power, 40), ground),
    ]
    parts += [Part(p * side, mark) for p in _sign(rng)]
    return Thing(PAD, tuple(parts), side, side, 0.02)


def _sign(rng: np.random.Generator) -> list[Polygon]:
    kind, w = rng.choice(['H', 'H', 'cross', 'T', 'rings']), rng.uniform(0.07, 0.13)
    if kind == 'H':
        tall, wide = rng.uniform(0.36, 0.5), rng.uniform(0.24, 0.34)
        return [rectangle(0, -wide / 2, tall, w), rectangle(0, wide / 2, tall, w), rectangle(0, 0, w, wide)]
    if kind == 'cross':
        return [rectangle(0, 0, 0.55, w), rectangle(0, 0, w, 0.55)]
    if kind == 'T':
        return [rectangle(-0.05, 0, 0.4, w), rectangle(0.18, 0, w, 0.4)]
    return [rounded(0, 0, 0.4, 0.4, 2), rounded(0.0, 0, 0.05, 0.2, 4)]
