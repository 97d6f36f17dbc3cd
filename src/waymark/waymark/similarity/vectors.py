# SPDX-License-Identifier: Apache-2.0
"""Comparisons of vectors. All take (..., D) and (..., D) whose leading axes broadcast, and give (...).

`mask` weighs the D elements from 0 to 1 (see waymark.similarity.weights): what it hides is left out of both vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.similarity.weights import as_float, as_mask, finite


def unit(x: ArrayLike) -> NDArray[np.float64]:
    """Scale vectors to length 1; a zero vector stays zero.

    Args:
        x: (..., D).

    Raises:
        ValueError: A value is not finite.
    """
    values = np.asarray(as_float('x', x), np.float64)
    largest = np.abs(values).max(axis=-1, keepdims=True)  # first: squares of 1e200 would overflow
    finite('unit', largest)
    values = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(np.divide(values, length, out=values, where=length > 0))


def dot(x: ArrayLike, y: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
    """Dot product: sum of m_d x_d y_d.

    Args:
        x: (..., D).
        y: (..., D).
        mask: Weights 0..1 that broadcast to (..., D).

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    a, b, weights = _pair(x, y, mask)
    b = b if weights is None else b * weights
    return finite('dot', np.einsum('...d,...d->...', a, b))


def weighted_dot(x: ArrayLike, y: ArrayLike, weights: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
    """Weighted dot product: sum of w_d x_d y_d.

    Args:
        x: (..., D).
        y: (..., D).
        weights: Any numbers that broadcast to (..., D).
        mask: Weights 0..1 that broadcast to (..., D).

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    a, b, _ = _pair(x, y, None)
    try:
        w = np.broadcast_to(np.asarray(weights, np.float64), b.shape)
    except ValueError:
        raise ValueError(f'weights: shape {np.shape(weights)} does not fit vectors of shape {b.shape}') from None
    return dot(a, b * w, mask)


def cosine(x: ArrayLike, y: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
    """Cosine of the angle between two vectors, -1..1; 0 where one of them is zero (it points nowhere).

    With a mask: sum m x y / sqrt(sum m x^2 * sum m y^2).

    Args:
        x: (..., D).
        y: (..., D).
        mask: Weights 0..1 that broadcast to (..., D).

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    a, b, weights = _pair(x, y, mask)
    root = 1.0 if weights is None else np.sqrt(weights)
    return np.clip(dot(unit(a * root), unit(b * root)), -1.0, 1.0)


def cosine_matrix(x: ArrayLike, y: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
    """Cosines of all pairs by one matrix product.

    Args:
        x: (..., N, D).
        y: (..., M, D).
        mask: Weights 0..1 of the elements, (D,).

    Returns:
        (..., N, M); 0 where a vector is zero.

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    a, b = as_float('x', x, 2), as_float('y', y, 2)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f'y: expected vectors of length {a.shape[-1]}, got shape {b.shape}')
    weights = as_mask(mask, a.shape[-1:], 'vectors')
    root = 1.0 if weights is None else np.sqrt(weights)
    return np.clip(unit(a * root) @ np.swapaxes(unit(b * root), -1, -2), -1.0, 1.0)


def euclidean(x: ArrayLike, y: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
    """Euclidean distance: sqrt(sum m (x - y)^2).

    Args:
        x: (..., D).
        y: (..., D).
        mask: Weights 0..1 that broadcast to (..., D).

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    a, b, weights = _pair(x, y, mask)
    apart = a - b if weights is None else (a - b) * np.sqrt(weights)
    largest = np.abs(apart).max(axis=-1, keepdims=True)  # squares of 1e200 overflow, those of 1e-200 vanish
    finite('euclidean', largest)
    scaled = np.divide(apart, largest, out=np.zeros_like(apart), where=largest > 0)
    return finite('euclidean', np.linalg.norm(scaled, axis=-1) * largest[..., 0])


def manhattan(x: ArrayLike, y: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
    """Manhattan distance, for images the sum of absolute differences (SAD): sum m |x - y|.

    Args:
        x: (..., D).
        y: (..., D).
        mask: Weights 0..1 that broadcast to (..., D).

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    a, b, weights = _pair(x, y, mask)
    apart = np.abs(a - b) if weights is None else np.abs(a - b) * weights
    return finite('manhattan', apart.sum(axis=-1))


def _pair(
    x: ArrayLike, y: ArrayLike, mask: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]:
    """Both as float64 of one broadcast shape, and the mask's weights of that shape."""
    a, b = np.asarray(as_float('x', x), np.float64), np.asarray(as_float('y', y), np.float64)
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        shape = ()
    if not shape or a.shape[-1] != b.shape[-1]:
        raise ValueError(f'y: expected shape (..., {a.shape[-1]}) that goes with {a.shape}, got {b.shape}')
    return np.broadcast_to(a, shape), np.broadcast_to(b, shape), as_mask(mask, shape, 'vectors')
