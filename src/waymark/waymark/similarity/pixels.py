# SPDX-License-Identifier: Apache-2.0
"""Images compared pixel by pixel. Shapes, batches and masks: see waymark.similarity.images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waymark.similarity.images import Image, Weights, data_range_of, pair_images


def mse(a: Image, b: Image, *, mask: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Mean squared error: the mean of (a - b)^2 over pixels and channels, exact for whole numbers.

    With a mask m: sum m (a - b)^2 / (C sum m).

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C).
        b: Same shape.
        mask: (H, W) or (N, H, W) weights 0..1.

    Returns:
        Grey levels squared: one number, or (N,) for a batch.

    Raises:
        ValueError: As waymark.similarity.images.pair_images.
    """
    return pair_images(a, b, mask).scores(_mse)


def sad(a: Image, b: Image, *, mask: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Sum of absolute differences, the Manhattan distance: sum m |a - b| over pixels and channels.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C).
        b: Same shape.
        mask: (H, W) or (N, H, W) weights 0..1.

    Returns:
        Grey levels: one number, or (N,) for a batch.

    Raises:
        ValueError: As waymark.similarity.images.pair_images.
    """
    return pair_images(a, b, mask).scores(lambda x, y, w: _sum(_absolute(x, y), w))


def mae(a: Image, b: Image, *, mask: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Mean absolute error: `sad` divided by the weight of all values, C sum m.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C).
        b: Same shape.
        mask: (H, W) or (N, H, W) weights 0..1.

    Returns:
        Grey levels: one number, or (N,) for a batch.

    Raises:
        ValueError: As waymark.similarity.images.pair_images.
    """
    return pair_images(a, b, mask).scores(lambda x, y, w: _sum(_absolute(x, y), w) / _weight(x, w))


def psnr(
    a: Image, b: Image, *, data_range: float | None = None, mask: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio: 10 log10(L^2 / MSE); infinite where the images are equal.

    Args:
        a: (H, W), (H, W, C) or (N, H, W, C). The error is the mean over all channels.
        b: Same shape.
        data_range: L, the span of possible values; must be said for floats.
        mask: (H, W) or (N, H, W) weights 0..1.

    Returns:
        dB: one number, or (N,) for a batch.

    Raises:
        ValueError: As waymark.similarity.images.pair_images and data_range_of.
    """
    peak = data_range_of(a, b, data_range)
    with np.errstate(divide='ignore'):
        return np.asarray(20 * np.log10(peak) - 10 * np.log10(mse(a, b, mask=mask)))[()]


def _mse(a: Image, b: Image, weights: Weights | None) -> float:
    difference = _difference(a, b)
    if weights is None:  # not np.dot: for one sum a pool of BLAS threads costs more than it saves
        return float(np.einsum('hwc,hwc->', difference, difference)) / difference.size
    return _sum(difference * difference, weights) / _weight(a, weights)


def _difference(a: Image, b: Image) -> NDArray[np.float64]:
    return np.subtract(a, b, dtype=np.float64)


def _absolute(a: Image, b: Image) -> NDArray[np.float64]:
    difference = _difference(a, b)
    return np.abs(difference, out=difference)


def _sum(values: NDArray[np.float64], weights: Weights | None) -> float:
    return float(values.sum()) if weights is None else float(np.einsum('hwc,hw->', values, weights))


def _weight(image: Image, weights: Weights | None) -> float:
    return float(image.size) if weights is None else float(weights.sum()) * image.shape[2]
