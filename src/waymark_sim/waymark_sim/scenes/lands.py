# SPDX-License-Identifier: Apache-2.0
"""Rooms and squares full of things, and land seen from above."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.scenes import panels
from waymark_sim.scenes.passages import billboard, box, lying, upright
from waymark_sim.scenes.planes import Plane, Scene
from waymark_sim.scenes.textures import SIZE_PX, Rgb, colour, fractal


def build_room(rng: np.random.Generator, bank: panels.Bank, side_m: float, indoors: bool) -> Scene:
    """Build a hall or a square around the origin, `side_m` wide, with boxes and silhouettes in it."""
    half, height = side_m / 2, float(rng.uniform(2.5, 4.5)) if indoors else float(rng.uniform(3.0, 10.0))
    planes = [lying(-half, -half, (side_m, side_m), 0.0, _floor(rng, bank, side_m))]
    if indoors:
        planes.append(lying(-half, -half, (side_m, side_m), height, _floor(rng, bank, side_m)))
    style = panels.WallStyle(rng, bank)
    corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        parts = int(rng.integers(2, 5))
        for k in range(parts):
            left, right = a + (b - a) * k / parts, a + (b - a) * (k + 1) / parts
            size = side_m / parts, height * (1.0 if indoors else float(rng.uniform(0.3, 1.5)))
            rgb = panels.wall(rng, bank, style, size) if indoors else panels.facade(rng, bank, size)
            planes.append(upright(left, right, size[1], rgb))
    return Scene(planes + _things(rng, bank, half, indoors), panels.sky(rng, fractal(rng)))


def _floor(rng: np.random.Generator, bank: panels.Bank, side_m: float) -> Rgb:
    part = min(side_m, 8.0)
    rgb = panels.surface(rng, bank, (part, part), float(rng.uniform(0.05, 0.7)))
    times = -(-int(side_m) // int(part))
    return np.tile(rgb, (times, times, 1))


def _things(rng: np.random.Generator, bank: panels.Bank, half: float, indoors: bool) -> list[Plane]:
    planes: list[Plane] = []
    scale = 1.0 if indoors else 1.8
    for _ in range(int(rng.integers(4, 14))):
        x, y = (float(v) for v in rng.uniform(-0.9 * half, 0.9 * half, 2))
        w, d, h = (float(v) * scale for v in rng.uniform((0.4, 0.4, 0.4), (2.0, 1.5, 2.0)))
        planes += box(rng, bank, (x, y), (w, d, h))
    for _ in range(int(rng.integers(2, 8))):
        x, y = (float(v) for v in rng.uniform(-0.9 * half, 0.9 * half, 2))
        w, h = (float(v) * scale for v in rng.uniform((0.4, 0.6), (1.4, 1.9)))
        planes += billboard(rng, bank, (x, y), (w, h))
    return planes


def build_land(rng: np.random.Generator, bank: panels.Bank, side_m: float) -> Scene:
    """Build land to be flown over around the origin: one large picture of fields, ways, roofs and trees.

    One unit here is as many metres as the flight likes: only the ratio of height and size matters.
    """
    px = 1792
    rgb = cv2.resize(bank[int(rng.integers(len(bank)))], (px, px), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    for _ in range(int(rng.integers(20, 90))):  # fields
        _patch(rng, bank, rgb, rng.uniform(60, 500, 2), float(rng.normal(0, 0.3)), 0.6)
    for _ in range(int(rng.integers(1, 7))):  # ways, brooks
        points = np.cumsum(rng.normal(0, 60, (24, 2)) + rng.normal(0, 90, 2), axis=0) + rng.uniform(0, px, 2)
        thick = int(rng.integers(4, 40))
        cv2.polylines(rgb, [points.astype(np.int32)], False, colour(rng, 0.1).tolist(), thick, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 120))):  # roofs with shadows
        _patch(rng, bank, rgb, rng.uniform(25, 140, 2), float(rng.normal(0, 0.5)), 0.5)
    green = colour(rng, 0.5)
    for _ in range(int(rng.integers(0, 400))):  # trees
        at, r = tuple(int(v) for v in rng.integers(0, px, 2)), int(rng.integers(4, 30))
        cv2.circle(rgb, (at[0] + r // 3, at[1] + r // 3), r, (30, 35, 30), -1, cv2.LINE_AA)
        cv2.circle(rgb, at, r, np.clip(green * rng.uniform(0.5, 1.3), 0, 255).tolist(), -1, cv2.LINE_AA)
    noise = cv2.resize(np.tile(fractal(rng), (2, 2)), (px, px), interpolation=cv2.INTER_LINEAR)
    rgb = np.asarray(np.clip(rgb + rng.uniform(3, 18) * noise[..., None], 0, 255), np.uint8)
    return Scene([lying(-side_m / 2, -side_m / 2, (side_m, side_m), 0.0, rgb)], panels.sky(rng, fractal(rng)))


def _patch(
    rng: np.random.Generator,
    bank: panels.Bank,
    rgb: Rgb,
    size_px: NDArray[np.float64],
    angle: float,
    contrast: float,
) -> None:
    """Lay a turned rectangle of some texture somewhere."""
    piece = panels.surface(rng, bank, (SIZE_PX / 48.0, SIZE_PX / 48.0), contrast)
    at = rng.uniform(0, rgb.shape[0], 2)
    c, s = np.cos(angle), np.sin(angle)
    k = np.asarray(size_px) / SIZE_PX
    M = np.array([[c * k[0], -s * k[1], at[0]], [s * k[0], c * k[1], at[1]]])
    cv2.warpAffine(piece, M, (rgb.shape[1], rgb.shape[0]), dst=rgb, borderMode=cv2.BORDER_TRANSPARENT)
