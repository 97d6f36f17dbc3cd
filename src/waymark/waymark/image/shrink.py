# SPDX-License-Identifier: Apache-2.0
"""Antialiased resizing by OpenCV's fastest calls, where these come close enough.

Halve, blur with a small box, sample bilinearly, correct with three taps. For each pair of sizes the boxes and taps
are those whose joint kernel is the closest to the wanted one; where even these are too far off, there is no plan and
`resample` does it properly at twice the time. Who asks for bicubic or Lanczos wants its negative lobes: no plan either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.kernels import covariance, kernel_rows, reach
from waymark.image.resample import halved
from waymark.image.scratch import scratch

# Largest error of a plan, in standard deviations of the pixels: 39 dB or more on every photograph tried.
_LARGEST_ERROR = 0.1
_BOXES = (1, 3, 5)
_SMALLEST_TAP = 0.002  # half a grey level for a step from black to white


@dataclass(frozen=True)
class _Axis:
    box: int
    tap: float  # weight of both neighbours in the correction, after sampling
    error: float  # standard deviation, for pixels of unit variance

    @cached_property
    def taps(self) -> NDArray[np.float32]:
        return np.array([self.tap, 1 - 2 * self.tap, self.tap], np.float32)


@dataclass(frozen=True)
class Plan:
    """How to resize from one size to another: halve, blur, sample, correct."""

    factor: int
    x: _Axis
    y: _Axis

    @property
    def only_halves(self) -> bool:
        """Whether nothing is left to do to an image that is exactly twice as large."""
        return self.factor == 2 and max(self.x.box, self.y.box) == 1 and not self.corrects

    @property
    def corrects(self) -> bool:
        """Whether the taps matter."""
        return max(abs(self.x.tap), abs(self.y.tap)) > _SMALLEST_TAP


@lru_cache(maxsize=64)
def plan_shrink(source_wh: tuple[int, int], target_wh: tuple[int, int], interpolation: str) -> Plan | None:
    """Find the cheapest plan that is close enough, or None."""
    if interpolation not in ('area', 'bilinear'):
        return None
    scales = [s / t for s, t in zip(source_wh, target_wh, strict=True)]
    most = max(int(math.log2(max(min(scales), 1.0))), 0)
    for factor in (2**k for k in range(most, -1, -1)):
        if any(s % factor for s in source_wh):
            continue
        x, y = (_best_axis(s, factor, interpolation) for s in scales)
        if math.hypot(x.error, y.error) <= _LARGEST_ERROR:
            return Plan(factor, x, y)
    return None


def shrink(image: NDArray[np.uint8], target_wh: tuple[int, int], plan: Plan) -> NDArray[np.uint8]:
    """Resize (H, W, C) uint8 to (h, w, C) as planned for these sizes.

    Returns:
        The image itself where nothing is to be done, or scratch memory that the next call on this thread writes into.
    """
    shape = (target_wh[1], target_wh[0], image.shape[2])
    image = halved(image, plan.factor)
    if max(plan.x.box, plan.y.box) > 1:
        blurred = scratch('blurred', image.shape, np.uint8)
        cv2.blur(image, (plan.x.box, plan.y.box), dst=blurred, borderType=cv2.BORDER_REPLICATE)
        image = blurred
    if image.shape != shape:
        sampled = scratch('sampled', shape, np.uint8)
        cv2.resize(image, target_wh, dst=sampled, interpolation=cv2.INTER_LINEAR)
        image = sampled
    if plan.corrects:
        corrected = scratch('corrected', shape, np.uint8)
        cv2.sepFilter2D(image, -1, plan.x.taps, plan.y.taps, dst=corrected, borderType=cv2.BORDER_REPLICATE)
        image = corrected
    return image


def _best_axis(scale: float, factor: int, interpolation: str) -> _Axis:
    return min((_fitted(scale, factor, box, interpolation) for box in _BOXES), key=lambda axis: axis.error)


def _fitted(scale: float, factor: int, box: int, interpolation: str) -> _Axis:
    """Fit the tap by least squares, over outputs far from any border, for pixels with `covariance`."""
    # Enough outputs to see every phase; two more than are compared, since they are the others' neighbours.
    outputs = np.arange(2 + min(max(int(256 / scale), 2), 16))
    margin = reach(scale, interpolation) + factor * (box + 3)
    pixels = np.arange(math.floor(-margin), math.ceil(len(outputs) * scale + margin))
    wanted = kernel_rows(outputs, pixels, scale, interpolation)[1:-1]
    sampled = _sampled_rows(outputs, pixels, scale, factor, box)
    change = sampled[2:] + sampled[:-2] - 2 * sampled[1:-1]
    missing = wanted - sampled[1:-1]
    shared = covariance(len(pixels), scale)
    power = float(np.sum(change @ shared * change))
    tap = float(np.sum(missing @ shared * change)) / power if power > 1e-12 else 0.0
    rest = missing - tap * change
    return _Axis(box, tap, math.sqrt(max(float(np.sum(rest @ shared * rest)) / len(rest), 0.0)))


def _sampled_rows(
    outputs: NDArray[np.int64], pixels: NDArray[np.int64], scale: float, factor: int, box: int
) -> NDArray[np.float64]:
    """(R, N) weights of halving, box and bilinear sampling together."""
    at = (outputs + 0.5) * scale / factor - 0.5  # in pixels of the halved image
    left = np.floor(at)
    rows = np.zeros((len(outputs), len(pixels)))
    for side, share in ((0, 1 - (at - left)), (1, at - left)):
        for step in range(-(box // 2), box // 2 + 1):
            for k in range(factor):
                pixel = ((left + side + step) * factor + k).astype(np.int64) - pixels[0]
                rows[np.arange(len(outputs)), pixel] += share / (box * factor)
    return rows
