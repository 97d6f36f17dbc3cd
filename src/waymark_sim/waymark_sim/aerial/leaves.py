# SPDX-License-Identifier: Apache-2.0
"""Pictures of nothing: shapes of all sizes laid over one another, and land lit from a side.

Their edges, sizes and occlusions are those of photos (A. Lee, D. Mumford, J. Huang: Occlusion models for natural
images, IJCV 2001: sizes by 1/r^3), though nothing in them is anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.aerial.textures import MATERIALS, noise
from waymark_sim.aerial.thing import Colour, Polygon, rectangle, rounded, shaded

Picture = NDArray[np.uint8]
_SHIFT = 4  # OpenCV draws at 1/16 px
_MOST_LEAVES = 4000
_LEAF = rounded(0, 0, 2, 2, 2, 8)


@dataclass(frozen=True)
class Light:
    """Where light comes from in a picture.

    Attributes:
        towards: (x, y) unit vector from where it shines to where shadows fall.
        strength: 0 (overcast) to 1.
    """

    towards: tuple[float, float]
    strength: float


def light(rng: np.random.Generator) -> Light:
    """Light from anywhere."""
    turn = rng.uniform(0, 2 * np.pi)
    return Light(
        (float(np.cos(turn)), float(np.sin(turn))), float(rng.choice([0.05, rng.uniform(0.1, 1.0)], p=(0.2, 0.8)))
    )


def palette(rng: np.random.Generator, count: int) -> list[Colour]:
    """Colours that go together: of materials, grays, or around one colour."""
    kind = rng.random()
    if kind < 0.65:
        names = rng.choice(list(MATERIALS), 2)
        known = [c for name in names for c in MATERIALS[str(name)].colours]
        found = [known[int(k)] for k in rng.integers(len(known), size=count)]
    elif kind < 0.88:
        found = [(v, v, v) for v in rng.uniform(15, 240, count)]
    else:
        found = [tuple(c) for c in rng.uniform(20, 235, 3) * 0.5 + rng.uniform(20, 235, (count, 3)) * 0.5]
    if rng.random() < 0.25:
        found[-1] = tuple(rng.uniform(10, 245, 3))
    return [shaded(c, float(f)) for c, f in zip(found, np.exp(rng.normal(0, 0.25, count)), strict=True)]


def draw(picture: Picture, points: Polygon, colour: Colour) -> None:
    """Fill a polygon (N, 2), px."""
    fixed = np.rint(np.clip(points, -2e4, 2e4) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(picture, [fixed], colour, cv2.LINE_AA, _SHIFT)


def disc(rng: np.random.Generator) -> Polygon:
    """An ellipse, or what is between one and a rectangle."""
    return rounded(0, 0, 2, 2 * rng.uniform(0.35, 1), float(rng.choice([2.0, 2.0, 4.0])), 20)


def slab(rng: np.random.Generator) -> Polygon:
    """A rectangle."""
    return rectangle(0, 0, 2, 2 * rng.uniform(0.2, 1))


def strip(rng: np.random.Generator) -> Polygon:
    """A thin strip, bent: a twig, a cable, a crack, a line."""
    u = np.linspace(-2.5, 2.5, 7)
    bend = rng.normal(0, 0.05) * u**2
    half = rng.uniform(0.03, 0.2)
    return np.vstack([np.column_stack([u, bend + half]), np.column_stack([u, bend - half])[::-1]])


def shard(rng: np.random.Generator) -> Polygon:
    """A polygon of a few corners."""
    count = int(rng.integers(3, 8))
    t = (np.arange(count) + rng.uniform(-0.35, 0.35, count)) * (2 * np.pi / count)
    return np.column_stack([np.cos(t), np.sin(t) * rng.uniform(0.4, 1)]) * rng.uniform(0.7, 1.1, (count, 1))


def blob(rng: np.random.Generator) -> Polygon:
    """A ragged outline: rough by the same share at each size."""
    k = np.arange(2, 10)[:, None]
    t = np.arange(28) * (2 * np.pi / 28)
    waves = rng.normal(0, 0.3 / k) * np.cos(k * t + rng.uniform(0, 2 * np.pi, k.shape))
    reach = np.clip(1 + waves.sum(axis=0), 0.25, 1.8)
    return np.column_stack([np.cos(t) * reach, np.sin(t) * reach * rng.uniform(0.4, 1)])


_OUTLINES: Sequence[Callable[[np.random.Generator], Polygon]] = (disc, slab, strip, shard, blob, blob)


def stone(picture: Picture, outline: Polygon, colour: Colour, sun: Light, rng: np.random.Generator) -> None:
    """Something with facets: each as bright as it looks to the light."""
    middle = outline.mean(axis=0)
    size = float(np.ptp(outline, axis=0).max())
    draw(
        picture,
        outline + np.asarray(sun.towards) * size * rng.uniform(0.05, 0.35),
        shaded(colour, 1 - 0.75 * sun.strength),
    )
    top = middle + rng.normal(0, 0.12, 2) * size
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        facing = ((a + b) / 2 - middle) @ np.asarray(sun.towards) / max(size / 2, 1e-6)
        draw(
            picture,
            np.array([a, b, top]),
            shaded(colour, 1 - 0.45 * sun.strength * float(facing) + rng.normal(0, 0.05)),
        )


def bush(picture: Picture, outline: Polygon, colour: Colour, sun: Light, rng: np.random.Generator) -> None:
    """Something of many small round parts, brighter where light falls on it."""
    middle, size = outline.mean(axis=0), float(np.ptp(outline, axis=0).max())
    draw(
        picture,
        outline + np.asarray(sun.towards) * size * rng.uniform(0.05, 0.3),
        shaded(colour, 1 - 0.7 * sun.strength),
    )
    draw(picture, outline, shaded(colour, 0.7))
    for _ in range(int(np.clip(size / 2, 5, 60))):
        at = middle + (outline[int(rng.integers(len(outline)))] - middle) * np.sqrt(rng.uniform(0, 0.9))
        facing = (at - middle) @ np.asarray(sun.towards) / max(size / 2, 1e-6)
        part = _LEAF * (rng.uniform(0.6, 1.4, (len(_LEAF), 1)) * size * rng.uniform(0.03, 0.16)) + at
        draw(picture, part, shaded(colour, 0.95 - 0.5 * sun.strength * float(facing) + rng.normal(0, 0.15)))


def flat(picture: Picture, outline: Polygon, colour: Colour, sun: Light, rng: np.random.Generator) -> None:
    """Something flat, with a shadow at times."""
    if rng.random() < 0.5:
        shift = float(np.ptp(outline, axis=0).min()) * rng.uniform(0.05, 0.6)
        draw(picture, outline + np.asarray(sun.towards) * shift, shaded(colour, 0.9 - 0.7 * sun.strength))
    draw(picture, outline, colour)
    if rng.random() < 0.3:
        inner = (outline - outline.mean(axis=0)) * rng.uniform(0.4, 0.9) + outline.mean(axis=0)
        draw(picture, inner, shaded(colour, rng.uniform(0.6, 1.5)))


def dead_leaves(size: int, rng: np.random.Generator, onto: Picture | None = None) -> Picture:
    """A picture (size, size, 3) of shapes over one another, or such shapes over another picture."""
    picture = relief(size, rng) if onto is None else onto
    sun, colours = light(rng), palette(rng, int(rng.integers(2, 9)))
    shares = rng.dirichlet(np.full(len(_OUTLINES), 0.6))
    looks = rng.dirichlet((0.9, 0.6, 0.6))
    least, largest = np.exp(rng.uniform(np.log((0.002, 0.02)), np.log((0.012, 0.3)))) * size
    mean_area = 4 * least**2 * np.log(largest / least)  # of a density of 2 least^2 / r^3
    count = int(min(np.exp(rng.uniform(np.log(0.05), np.log(3))) * size**2 / mean_area, _MOST_LEAVES))
    radii = least / np.sqrt(1 - rng.uniform(0, 1, count) * (1 - (least / largest) ** 2))
    squash, turned = rng.uniform(0.3, 1), rng.random() < 0.7
    for radius in radii:
        outline = _OUTLINES[int(rng.choice(len(_OUTLINES), p=shares))](rng) * radius
        turn = rng.uniform(0, 2 * np.pi) if turned else rng.choice([0, np.pi / 2])
        c, s = np.cos(turn), np.sin(turn)
        outline = outline @ np.array([[c, s], [-s, c]]) * (1, squash) + rng.uniform(0, size, 2)
        look = (flat, stone, bush)[int(rng.choice(3, p=looks))] if radius > 5 else flat
        colour = shaded(colours[int(rng.integers(len(colours)))], float(np.exp(rng.normal(0, 0.12))))
        look(picture, outline, colour, sun, rng)
    return grained(picture, rng)


def lattice(picture: Picture, rng: np.random.Generator) -> None:
    """Windows, tiles, bars, arches, keys, letters: one shape again and again in rows, turned and in perspective."""
    size, colours = len(picture), palette(rng, 4)
    cell = size * np.exp(rng.uniform(np.log(0.012), np.log(0.12))) * np.array([1, np.exp(rng.normal(0, 0.5))])
    counts = rng.integers(2, 16, 2)
    outline = _OUTLINES[int(rng.integers(len(_OUTLINES)))](rng)
    outline = outline / np.abs(outline).max(axis=0) * rng.uniform(0.25, 0.49, 2) * cell
    corners = rectangle(0, 0, *(counts * cell))
    shear = rng.normal(0, 0.15, (4, 2)) * np.ptp(corners, axis=0).min()
    turn = rng.choice([0, rng.uniform(0, 2 * np.pi)])
    c, s = np.cos(turn), np.sin(turn)
    seen = (corners + shear) @ np.array([[c, s], [-s, c]]) + rng.uniform(0, size, 2)
    M = cv2.getPerspectiveTransform(corners.astype(np.float32), seen.astype(np.float32))
    if rng.random() < 0.7:
        draw(picture, seen, colours[0])
    change, inner, shift = rng.choice([0.02, 0.3]), rng.uniform(0.3, 1.0), rng.normal(0, 0.06, 2) * cell
    parts = ((1.0, colours[1], shift), (1.0, colours[2], np.zeros(2)), (inner, colours[3], np.zeros(2)))
    for row in range(int(counts[1])):
        for column in range(int(counts[0])):
            if rng.random() < 0.05:
                continue
            middle = (np.array([column, row]) + 0.5 - counts / 2) * cell
            bright = float(np.exp(rng.normal(0, change)))
            for scale, colour, by in parts if rng.random() < 0.9 else parts[:2]:
                points = cv2.perspectiveTransform((outline * scale + middle + by)[None], M)[0]
                draw(picture, np.asarray(points, np.float64), shaded(colour, bright))


def relief(size: int, rng: np.random.Generator) -> Picture:
    """Land (size, size, 3) of hills, gullies or clods lit from a side, with patches of other colours."""
    shape, sun = (size // 2, size // 2), light(rng)
    height = noise(shape, size * np.exp(rng.uniform(np.log(0.02), np.log(0.5))), rng, 7)
    if rng.random() < 0.4:
        height = np.abs(height)  # ridges and gullies
    dy, dx = np.gradient(height)
    slope = dx * sun.towards[0] + dy * sun.towards[1]
    lit = 1 - 0.35 * sun.strength * slope / max(float(slope.std()), 1e-6)
    colours = palette(rng, 4)
    rgb = np.full((*shape, 3), colours[0], np.float32)
    for colour in colours[1 : int(rng.integers(1, 5))]:
        where = noise(shape, size * np.exp(rng.uniform(np.log(0.02), np.log(0.4))), rng, 6)
        if rng.random() < 0.5:
            where = where + rng.uniform(-1, 1) * height
        share = np.clip((where - rng.uniform(-0.5, 1.5)) * rng.choice([0.5, 2.0, 12.0]) + 0.5, 0, 1)[..., None]
        rgb += share * (np.asarray(colour, np.float32) - rgb)
    rgb *= np.asarray(np.clip(lit, 0.25, 1.8))[..., None]
    full = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_LINEAR)
    return grained(np.asarray(np.clip(full, 3, 252), np.uint8), rng)


def grained(picture: Picture, rng: np.random.Generator) -> Picture:
    """With fine noise here and there."""
    size = len(picture)
    rough = np.clip(noise((size // 8, size // 8), size / 40, rng) + 0.5, 0, 2) * rng.uniform(0, 14)
    fine = noise((size, size), rng.uniform(1, 8), rng, 2)
    grain = fine * cv2.resize(np.asarray(rough, np.float32), (size, size))
    return np.asarray(np.clip(picture + grain[..., None], 3, 252), np.uint8)
