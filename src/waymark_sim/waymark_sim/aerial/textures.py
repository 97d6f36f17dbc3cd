# SPDX-License-Identifier: Apache-2.0
"""What the ground is made of: noise of several sizes, in the colours of grass, sand, asphalt, water ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.aerial.sheet import Sheet
from waymark_sim.aerial.thing import Colour


@dataclass(frozen=True)
class Material:
    """A kind of ground.

    Attributes:
        colours: From dark patches to light ones; one set of them is used at a time.
        patches: Strength of patches of several metres, levels of 255.
        grain: Strength of what is finer than half a metre, levels of 255.
        changes: How much its colour differs from place to place.
    """

    colours: Sequence[Colour]
    patches: float
    grain: float
    changes: float


MATERIALS: Mapping[str, Material] = {
    'grass': Material(((70, 92, 48), (104, 120, 66), (134, 132, 84), (92, 96, 58)), 14, 9, 14),
    'dry grass': Material(((128, 116, 82), (164, 148, 106), (108, 104, 70), (186, 170, 126)), 14, 9, 14),
    'forest': Material(((30, 46, 26), (52, 74, 38), (76, 98, 54), (44, 58, 40)), 30, 26, 10),
    'soil': Material(((128, 92, 66), (156, 112, 78), (108, 78, 58), (176, 140, 104)), 14, 8, 12),
    'sand': Material(((206, 184, 146), (222, 204, 168), (188, 166, 130), (176, 160, 130)), 9, 5, 10),
    'rock': Material(((104, 98, 92), (140, 132, 122), (84, 80, 78), (166, 158, 146)), 24, 18, 12),
    'gravel': Material(((146, 140, 130), (170, 162, 148), (128, 122, 116), (186, 178, 166)), 8, 16, 10),
    'asphalt': Material(((76, 78, 82), (98, 99, 102), (58, 60, 64), (118, 118, 118), (136, 132, 128)), 6, 5, 10),
    'concrete': Material(((166, 164, 158), (186, 182, 174), (146, 144, 140), (204, 202, 196)), 7, 4, 10),
    'paving': Material(((170, 150, 130), (150, 142, 136), (190, 176, 156), (128, 116, 108)), 6, 8, 10),
    'snow': Material(((228, 232, 238), (240, 242, 244), (206, 214, 226), (196, 192, 188)), 8, 4, 5),
    'water': Material(((28, 52, 62), (44, 66, 54), (18, 36, 46), (56, 88, 96), (62, 74, 60), (24, 60, 88)), 5, 3, 9),
}
NATURAL = ('grass', 'dry grass', 'soil', 'sand', 'rock', 'gravel', 'snow', 'forest')
PAVED = ('asphalt', 'asphalt', 'asphalt', 'concrete', 'concrete', 'gravel', 'paving')


def noise(shape: tuple[int, int], cell_px: float, rng: np.random.Generator, octaves: int = 3) -> NDArray[np.float32]:
    """Smooth noise (shape) of unit deviation whose largest blobs are about `cell_px` wide."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        cell = max(cell_px / 2**octave, 1.0)
        size = max(2, round(shape[1] / cell) + 2), max(2, round(shape[0] / cell) + 2)
        grid = rng.standard_normal((min(size[1], shape[0]), min(size[0], shape[1])), np.float32)
        total += 0.6**octave * cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(total / max(float(total.std()), 1e-6), np.float32)


def material(sheet: Sheet, name: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A picture of a material, as large as the sheet's fine one."""
    kind, half = MATERIALS[name], (sheet.shape[0] // 2, sheet.shape[1] // 2)
    per_m = 1.0 / sheet.metres_per_pixel  # px of the half-size picture
    base = np.asarray(kind.colours[int(rng.integers(len(kind.colours)))], np.float32) + rng.normal(0, kind.changes)
    other = np.asarray(kind.colours[int(rng.integers(len(kind.colours)))], np.float32)
    large = noise(half, rng.uniform(4, 30) * per_m, rng)
    share = np.clip(0.5 + 0.6 * noise(half, rng.uniform(10, 60) * per_m, rng), 0, 1)[..., None]
    rgb = (
        base + share * rng.uniform(0, 0.7) * (other - base) + (kind.patches * rng.uniform(0.4, 1.2) * large)[..., None]
    )
    full = cv2.resize(rgb, sheet.shape[::-1], interpolation=cv2.INTER_LINEAR)
    fine = noise(sheet.shape, rng.uniform(0.15, 0.6) * 2 * per_m, rng, 2) * kind.grain * rng.uniform(0.5, 1.3)
    return np.asarray(np.clip(full + fine[..., None] * rng.uniform(0.85, 1.15, 3), 3, 252), np.uint8)


def waves(sheet: Sheet, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Water: its colour, ripples along one direction, glitter at times."""
    picture = material(sheet, 'water', rng).astype(np.float32)
    h, w = sheet.shape
    turn, length = rng.uniform(0, np.pi), rng.uniform(0.8, 6) * 2 / sheet.metres_per_pixel
    y, x = np.mgrid[:h, :w].astype(np.float32)
    bend = noise((h // 2, w // 2), 0.2 * w, rng)
    phase = (x * np.cos(turn) + y * np.sin(turn)) * (2 * np.pi / length) + 2.5 * cv2.resize(bend, (w, h))
    strength = rng.choice([0.0, rng.uniform(0, 3), rng.uniform(0, 8)])
    picture += (strength * np.sin(phase) * (1 + 0.5 * noise((h, w), length, rng, 1)))[..., None]
    if rng.random() < 0.15:
        picture[noise((h, w), 4, rng, 1) > rng.uniform(2.2, 3.2)] += rng.uniform(40, 140)
    return np.asarray(np.clip(picture, 3, 252), np.uint8)


def fill(sheet: Sheet, name: str, rng: np.random.Generator, where: NDArray[np.bool_] | None = None) -> None:
    """Lay a material over the whole sheet or a part of it."""
    name = sheet.grounds.get(name, name)
    picture = waves(sheet, rng) if name == 'water' else material(sheet, name, rng)
    part = slice(None) if where is None else where
    sheet.rgb[part] = picture[part]
    sheet.water[part] = name == 'water'
