# SPDX-License-Identifier: Apache-2.0
"""Streams whose label is known at each frame: walks through generated worlds, and real recordings end to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.sources import ImageSourceConfig, open_source
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


# Real recordings by what they show: a part for examples, another part, or another recording of the place, for streams.
REAL = {
    'road': ('kitti_mini/KITTI_sequence_1/image_l', ''),
    'rooms': ('rtabmap_samples/samples', ''),
    'land': ('uav_odm_caliterra/images_1200px', ''),
    'corridor': ('vpr_corridor/ref', 'vpr_corridor/query'),
    'yard': ('opencv_samples/768x576.avi', ''),
    'wood': ('opencv_samples/big_buck_bunny.mp4', ''),
}


def real_examples(data: Path, every: int = 4) -> dict[str, list[list[Picture]]]:
    """By label, some pictures of the first half of a recording."""
    return {label: [_halves(data, label)[0][::every]] for label in REAL}


def real_stream(data: Path, seed: int, pieces: int = 24, flicker: float = 0.6) -> list[Shot]:
    """Pieces of the second halves one after the other, 6 to 15 images each, with the flicker of `walk`."""
    rng = np.random.default_rng((seed, 34))
    seconds = {label: _halves(data, label)[1] for label in REAL}
    shots: list[Shot] = []
    label = ''
    for _ in range(pieces):
        label = str(rng.choice([name for name in REAL if name != label]))
        count = min(int(rng.integers(6, 16)), len(seconds[label]))
        start = int(rng.integers(0, len(seconds[label]) - count + 1))
        shots += [Shot(change_look(rgb, rng, flicker), label) for rgb in seconds[label][start : start + count]]
    return shots


@cache
def _halves(data: Path, label: str) -> tuple[list[Picture], list[Picture]]:
    first, second = REAL[label]
    pictures = _read(data / first)
    if second:
        return pictures, _read(data / second)
    return pictures[: len(pictures) // 2], pictures[len(pictures) // 2 :]


def _read(path: Path) -> list[Picture]:
    """All pictures of a recording, as small as generated ones: what the encoders take is smaller anyway."""
    source = open_source(ImageSourceConfig(input=str(path), pace='fast'))
    resized = [cv2.resize(item.frame.rgb, SIZE_WH, interpolation=cv2.INTER_AREA) for item in source.frames()]
    source.close()
    return [np.asarray(rgb, np.uint8) for rgb in resized]
