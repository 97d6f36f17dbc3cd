# SPDX-License-Identifier: Apache-2.0
"""Pairs of views of the same place: what an objective learns from. Each step's are decided by seed and step alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.training.looks import change_look, turn_camera


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two views of each of B places.

    Attributes:
        views: (2, B, h, w, 3) uint8 RGB.
        teacher: (2, B, T) float32 unit vectors of the frames behind the views, None without a teacher.
    """

    views: NDArray[np.uint8]
    teacher: NDArray[np.float32] | None = None


class Sampler(Protocol):
    """Gives the pairs of each step."""

    def draw(self, rng: np.random.Generator) -> Pairs:
        """Draw the pairs of one step."""
        ...


class RecordingSampler:
    """Pairs from a recording: a frame and a neighbour in time, each in another light and from a turned camera."""

    def __init__(
        self,
        frames: NDArray[np.uint8],
        vectors: NDArray[np.float32],
        size_wh: tuple[int, int],
        batch: int,
        neighbours: int,
        strength: float,
        teacher: NDArray[np.float32] | None = None,
    ) -> None:
        """Take a recording.

        Args:
            frames: (N, H, W, 3) uint8 in order.
            vectors: (N, D) unit vectors of the encoder before training. Two frames at least as alike as the usual
                neighbours may show one place on two laps: they are never each other's negatives.
            size_wh: Of the views, px.
            batch: Places at most.
            neighbours: Frames to either side that count as the same place.
            strength: Of the changes.
            teacher: (N, T) unit vectors of the teacher.
        """
        self._frames, self._vectors, self._teacher = frames, vectors, teacher
        self._size_wh, self._batch, self._neighbours, self._strength = size_wh, batch, neighbours, strength
        apart = max(neighbours, 1)
        self._alike = float(np.median((vectors[:-apart] * vectors[apart:]).sum(axis=1)))

    def draw(self, rng: np.random.Generator) -> Pairs:
        """Draw the pairs of one step (see Sampler)."""
        first = self._apart(rng)
        reach = rng.integers(-self._neighbours, self._neighbours + 1, len(first))
        second = np.clip(first + reach, 0, len(self._frames) - 1)
        views = [[self._view(self._frames[i], rng) for i in row] for row in (first, second)]
        teacher = None if self._teacher is None else np.stack([self._teacher[first], self._teacher[second]])
        return Pairs(np.asarray(views), teacher)

    def _apart(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Frames that surely show different places."""
        chosen: list[int] = []
        for i in rng.permutation(len(self._frames)):
            near = [abs(int(i) - c) <= 2 * self._neighbours for c in chosen]
            if not any(near) and not (self._vectors[chosen] @ self._vectors[i] >= self._alike).any():
                chosen.append(int(i))
            if len(chosen) == self._batch:
                break
        return np.asarray(chosen, np.int64)

    def _view(self, rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        seen = change_look(turn_camera(rgb, rng, self._strength), rng, self._strength)
        return np.asarray(cv2.resize(seen, self._size_wh, interpolation=cv2.INTER_AREA), np.uint8)


class WorldSampler:
    """Pairs from generated worlds: all places of some worlds, so that the hardest negatives are a step away."""

    def __init__(self, visits: NDArray[np.uint8], size_wh: tuple[int, int], worlds: int) -> None:
        """Take (W, places, visits, H, W, 3) uint8; `worlds` of them make one step."""
        self._visits, self._size_wh, self._worlds = visits, size_wh, worlds

    def draw(self, rng: np.random.Generator) -> Pairs:
        """Draw the pairs of one step (see Sampler)."""
        worlds = rng.choice(len(self._visits), min(self._worlds, len(self._visits)), replace=False)
        two = rng.permutation(self._visits.shape[2])[:2]
        views = np.stack([np.concatenate([self._visits[w, :, k] for w in worlds]) for k in two])
        views = views[..., ::-1, :] if rng.random() < 0.5 else views  # a mirrored world is a world
        return Pairs(np.asarray([[self._moved(v, rng) for v in row] for row in views], np.uint8))

    def _moved(self, rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Cut a slightly turned part out, at a slightly other exposure and white balance."""
        height, width = rgb.shape[:2]
        w, h = self._size_wh
        zoom, turn = rng.uniform(0.8, 1.02), rng.normal(0, 0.05)
        room = 0.5 * (0.02 + max(1 - zoom, 0.0))
        M = np.asarray(cv2.getRotationMatrix2D((w / 2, h / 2), float(np.degrees(turn)), 1 / zoom), np.float64)
        M[:, 2] += rng.uniform(-room, room, 2) * (w, h) / zoom
        M[:, :2] @= np.diag((w / width, h / height))
        gain = rng.uniform(0.75, 1.3) * rng.uniform(0.9, 1.1, 3)
        moved = cv2.warpAffine(np.ascontiguousarray(rgb), M, (w, h), borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(np.clip(moved * gain, 0, 255), np.uint8)
