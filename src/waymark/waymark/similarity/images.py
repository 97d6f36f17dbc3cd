# SPDX-License-Identifier: Apache-2.0
"""What the image metrics take: one pair of images, or a batch of pairs, and weights.

(H, W) is a gray image, (H, W, C) one image of C channels, (N, H, W, C) a batch (gray: C = 1); a batch of one goes with
any other. Scores are one number for a pair and (N,) for a batch. uint8, uint16 and float32 images are compared in
float32 where that is fast (said there), float64 images in float64 throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[Any]
Weights: TypeAlias = NDArray[np.float64]
_RANGES = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}
_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32), np.dtype(np.float64))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Checked images to compare.

    Attributes:
        a: (N, H, W, C), or (1, H, W, C) beside a larger `b`; both of one dtype.
        b: Likewise.
        weights: (N or 1, H, W) of the pixels, or None where all count alike.
        is_batch: Whether the caller gave a batch.
    """

    a: Image
    b: Image
    weights: Weights | None
    is_batch: bool

    def scores(self, metric: Callable[[Image, Image, Weights | None], float]) -> NDArray[np.float64]:
        """Apply a metric of two (H, W, C) images and (H, W) weights to each pair; one number unless a batch."""
        count = max(len(self.a), len(self.b))
        found = np.empty(count, np.float64)
        for i in range(count):
            weights = None if self.weights is None else self.weights[i % len(self.weights)]
            found[i] = metric(self.a[i % len(self.a)], self.b[i % len(self.b)], weights)
        return found if self.is_batch else np.asarray(found[0])[()]


def pair_images(a: Image, b: Image, mask: NDArray[Any] | None) -> Pairs:
    """Check two images, or two batches, and the mask that weighs their pixels.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C), uint8, uint16, float32 or float64.
        b: Same shape and kind; in a batch N may be 1 on either side.
        mask: (H, W), or (N, H, W) with a batch: weights from 0 (does not count) to 1 (counts fully), bool included.

    Raises:
        ValueError: Shapes don't fit, an image is empty, of another dtype or not finite, or the mask leaves no pixel.
    """
    first, second = _batch('a', a), _batch('b', b)
    sizes_fit = first.shape[1:] == second.shape[1:] and (a.ndim == b.ndim)
    if not sizes_fit or (len(first) != len(second) and 1 not in (len(first), len(second))):
        raise ValueError(f'b: expected the shape of a, {a.shape}, got {b.shape}')
    if first.dtype != second.dtype:
        kind = np.result_type(first.dtype, second.dtype)
        first, second = first.astype(kind), second.astype(kind)
    weights = _weights(mask, max(len(first), len(second)), first.shape[1:3])
    return Pairs(first, second, weights, a.ndim == 4)


def data_range_of(a: Image, b: Image, data_range: float | None) -> float:
    """The span of values that images can have: as given, or 255 and 65535 for uint8 and uint16.

    Raises:
        ValueError: Not given for floats, whose span nobody can see, or not above 0.
    """
    if data_range is None:
        if a.dtype != b.dtype or a.dtype not in _RANGES:
            raise ValueError(f'data_range: say it for {a.dtype} and {b.dtype} images, 1.0 or 255.0')
        return _RANGES[a.dtype]
    if not (np.isfinite(data_range) and data_range > 0):
        raise ValueError(f'data_range: expected a number above 0, got {data_range}')
    return float(data_range)


def _batch(name: str, image: Image) -> Image:
    if image.ndim not in (2, 3, 4):
        raise ValueError(f'{name}: expected shape (H, W), (H, W, C) or (N, H, W, C), got {image.shape}')
    if image.size == 0:
        raise ValueError(f'{name}: the image is empty {image.shape}')
    if image.dtype not in _DTYPES:
        raise ValueError(f'{name}: expected dtype uint8, uint16, float32 or float64, got {image.dtype}')
    if image.dtype.kind == 'f' and not np.isfinite(image).all():
        raise ValueError(f'{name}: the image holds values that are not finite')
    if image.ndim == 4:
        return image
    return image[None, ..., None] if image.ndim == 2 else image[None]


def _weights(mask: NDArray[Any] | None, count: int, shape_hw: tuple[int, ...]) -> Weights | None:
    if mask is None:
        return None
    weights = np.asarray(mask, np.float64)
    weights = weights[None] if weights.ndim == 2 else weights
    if weights.ndim != 3 or weights.shape[1:] != shape_hw or len(weights) not in (1, count):
        raise ValueError(f'mask: expected shape {shape_hw}, or ({count}, ...) with a batch, got {np.shape(mask)}')
    if not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError('mask: weights must lie between 0 and 1')
    if not weights.any(axis=(1, 2)).all():
        raise ValueError('mask: it leaves nothing to compare')
    return weights
