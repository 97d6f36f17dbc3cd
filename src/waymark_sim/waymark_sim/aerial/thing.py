# SPDX-License-Identifier: Apache-2.0
"""A thing seen from above: coloured polygons in metres around its middle, x forward and y to its right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Colour = tuple[float, float, float]
Polygon = NDArray[np.float64]

# Paints of cars by how often they are seen: white, black, grays, silver, blues, reds, browns, green, yellow.
_PAINTS: tuple[tuple[Colour, float], ...] = (
    ((232, 232, 230), 0.26),
    ((26, 27, 30), 0.19),
    ((88, 91, 96), 0.14),
    ((168, 171, 174), 0.16),
    ((38, 62, 118), 0.06),
    ((96, 128, 168), 0.03),
    ((150, 30, 30), 0.06),
    ((112, 96, 78), 0.04),
    ((48, 82, 62), 0.02),
    ((214, 178, 58), 0.02),
    ((204, 96, 40), 0.02),
)
GLASS: Colour = (34, 42, 50)


@dataclass(frozen=True, eq=False)
class Part:
    """One polygon.

    Attributes:
        points: (N, 2) m.
        colour: RGB.
        rises: Share of the thing's height in which it lies; 0 is on the ground.
        foot: Share of the height from which its walls rise, None where it has none.
    """

    points: Polygon
    colour: Colour
    rises: float = 0.0
    foot: float | None = None


@dataclass(frozen=True, eq=False)
class Thing:
    """What can be laid on the ground.

    Attributes:
        kind: Name of its class; '' for what is no object to be found.
        parts: From below to above.
        length_m: Of its box, forward.
        width_m: Of its box.
        height_m: By which its shadow is thrown.
        is_solid: The shadow reaches from its outline to the ground (a car); else it is thrown from above (a wing).
    """

    kind: str
    parts: tuple[Part, ...]
    length_m: float
    width_m: float
    height_m: float
    is_solid: bool = True

    @property
    def box(self) -> Polygon:
        """Corners of its box, (4, 2) m."""
        return rectangle(0, 0, self.length_m, self.width_m)


def rectangle(x: float, y: float, length: float, width: float) -> Polygon:
    """Corners (4, 2) of an upright rectangle around (x, y)."""
    return np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (length, width) + (x, y)


def rounded(x: float, y: float, length: float, width: float, power: float = 5.0, points: int = 28) -> Polygon:
    """A superellipse (points, 2): |2x/l|^p + |2y/w|^p = 1; p = 2 is an ellipse, large p a rectangle."""
    t = np.linspace(0, 2 * np.pi, points, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    u, v = np.sign(c) * np.abs(c) ** (2 / power), np.sign(s) * np.abs(s) ** (2 / power)
    return np.column_stack([x + u * length / 2, y + v * width / 2])


def mirrored(points: ArrayLike) -> Polygon:
    """Close a half outline (N, 2), from bow to stern with y >= 0, by its mirror image."""
    half = np.asarray(points, np.float64)
    return np.vstack([half, half[::-1] * (1, -1)])


def standing(parts: Sequence[Part], rises: float = 1.0, foot: float = 0.0) -> list[Part]:
    """Parts at one share of a thing's height; the first has walls from another share up."""
    first, *others = (replace(part, rises=rises) for part in parts)
    return [replace(first, foot=foot), *others]


def shaded(colour: Colour, factor: float) -> Colour:
    """Lighter (above 1) or darker."""
    r, g, b = (min(max(v * factor, 0.0), 255.0) for v in colour)
    return r, g, b


def paint(rng: np.random.Generator) -> Colour:
    """A car's paint."""
    weights = np.array([w for _, w in _PAINTS])
    return near(_PAINTS[rng.choice(len(_PAINTS), p=weights / weights.sum())][0], rng, 14)


def near(colour: ArrayLike, rng: np.random.Generator, amount: float) -> Colour:
    """A colour changed by chance, mostly in lightness."""
    r, g, b = np.clip(np.asarray(colour) + rng.normal(0, amount) + rng.normal(0, amount / 3, 3), 4, 251)
    return float(r), float(g), float(b)


def pick(options: Sequence[Colour], rng: np.random.Generator, amount: float = 12) -> Colour:
    """One of some colours, changed a little."""
    return near(options[int(rng.integers(len(options)))], rng, amount)
