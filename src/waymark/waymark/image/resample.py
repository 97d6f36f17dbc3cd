# SPDX-License-Identifier: Apache-2.0
"""Antialiased resampling as Pillow does it (within 50 dB), for any size and kernel.

An image is halved while that loses nothing that the kernel keeps; then rows and columns are weighted sums, computed
as small matrix products: output pixels that lie together look at pixels that lie together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.kernels import decimated_rows, kernel_rows, reach
from waymark.image.scratch import scratch

# Outputs per matrix product: fewer calls against fewer zeros; 16 is the fastest for 224 pixels.
_BLOCK = 16
_MOST_PIXELS = 1024  # that a block should span: planning is cubic in it
# A kernel must span this many pixels after halving (44 dB for bicubic there, 58 dB without halving).
_LEAST_SCALE = 1.4


@dataclass(frozen=True)
class Window:
    """A part of the resized image: its first pixel and its size, px."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class _Block:
    """Some outputs along one axis, the source pixels that they need, and how much of each."""

    outputs: slice
    pixels: slice
    weights: NDArray[np.float32]  # (outputs, pixels)


def resample(
    image: NDArray[np.uint8], size_wh: tuple[int, int], interpolation: str, window: Window | None = None
) -> NDArray[np.float32]:
    """Resize an image, or compute a part of the resized image.

    Args:
        image: (H, W, C) uint8.
        size_wh: Size of the whole resized image, px.
        interpolation: 'area', 'bilinear', 'bicubic' or 'lanczos', all antialiased.
        window: The part to compute; None: all.

    Returns:
        (C, h, w) float32 in 0..255, channels first, not rounded.
    """
    part = window or Window(0, 0, *size_wh)
    height, width, channels = image.shape
    factor = _halving(min(width / size_wh[0], height / size_wh[1]))
    columns = _blocks(width, size_wh[0], part.left, part.width, interpolation, factor)
    rows = _blocks(height, size_wh[1], part.top, part.height, interpolation, factor)
    x, y = columns[0].pixels.start, rows[0].pixels.start
    needed = image[y * factor : rows[-1].pixels.stop * factor, x * factor : columns[-1].pixels.stop * factor]
    flat_planes = planar(halved(needed, factor))
    planes = scratch('planes', flat_planes.shape, np.float32)
    np.copyto(planes, flat_planes)
    middle = scratch('middle', (channels, part.height, planes.shape[2]), np.float32)
    for block in rows:
        np.matmul(block.weights, planes[:, _shifted(block.pixels, y)], out=middle[:, block.outputs])
    flat = middle.reshape(-1, planes.shape[2])
    result = np.empty((len(flat), part.width), np.float32)
    for block in columns:
        np.matmul(flat[:, _shifted(block.pixels, x)], block.weights.T, out=result[:, block.outputs])
    np.clip(result, 0, 255, out=result)  # bicubic and lanczos overshoot at edges
    return result.reshape(channels, part.height, part.width)


def halved(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Means of 2x2 pixels, again until `factor` (a power of two, of which both sides are multiples) is reached.

    Returns:
        The image itself, or scratch memory that the next call on this thread writes into.
    """
    while factor > 1:  # OpenCV has a vectorised path for two, and none for four
        half = scratch(f'halved {factor}', (image.shape[0] // 2, image.shape[1] // 2, image.shape[2]), np.uint8)
        cv2.resize(image, half.shape[1::-1], dst=half, interpolation=cv2.INTER_AREA)
        image, factor = half, factor // 2
    return image


def planar(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Channels first: (H, W, C) to (C, H, W), in scratch memory that the next call on this thread writes into."""
    height, width, channels = image.shape
    planes = scratch('planar', (channels, height, width), np.uint8)
    cv2.split(image, list(planes))  # into memory that is there: a third of the time of a transpose or a strided copy
    return planes


def _halving(scale: float) -> int:
    factor = 1
    while scale / (2 * factor) >= _LEAST_SCALE:
        factor *= 2
    return factor


def _shifted(pixels: slice, origin: int) -> slice:
    return slice(pixels.start - origin, pixels.stop - origin)


@lru_cache(maxsize=64)
def _blocks(source: int, target: int, first: int, count: int, interpolation: str, factor: int) -> tuple[_Block, ...]:
    """Plan outputs first .. first + count of one axis; pixels are those of the halved image."""
    step = max(min(_BLOCK, _MOST_PIXELS * target // source), 1)
    starts = range(0, count, step)
    return tuple(_block(source, target, first, slice(s, min(s + step, count)), interpolation, factor) for s in starts)


def _block(source: int, target: int, first: int, outputs: slice, interpolation: str, factor: int) -> _Block:
    scale = source / target
    indices = np.arange(outputs.start, outputs.stop) + first
    around = reach(scale, interpolation)
    low = max(int((indices[0] + 0.5) * scale - around), 0) // factor * factor
    high = min(int(np.ceil((indices[-1] + 0.5) * scale + around)), source)
    high = min(-(-high // factor) * factor, source)
    if source - high < factor:  # pixels that are left over after halving: their neighbours stand for them
        high = source
    rows = kernel_rows(indices, np.arange(low, high), scale, interpolation)
    weights = decimated_rows(rows, factor, scale) if factor > 1 else rows
    pixels = slice(low // factor, low // factor + weights.shape[1])
    return _Block(outputs, pixels, np.ascontiguousarray(weights, np.float32))
