# SPDX-License-Identifier: Apache-2.0
"""Scenes whose boundaries are known because they were put there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from waymark.shots import Boundary, BoundaryDetector, ShotsConfig
from waymark.types import Frame, Header

WIDTH, HEIGHT = 256, 192
PERIOD_NS = 33_000_000
Picture = NDArray[np.uint8]


@pytest.fixture(scope='session')
def canvas() -> Callable[[int], Picture]:
    """`canvas(seed)` is a wide picture (384, 768, 3) with structure at all scales; other seeds, other scenes."""

    @cache
    def draw(seed: int) -> Picture:
        rng = np.random.default_rng(seed)
        image = np.full((384, 768, 3), rng.uniform(60, 180, 3), np.float32)
        for octave in range(2, 7):
            coarse = rng.normal(0, 5 + 4 * octave, (384 >> octave, 768 >> octave, 3)).astype(np.float32)
            image += cv2.resize(coarse, (768, 384), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(image, 0, 255), np.uint8)

    return draw


@pytest.fixture(scope='session')
def view(canvas) -> Callable[..., Picture]:
    """`view(seed, x, y)` looks at a scene (192, 256, 3) with its left upper corner at x, y px."""

    def look(seed: int, x: float = 200, y: float = 90) -> Picture:
        return canvas(seed)[round(y) : round(y) + HEIGHT, round(x) : round(x) + WIDTH]

    return look


Found = list[tuple[str, int]]


@pytest.fixture(scope='session')
def detect() -> Callable[..., Found]:
    """`detect(pictures)` is the list of (kind, frame index) that a fresh detector finds."""

    def run(pictures: Sequence[Picture], stamps_ns: Sequence[int] | None = None, **config: object) -> Found:
        return [(b.kind, b.frame_index) for _, b in watch(pictures, stamps_ns, **config)]

    return run


def watch(
    pictures: Sequence[Picture], stamps_ns: Sequence[int] | None = None, layout: str = 'rgb', **config: object
) -> list[tuple[int, Boundary]]:
    """Boundaries with the index of the frame at which each was told; the number of frames for the stream's end."""
    detector = BoundaryDetector(ShotsConfig(**config))
    stamps_ns = stamps_ns or [PERIOD_NS * (i + 1) for i in range(len(pictures))]
    told = []
    for index, (picture, stamp_ns) in enumerate(zip(pictures, stamps_ns, strict=True)):
        boundary = detector.observe(Frame(Header(stamp_ns), picture, layout))
        if boundary is not None:
            told.append((index, boundary))
    return told + [(len(pictures), boundary) for boundary in detector.finish()]
