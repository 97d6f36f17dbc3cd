# SPDX-License-Identifier: Apache-2.0
"""From one encoder's vectors to another's by one matrix, fitted to images that both have encoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape

_RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)  # relative to the mean variance of a direction
_FEWEST = 10
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Translation:
    """y = normalise(x @ matrix[:-1] + matrix[-1]).

    Attributes:
        matrix: (D_from + 1, D_to) float64.
        kind: How it was fitted: 'procrustes' (a rotation) or 'ridge 0.01' (least squares with that damping).
    """

    matrix: NDArray[np.float64]
    kind: str

    def apply(self, vectors: Vectors) -> Vectors:
        """(N, D_from) unit vectors to (N, D_to) unit vectors; all-zero ones (nothing in view) stay zero."""
        require_shape('vectors', vectors, ('N', len(self.matrix) - 1))
        moved = vectors.astype(np.float64) @ self.matrix[:-1] + self.matrix[-1]
        moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
        moved[~vectors.any(axis=1)] = 0
        return np.asarray(moved, np.float32)


def fit_translation(source: Vectors, target: Vectors, groups: NDArray[np.int64] | None = None) -> Translation:
    """Fit a translation; rotation or damping are chosen on a fifth of the groups, then all are used.

    Ridge regression: W = (X'X + a I)^-1 X'Y. Orthogonal Procrustes (Schoenemann 1966): U V' of X'Y = U S V'. Both
    between vectors whose mean was taken off.

    Args:
        source: (N, D_from) unit vectors of N images by the one encoder.
        target: (N, D_to) of the same images by the other.
        groups: (N,) numbers, equal for images of one view: it is fitted to or judged by, never both. None: all differ.

    Raises:
        ValueError: Fewer than 10 pairs, other shapes, or values that are not finite.
    """
    groups = np.arange(len(source)) if groups is None else groups
    require_shape('groups', groups, (len(source),))
    require_shape('source', source, ('N', 'D_from'))
    require_shape('target', target, (len(source), 'D_to'))
    require_finite('source', source)
    require_finite('target', target)
    if len(source) < _FEWEST:
        raise ValueError(f'source: expected at least {_FEWEST} vectors, got {len(source)}')
    is_test = np.unique(groups, return_inverse=True)[1] % 5 == 4
    fits = _candidates(source[~is_test], target[~is_test])
    best = max(fits, key=lambda fit: _agreement(fit.apply(source[is_test]), target[is_test]))
    return next(fit for fit in _candidates(source, target) if fit.kind == best.kind)


def _candidates(source: Vectors, target: Vectors) -> Iterator[Translation]:
    X, Y = source.astype(np.float64), target.astype(np.float64)
    x_mean, y_mean = X.mean(axis=0), Y.mean(axis=0)
    X, Y = X - x_mean, Y - y_mean
    U, _, Vt = np.linalg.svd(X.T @ Y, full_matrices=False)
    yield _translation(U @ Vt, x_mean, y_mean, 'procrustes')
    values, axes = np.linalg.eigh(X.T @ X)  # one decomposition serves every damping
    projected = axes.T @ (X.T @ Y)
    for ridge in _RIDGES:
        damped = np.maximum(values, 0) + ridge * max(float(values.mean()), 1e-12)
        yield _translation(axes @ (projected / damped[:, None]), x_mean, y_mean, f'ridge {ridge:g}')


def _translation(
    matrix: NDArray[np.float64], x_mean: NDArray[np.float64], y_mean: NDArray[np.float64], kind: str
) -> Translation:
    return Translation(np.vstack([matrix, y_mean - x_mean @ matrix]), kind)


def _agreement(found: Vectors, target: Vectors) -> float:
    """Share of vectors that are nearest to their own target; where that is even, the mean cosine."""
    cosines = found @ target.T
    own = np.arange(len(found))
    return float((cosines.argmax(axis=1) == own).mean() + 1e-3 * cosines[own, own].mean())
