# SPDX-License-Identifier: Apache-2.0
"""What masks mean in comparisons of vectors and tokens: weights from 0 (does not count) to 1 (counts fully)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_float(name: str, values: ArrayLike, ndim: int = 1) -> NDArray[Any]:
    """Take numbers as float32, float64 or their complex kinds; whole numbers and bool become float64.

    Args:
        name: For the error.
        values: Any numbers, of at least `ndim` axes.
        ndim: Axes that one item has.

    Raises:
        ValueError: `x: expected at least 2 axes, got shape (5,)`, or the items are empty.
    """
    array = np.asarray(values)
    if array.ndim < ndim:
        raise ValueError(f'{name}: expected at least {ndim} axes, got shape {array.shape}')
    if 0 in array.shape[array.ndim - ndim :]:
        raise ValueError(f'{name}: nothing to compare in shape {array.shape}')
    return array.astype(np.result_type(array.dtype, np.float32 if array.dtype.kind in 'fc' else np.float64), copy=False)


def as_mask(mask: ArrayLike | None, shape: tuple[int, ...], what: str = 'values') -> NDArray[np.float64] | None:
    """Check a mask and spread it over a shape.

    Args:
        mask: Weights 0..1 (bool counts as 0 and 1), of a shape that broadcasts to `shape`; None stays None.
        shape: What it is laid on.
        what: Name of what it weighs, for the error.

    Raises:
        ValueError: Another shape, or weights outside 0..1 or not finite.
    """
    if mask is None:
        return None
    weights = np.asarray(mask, np.float64)
    if not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError('mask: weights must lie between 0 and 1')
    try:
        return np.broadcast_to(weights, shape)
    except ValueError:
        raise ValueError(f'mask: shape {weights.shape} does not fit {what} of shape {shape}') from None


def weighted_mean(values: NDArray[Any], weights: NDArray[np.float64] | None, axis: int = -1) -> NDArray[np.float64]:
    """Mean along an axis, weighted where there are weights.

    Raises:
        ValueError: All weights along the axis are 0.
    """
    if weights is None:
        return np.asarray(values.mean(axis=axis, dtype=np.float64))
    total = weights.sum(axis=axis)
    if not np.all(total > 0):
        raise ValueError('mask: it leaves nothing to compare')
    return np.asarray((values * weights).sum(axis=axis) / total)


def finite(name: str, scores: NDArray[Any]) -> NDArray[np.float64]:
    """Hand on scores as float64, one number as a scalar; NaN or infinity in what was compared shows up here.

    Raises:
        ValueError: `vit_score: what is compared holds values that are not finite`.
    """
    if not np.isfinite(scores).all():
        raise ValueError(f'{name}: what is compared holds values that are not finite')
    return np.asarray(scores, np.float64)[()]
