# SPDX-License-Identifier: Apache-2.0
"""How a camera moves over its set: per frame where it looks, how close and how it is turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]  # (n, 4): x, y of the middle as a share of the free way, -1..1; zoom; turn, rad


def draw_path(rng: np.random.Generator, frames: int, moves: Sequence[str]) -> tuple[str, Path]:
    """Draw a motion of `frames` frames, one of `moves`, and its name."""
    name = moves[int(rng.integers(len(moves)))]
    path = np.zeros((frames, 4))
    path[:, :2] = rng.uniform(-0.5, 0.5, 2)
    path[:, 2] = rng.uniform(1.0, 1.5)
    path[:, 3] = rng.normal(0, 0.05)
    _MOVES[name](rng, path)
    path[:, :2] = _reflected(path[:, :2])
    return name, path


def _reflected(x: Path) -> Path:
    """Turn back at -1 and 1."""
    return np.asarray(np.abs((x + 1) % 4 - 2) - 1)


def _still(rng: np.random.Generator, path: Path) -> None:
    path[:, :2] += rng.normal(0, rng.choice([0.0, 0.004]), (len(path), 2))


def _drift(rng: np.random.Generator, path: Path) -> None:
    path[:, :2] += np.arange(len(path))[:, None] * rng.normal(0, 0.008, 2)
    path[:, 2] *= np.exp(np.arange(len(path)) * rng.normal(0, 0.002))


def _pan(rng: np.random.Generator, path: Path) -> None:
    speed = rng.uniform(0.02, 0.12) * rng.choice([-1, 1])
    path[:, 0] += np.arange(len(path)) * speed


def _whip(rng: np.random.Generator, path: Path) -> None:
    """Stand, swing round within some frames, stand."""
    _still(rng, path)
    frames = int(rng.integers(4, 12))
    start = int(rng.integers(2, max(3, len(path) - frames - 2)))
    way = np.clip((np.arange(len(path)) - start) / frames, 0, 1)
    path[:, 0] += rng.choice([-1, 1]) * rng.uniform(0.6, 1.6) * (3 * way**2 - 2 * way**3)


def _shake(rng: np.random.Generator, path: Path) -> None:
    strength = rng.uniform(0.01, 0.08)
    path[:, :2] += rng.normal(0, strength, (len(path), 2))
    path[:, 3] += rng.normal(0, 0.3 * strength, len(path))
    for at in rng.integers(0, len(path), max(1, len(path) // 30)):  # a bump
        path[at:, :2] += rng.normal(0, 0.25, 2)


def _zoom(rng: np.random.Generator, path: Path) -> None:
    path[:, 2] *= np.exp(np.linspace(0, rng.uniform(0.2, 0.6), len(path)) * rng.choice([-0.3, 1]))


_MOVES: dict[str, Callable[[np.random.Generator, Path], None]] = {
    'still': _still,
    'drift': _drift,
    'pan': _pan,
    'whip': _whip,
    'shake': _shake,
    'zoom': _zoom,
}
MOVES = tuple(_MOVES)
CALM = 'still', 'drift', 'zoom'
