# SPDX-License-Identifier: Apache-2.0
"""Procedural textures whose statistics are those of photographs: 1/f noise, dead leaves, courses, clutter, marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE_PX = 256
Rgb = NDArray[np.uint8]


def make_bank(rng: np.random.Generator, count: int = 48) -> list[Rgb]:
    """Make `count` textures (256, 256, 3) of all kinds in turn."""
    return [_KINDS[i % len(_KINDS)](rng) for i in range(count)]


def colour(rng: np.random.Generator, saturation: float = 0.25) -> NDArray[np.float32]:
    """Draw an RGB colour (3,), 0..255: mostly dull, as most surfaces are."""
    light = rng.uniform(25.0, 235.0)
    tint = rng.normal(0.0, 1.0, 3)
    strength = min(0.7 * saturation * rng.exponential(1.0), 0.6)
    return np.asarray(np.clip(light * (1 + strength * (tint - tint.mean())), 0, 255), np.float32)


def fractal(rng: np.random.Generator, size_wh: tuple[int, int] = (SIZE_PX, SIZE_PX)) -> NDArray[np.float32]:
    """Noise with an amplitude spectrum of 1 / f^b, b from 0.8 to 1.8; (h, w), mean 0, deviation 1."""
    width, height = size_wh
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    stretch = np.exp(rng.normal(0.0, 0.4))
    radius = np.hypot(fx * stretch, fy / stretch)
    radius[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) * radius ** -rng.uniform(0.8, 1.8)
    spectrum[0, 0] = 0
    noise = np.fft.irfft2(spectrum, s=(height, width))
    return np.asarray(noise / noise.std(), np.float32)


def _blend(mask: NDArray[Any], rng: np.random.Generator, saturation: float = 0.25) -> Rgb:
    """Colour a picture (h, w), 0..1, between two colours."""
    a, b = colour(rng, saturation), colour(rng, saturation)
    return np.asarray(np.clip(a + np.asarray(mask, 'f4')[..., None] * (b - a), 0, 255), np.uint8)


def _with_grain(rgb: Rgb, rng: np.random.Generator, strength: float) -> Rgb:
    return np.asarray(np.clip(rgb + strength * fractal(rng)[..., None], 0, 255), np.uint8)


def _clouds(rng: np.random.Generator) -> Rgb:
    return _blend(1 / (1 + np.exp(-rng.uniform(0.7, 3.0) * fractal(rng))), rng)


def _leaves(rng: np.random.Generator) -> Rgb:
    """Dead leaves: shapes in front of shapes, sizes by a power law (Lee, Mumford and Huang, IJCV 2001)."""
    rgb = _clouds(rng)
    base, count = colour(rng, 0.5), int(rng.integers(80, 400))
    radii = np.clip(rng.uniform(2.0, 5.0) * (1 - rng.random(count)) ** -0.6, 2, 60)
    for radius in np.sort(radii)[::-1] if rng.random() < 0.4 else radii:
        x, y = (int(v) for v in rng.integers(0, SIZE_PX, 2))
        shade = tuple(float(v) for v in np.clip(base * rng.uniform(0.4, 1.6) + rng.normal(0, 18, 3), 0, 255))
        axes = int(radius), max(1, int(radius * rng.uniform(0.3, 1.0)))
        if rng.random() < 0.5:
            cv2.ellipse(rgb, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, shade, -1, cv2.LINE_AA)
        else:
            box = cv2.boxPoints(((x, y), (2 * axes[0], 2 * axes[1]), float(rng.uniform(0, 180))))
            cv2.fillPoly(rgb, [np.asarray(box, np.int32)], shade, cv2.LINE_AA)
    return _with_grain(rgb, rng, 4.0)


def _courses(rng: np.random.Generator) -> Rgb:
    """Bricks, tiles or planks: rows of blocks, each a little different, with joints."""
    high, wide = int(rng.integers(8, 48)), int(rng.integers(10, 128))
    rgb = np.empty((SIZE_PX, SIZE_PX, 3), np.float32)
    rgb[:] = colour(rng)
    block, spread = colour(rng), rng.uniform(2.0, 30.0)
    joint, shift = int(rng.integers(1, 4)), rng.choice([0.0, 0.5, 0.33])
    for row, y in enumerate(range(0, SIZE_PX, high)):
        for x in range(-int((row * shift % 1) * wide), SIZE_PX, wide):
            rgb[y : y + high - joint, max(x, 0) : max(x + wide - joint, 0)] = block + rng.normal(0, spread)
    rgb = rgb.transpose(1, 0, 2) if rng.random() < 0.3 else rgb
    return _with_grain(np.asarray(np.clip(rgb, 0, 255), np.uint8), rng, rng.uniform(2, 12))


def _stripes(rng: np.random.Generator) -> Rgb:
    edges = np.cumsum(rng.uniform(2, rng.uniform(8, 60), SIZE_PX))
    line = (np.searchsorted(edges, np.arange(SIZE_PX)) * rng.uniform(0.3, 1.0)) % 1.0
    mask = np.tile(line, (SIZE_PX, 1))
    return _with_grain(_blend(mask if rng.random() < 0.6 else mask.T, rng), rng, rng.uniform(1, 10))


def _clutter(rng: np.random.Generator) -> Rgb:
    """Shelves, desks, windows of a room behind: rectangles within rectangles."""
    rgb = _clouds(rng)
    for _ in range(int(rng.integers(15, 90))):
        x, y = (int(v) for v in rng.integers(-20, SIZE_PX, 2))
        w, h = (int(v) for v in 3 + rng.exponential((28, 28)))
        cv2.rectangle(rgb, (x, y), (x + w, y + h), colour(rng, 0.45).tolist(), -1)
        if rng.random() < 0.3:
            cv2.rectangle(rgb, (x, y), (x + w, y + h), colour(rng).tolist(), 1 + int(rng.integers(0, 3)))
    return _with_grain(rgb, rng, 4.0)


def _marks(rng: np.random.Generator) -> Rgb:
    """Lines of writing, or of something like it."""
    paper, ink = colour(rng), colour(rng, 0.6).tolist()
    rgb = np.empty((SIZE_PX, SIZE_PX, 3), np.uint8)
    rgb[:] = paper
    scale, thick = rng.uniform(0.4, 3.0), int(rng.integers(1, 7))
    for y in range(10, SIZE_PX + 40, int(14 + 30 * scale)):
        text = ''.join(chr(int(c)) for c in rng.integers(33, 126, int(rng.integers(1, 24))))
        at = int(rng.integers(-20, 80)), y
        cv2.putText(rgb, text, at, int(rng.integers(0, 8)), scale, ink, thick, cv2.LINE_AA)
    return _with_grain(rgb, rng, 2.0)


def _plain(rng: np.random.Generator) -> Rgb:
    rgb = np.empty((SIZE_PX, SIZE_PX, 3), np.uint8)
    rgb[:] = colour(rng)
    return _with_grain(rgb, rng, rng.uniform(1, 8))


_KINDS: tuple[Callable[[np.random.Generator], Rgb], ...] = (
    _plain, _clouds, _leaves, _courses, _stripes, _clutter, _marks, _leaves, _plain, _courses, _clutter, _clouds,
)  # fmt: skip
