# SPDX-License-Identifier: Apache-2.0
"""Aircraft from above."""

from __future__ import annotations

import numpy as np

from waymark_sim.aerial.thing import GLASS, Colour, Part, Polygon, Thing, near, pick, rounded, shaded

PLANE = 'plane'
_SKINS: tuple[Colour, ...] = ((240, 241, 243), (232, 234, 238), (206, 208, 212), (150, 154, 158))
_LIVERIES: tuple[Colour, ...] = (
    (40, 62, 128),
    (176, 34, 38),
    (30, 92, 80),
    (224, 130, 40),
    (60, 62, 68),
    (236, 238, 240),
)


def plane(rng: np.random.Generator) -> Thing:
    """An airliner, a light aircraft, a turboprop or a fighter."""
    makers = (_airliner, _light, _fighter)
    return makers[rng.choice(3, p=(0.6, 0.28, 0.12))](rng)


def _airliner(rng: np.random.Generator) -> Thing:
    length = rng.uniform(22, 72)
    span, body = length * rng.uniform(0.84, 1.08), length * rng.uniform(0.09, 0.115)
    skin, livery = pick(_SKINS[:3], rng, 8), pick(_LIVERIES, rng)
    root, sweep = rng.uniform(0.02, 0.1), rng.uniform(0.2, 0.3)
    wing = _wing(length, span, root, rng.uniform(0.15, 0.2), sweep, rng.uniform(0.03, 0.05))
    tail = _wing(length, 0.36 * span, -0.37, 0.09, 0.08, 0.03)
    parts = [Part(w, shaded(skin, f)) for w, f in zip((*wing, *tail), (0.86, 0.94, 0.88, 0.95), strict=True)]
    engines = (0.34,) if rng.random() < 0.75 else (0.28, 0.56)
    for side in (-1, 1):
        for reach in engines:
            x = (root - 0.03 - sweep * (reach - 0.1)) * length + 0.06 * length
            parts.append(
                Part(rounded(x, side * reach * span / 2, 0.085 * length, 0.034 * length, 4), shaded(skin, 0.72))
            )
    parts += _fuselage(length, body, skin, livery, rng)
    return Thing(PLANE, tuple(parts), length, span, 0.09 * length, is_solid=False)


def _light(rng: np.random.Generator) -> Thing:
    length = rng.uniform(6.5, 14)
    span, body = length * rng.uniform(1.15, 1.45), length * rng.uniform(0.12, 0.15)
    skin, livery = pick(_SKINS, rng, 8), pick(_LIVERIES, rng)
    wing = _wing(length, span, 0.24, rng.uniform(0.17, 0.22), rng.uniform(-0.02, 0.04), rng.uniform(0.12, 0.17))
    tail = _wing(length, 0.36 * span, -0.36, 0.13, 0.02, 0.09)
    shell = _fuselage(length, body, skin, livery, rng)
    flat = [Part(w, shaded(skin, f)) for w, f in zip((*wing, *tail), (0.9, 0.97, 0.9, 0.96), strict=True)]
    cabin = Part(rounded(0.2 * length, 0, 0.16 * length, 0.8 * body, 4), GLASS)
    parts = [*shell, *flat] if rng.random() < 0.5 else [*flat, *shell, cabin]  # high or low wing
    return Thing(PLANE, tuple(parts), length, span, 0.2 * length, is_solid=False)


def _fighter(rng: np.random.Generator) -> Thing:
    length = rng.uniform(13, 20)
    span = length * rng.uniform(0.58, 0.75)
    skin = pick(((128, 134, 140), (104, 112, 104), (150, 150, 146)), rng)
    wing = _wing(length, span, 0.1, rng.uniform(0.3, 0.42), rng.uniform(0.2, 0.34), 0.05)
    tail = _wing(length, 0.5 * span, -0.34, 0.14, 0.1, 0.05)
    parts = [Part(w, shaded(skin, f)) for w, f in zip((*wing, *tail), (0.9, 0.98, 0.88, 0.95), strict=True)]
    parts += _fuselage(length, 0.13 * length, skin, skin, rng)
    parts.append(Part(rounded(0.27 * length, 0, 0.13 * length, 0.05 * length, 2.5), GLASS))
    return Thing(PLANE, tuple(parts), length, span, 1.8, is_solid=False)


def _wing(length: float, span: float, root: float, chord: float, sweep: float, tip: float) -> tuple[Polygon, Polygon]:
    """Left and right wing; `root` is where the leading edge meets the body, all lengths as shares of the length."""
    half = span / 2
    right = np.array(
        [
            [root * length, 0],
            [(root - sweep) * length, half],
            [(root - sweep - tip) * length, half],
            [(root - chord) * length, 0],
        ]
    )
    return right * (1, -1), right


def _fuselage(length: float, body: float, skin: Colour, livery: Colour, rng: np.random.Generator) -> list[Part]:
    """A round body: its middle is lightest; a fin in the company's colour."""
    t = np.linspace(0, 1, 12)
    nose = np.column_stack([0.5 - 0.12 * t, 0.5 * np.sqrt(1 - (1 - t) ** 2)])
    tail = np.array([[-0.12, 0.5], [-0.3, 0.4], [-0.44, 0.16], [-0.5, 0.05]])
    half = np.vstack([nose, tail]) * (length, body)
    outline = np.vstack([half, half[::-1] * (1, -1)])
    side = rng.choice([-1.0, 1.0]) * 0.06 * body
    parts = [
        Part(outline * (1, scale) + (0, shift * side), shaded(skin, f))
        for scale, f, shift in ((1.0, 0.74, 0), (0.8, 0.9, 1), (0.5, 1.03, 2))
    ]
    parts.append(Part(rounded(0.465 * length, 0, 0.018 * length, 0.45 * body, 3), GLASS))
    fin = np.array([[-0.34, -0.006], [-0.34, 0.006], [-0.49, 0.012], [-0.49, -0.012]]) * length
    return [*parts, Part(fin, near(livery, rng, 10))]
