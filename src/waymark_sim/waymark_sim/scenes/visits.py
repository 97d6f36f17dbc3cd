# SPDX-License-Identifier: Apache-2.0
"""Worlds with several places close to one another, each visited several times: what an encoder learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.training.looks import change_look
from waymark_sim.scenes import lands, passages
from waymark_sim.scenes.camera import Lens, Pose, fisheye, pinhole, render
from waymark_sim.scenes.light import draw_light
from waymark_sim.scenes.planes import Scene
from waymark_sim.scenes.textures import make_bank

SIZE_WH = 144, 108
_WORLDS_PER_BANK = 16
KINDS = 'corridor', 'corridor', 'street', 'room', 'square', 'land'


@dataclass(frozen=True)
class Wander:
    """How visits of one place differ.

    Attributes:
        along_m, aside_m, up_m: Largest shift.
        yaw_rad, pitch_rad, roll_rad: Standard deviation of the turn.
    """

    along_m: float
    aside_m: float
    up_m: float
    yaw_rad: float
    pitch_rad: float
    roll_rad: float


def visit_world(seed: int, places: int = 12, visits: int = 4) -> NDArray[np.uint8]:
    """Build a world and visit its places.

    Args:
        seed: Decides everything: kind of world, lens, light, looks.
        places: Places, a step apart from one another in passages and over land.
        visits: Pictures of each, every one from elsewhere nearby and in another light.

    Returns:
        (places, visits, 108, 144, 3) uint8 RGB.
    """
    rng = np.random.default_rng((seed, 17))
    bank = make_bank(np.random.default_rng((seed // _WORLDS_PER_BANK, 18)))
    scene, spots, wander = _WORLDS[KINDS[seed % len(KINDS)]](rng, bank, places)
    lens = _draw_lens(rng, down=KINDS[seed % len(KINDS)] == 'land')
    strength = float(rng.uniform(0.4, 1.2))
    pictures = np.empty((places, visits, SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    for i, spot in enumerate(spots):
        for k in range(visits):
            picture = render(scene, lens, _wandered(rng, spot, wander), draw_light(rng, strength))
            pictures[i, k] = change_look(picture, rng, strength)
    return pictures


def _draw_lens(rng: np.random.Generator, down: bool) -> Lens:
    if rng.random() < (0.1 if down else 0.4):
        circle = float(rng.uniform(0.9, 1.1)) if rng.random() < 0.5 else 9.0
        return fisheye(SIZE_WH, float(rng.uniform(1.8, 3.4)), circle)
    return pinhole(SIZE_WH, float(rng.uniform(0.9, 1.9 if not down else 1.4)))


def _wandered(rng: np.random.Generator, spot: Pose, wander: Wander) -> Pose:
    along, aside, up = rng.uniform(-1, 1, 3) * (wander.along_m, wander.aside_m, wander.up_m)
    c, s = np.cos(spot.yaw_rad), np.sin(spot.yaw_rad)
    turn = rng.normal(0, 1, 3) * (wander.yaw_rad, wander.pitch_rad, wander.roll_rad)
    shift = np.array([c * along - s * aside, s * along + c * aside, up])
    return Pose(spot.position + shift, spot.yaw_rad + turn[0], spot.pitch_rad + turn[1], spot.roll_rad + turn[2])


def _draw_wander(rng: np.random.Generator, step_m: float, aside_m: float, up_m: float) -> Wander:
    turns = np.deg2rad(rng.uniform((2, 1, 1), (12, 5, 9)))
    return Wander(0.2 * step_m, aside_m, up_m, *(float(t) for t in turns))


_World = tuple[Scene, list[Pose], Wander]


def _passage_world(rng: np.random.Generator, bank: list[NDArray[np.uint8]], places: int, indoors: bool) -> _World:
    # From places that a hand's reach tells apart to places some strides apart: near ones teach to be exact.
    step = float(np.exp(rng.uniform(*np.log((0.4, 2.5) if indoors else (1.0, 8.0)))))
    passage = passages.draw_passage(rng, indoors, step * places + (12.0 if indoors else 40.0))
    scene = passages.build_passage(rng, bank, passage)
    height, pitch = float(rng.uniform(0.3, 1.8)), float(rng.normal(0, 0.08))
    aside = float(rng.uniform(-0.2, 0.2)) * passage.width_m
    spots = [Pose(np.array([1.5 + i * step, aside, height]), 0.0, pitch) for i in range(places)]
    aside_m = min(float(rng.uniform(0.02, 0.25)) * passage.width_m, step)
    return scene, spots, _draw_wander(rng, step, aside_m, min(0.1, 0.2 * step))


def _room_world(rng: np.random.Generator, bank: list[NDArray[np.uint8]], places: int, indoors: bool) -> _World:
    side = float(rng.uniform(8, 16) if indoors else rng.uniform(20, 40))
    scene = lands.build_room(rng, bank, side, indoors)
    height = float(rng.uniform(0.4, 1.8))
    yaws = np.linspace(0, 2 * np.pi, places, endpoint=False) + rng.uniform(0, 0.3, places)
    at = rng.uniform(-0.3 * side, 0.3 * side, (places, 2))
    spots = [Pose(np.array([x, y, height]), float(yaw)) for (x, y), yaw in zip(at, yaws, strict=True)]
    return scene, spots, _draw_wander(rng, 0.05 * side, 0.02 * side, 0.1)


def _land_world(rng: np.random.Generator, bank: list[NDArray[np.uint8]], places: int) -> _World:
    side = 24.0
    scene = lands.build_land(rng, bank, side)
    height = float(rng.uniform(2.0, 5.0))
    step = height * float(rng.uniform(0.35, 0.8))
    heading, start = rng.uniform(0, 2 * np.pi), rng.uniform(-3, 3, 2)
    spots = []
    for i in range(places):
        x, y = start + (i - places / 2) * step * np.array([np.cos(heading), np.sin(heading)])
        x, y = ((v + 8.0) % 32.0 for v in (x, y))
        x, y = (32.0 - v if v > 16.0 else v for v in (x, y))  # turn back at the border
        spots.append(Pose(np.array([x - 8.0, y - 8.0, height]), float(heading), -np.pi / 2 + 1e-3))
    wander = _draw_wander(rng, 0.6 * step, 0.2 * height, 0.15 * height)
    return scene, spots, wander


_WORLDS = {
    'corridor': lambda rng, bank, places: _passage_world(rng, bank, places, True),
    'street': lambda rng, bank, places: _passage_world(rng, bank, places, False),
    'room': lambda rng, bank, places: _room_world(rng, bank, places, True),
    'square': lambda rng, bank, places: _room_world(rng, bank, places, False),
    'land': _land_world,
}
