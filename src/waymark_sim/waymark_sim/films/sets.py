# SPDX-License-Identifier: Apache-2.0
"""What stands before the camera: one large picture per shot, of a room, a street, a square, land or a village."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.ground import generate_ground
from waymark_sim.scenes import lands, panels, passages
from waymark_sim.scenes.camera import Pose, pinhole, render
from waymark_sim.scenes.light import draw_light
from waymark_sim.scenes.textures import make_bank

CANVAS_WH = 960, 720
_KINDS = 'village', 'room', 'corridor', 'street', 'square', 'land'
_LEAST_CONTRAST = 15.0  # grey levels
_GROUND_PX, _GROUND_M = 2048, 160.0


def paint_set(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a picture (720, 960, 3) uint8 of some place; bare walls are drawn again."""
    while True:
        picture = _painted(rng)
        if float(cv2.resize(picture, (16, 12), interpolation=cv2.INTER_AREA).std()) > _LEAST_CONTRAST:
            return picture


def _painted(rng: np.random.Generator) -> NDArray[np.uint8]:
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    if kind == 'village':
        return _from_above(rng)
    bank = _bank(int(rng.integers(8)))
    if kind == 'land':
        scene, pose = lands.build_land(rng, bank, 24.0), _looking_down(rng)
    elif kind in ('room', 'square'):
        side = float(rng.uniform(8, 16) if kind == 'room' else rng.uniform(20, 40))
        scene = lands.build_room(rng, bank, side, kind == 'room')
        pose = Pose(np.array([*rng.uniform(-0.2 * side, 0.2 * side, 2), rng.uniform(0.8, 1.8)]), rng.uniform(0, 6.28))
    else:
        passage = passages.draw_passage(rng, kind == 'corridor', float(rng.uniform(15, 60)))
        scene = passages.build_passage(rng, bank, passage)
        pose = Pose(np.array([rng.uniform(1, 5), 0.0, rng.uniform(0.8, 1.8)]), float(rng.normal(0, 0.5)))
    lens = pinhole((CANVAS_WH[0] // 2, CANVAS_WH[1] // 2), float(rng.uniform(1.0, 1.9)))
    picture = render(scene, lens, pose, draw_light(rng))
    return np.asarray(cv2.resize(picture, CANVAS_WH, interpolation=cv2.INTER_CUBIC), np.uint8)


def _looking_down(rng: np.random.Generator) -> Pose:
    at = np.array([*rng.uniform(-6, 6, 2), rng.uniform(2.0, 5.0)])
    return Pose(at, float(rng.uniform(0, 6.28)), -np.pi / 2 + 1e-3)


def _from_above(rng: np.random.Generator) -> NDArray[np.uint8]:
    ground = _ground(int(rng.integers(8)))
    width = int(rng.uniform(0.3, 0.9) * _GROUND_PX)
    height = width * CANVAS_WH[1] // CANVAS_WH[0]
    x, y = (int(rng.integers(0, _GROUND_PX - s + 1)) for s in (width, height))
    piece = ground[y : y + height, x : x + width]
    return np.asarray(cv2.resize(piece, CANVAS_WH, interpolation=cv2.INTER_LINEAR), np.uint8)


@lru_cache(maxsize=8)
def _bank(seed: int) -> panels.Bank:
    return make_bank(np.random.default_rng((seed, 18)))


@lru_cache(maxsize=8)
def _ground(seed: int) -> NDArray[np.uint8]:
    return generate_ground(seed, _GROUND_PX, _GROUND_M).rgb
