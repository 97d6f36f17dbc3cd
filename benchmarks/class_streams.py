# SPDX-License-Identifier: Apache-2.0
"""Streams whose label is known at each frame: walks through generated worlds, and real recordings end to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.training.looks import change_look
from waymark_sim.scenes import lands, passages
from waymark_sim.scenes.camera import Lens, Pose, pinhole, render
from waymark_sim.scenes.light import draw_light
from waymark_sim.scenes.planes import Scene
from waymark_sim.scenes.textures import make_bank

Picture = NDArray[np.uint8]
SIZE_WH = 144, 108
KINDS = 'corridor', 'street', 'room', 'square', 'land'
RATE_HZ = 10.0


@dataclass(frozen=True)
class Shot:
    """One frame of a stream."""

    rgb: Picture
    label: str


def walk(kind: str, seed: int, frames: int, flicker: float = 0.6) -> Iterator[Picture]:
    """Go through a world of one kind, one light and one lens, with a hand's shake.

    Args:
        kind: One of KINDS.
        seed: Decides everything.
        frames: At 10 a second.
        flicker: How much exposure, noise, blur and who stands in the way change from frame to frame.
    """
    rng = np.random.default_rng((seed, KINDS.index(kind), 31))
    bank = make_bank(np.random.default_rng((seed // 8, 32)), 24)
    scene, poses = _world(kind, rng, bank, frames)
    lens: Lens = pinhole(SIZE_WH, float(rng.uniform(1.0, 1.5)))
    light = draw_light(rng, 0.8)
    for pose in poses:
        yield change_look(render(scene, lens, pose, light), rng, flicker)


def _world(kind: str, rng: np.random.Generator, bank: list[Picture], frames: int) -> tuple[Scene, list[Pose]]:
    shake = np.cumsum(rng.normal(0, 0.012, (frames, 3)), axis=0)
    shake -= shake * np.linspace(0, 1, frames)[:, None]
    if kind in ('corridor', 'street'):
        speed = 1.2 if kind == 'corridor' else 3.0  # m/s
        scene = passages.build_passage(
            rng, bank, passages.draw_passage(rng, kind == 'corridor', speed * frames / RATE_HZ + 20)
        )
        x = 1.5 + speed * np.arange(frames) / RATE_HZ
        height = float(rng.uniform(0.5, 1.7))
        return scene, [Pose(np.array([x[i], 0.0, height]), *shake[i]) for i in range(frames)]
    if kind == 'land':
        scene = lands.build_land(rng, bank, 24.0)
        heading, height = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(2.5, 4.5))
        along = np.linspace(-5, 5, frames)[:, None] * [np.cos(heading), np.sin(heading)]
        down = -np.pi / 2 + 1e-3
        return scene, [Pose(np.array([*along[i], height]), heading + shake[i, 0], down) for i in range(frames)]
    side = float(rng.uniform(8, 16) if kind == 'room' else rng.uniform(20, 40))
    scene = lands.build_room(rng, bank, side, kind == 'room')
    yaw = float(rng.uniform(0, 2 * np.pi)) + np.linspace(0, 1.2 * np.pi, frames)
    at = rng.uniform(-0.2 * side, 0.2 * side, 2)
    return scene, [Pose(np.array([*at, 1.2]), yaw[i] + shake[i, 0], shake[i, 1], shake[i, 2]) for i in range(frames)]


def generated_stream(seed: int, walks: int = 10, frames: int = 50) -> Iterator[Shot]:
    """Walks of different kinds one after the other: the label changes at each cut."""
    rng = np.random.default_rng((seed, 33))
    kind = ''
    for i in range(walks):
        kind = str(rng.choice([k for k in KINDS if k != kind]))
        yield from (Shot(rgb, kind) for rgb in walk(kind, 1000 * seed + i, frames))


def generated_examples(seeds: range, frames: int = 12) -> dict[str, list[list[Picture]]]:
    """By kind, some pictures of each of several worlds."""
    return {kind: [list(walk(kind, seed, frames, 0.3)) for seed in seeds] for kind in KINDS}


def read_folder(folder: Path) -> list[Picture]:
    """Pictures in the order of the numbers in their names, RGB."""
    from waymark.sources import ImageSourceConfig, open_source

    source = open_source(ImageSourceConfig(input=str(folder), pace='fast'))
    pictures = [item.frame.rgb for item in source.frames()]
    source.close()
    return pictures


def small(rgb: Picture) -> Picture:
    """As large as a generated picture: what the encoders take is smaller anyway."""
    return np.asarray(cv2.resize(rgb, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8)
