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
_FOLDS = 5
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Translation:
    """y = normalise(x @ matrix[:-1] + matrix[-1]).

    Attributes:
        matrix: (D_from + 1, D_to) float64.
        kind: How it was fitted: 'procrustes' (a rotation) or 'ridge 0.01' (least squares with that damping), to images
            alone or 'with changed views'.
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
    """Fit a translation; rotation or damping are chosen by cross-validation, then all pairs are used.

    Ridge regression: W = (X'X + a I)^-1 X'Y. Orthogonal Procrustes (Schoenemann 1966): U V' of X'Y = U S V'. Both
    between vectors whose mean was taken off.

    Args:
        source: (N, D_from) unit vectors of N images by the one encoder.
        target: (N, D_to) of the same images by the other.
        groups: (N,) numbers, equal for an image and changed views of it, the image first: a group is fitted to or
            judged by, never both. None: all differ.

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
    _, images, groups = np.unique(groups, return_index=True, return_inverse=True)
    is_image = np.zeros(len(source), np.bool_)
    is_image[images] = True
    # Changed views ask for their image, as views of a place ask for its keyframe; without them each asks for itself.
    is_query = is_image if is_image.all() else ~is_image
    scores: dict[str, float] = {}
    for fold in range(_FOLDS):
        is_held = groups % _FOLDS == fold
        asked = is_query & is_held
        for fit in _all_candidates(source, target, is_image, ~is_held):
            score = _agreement(fit.apply(source[images]), target[asked], groups[asked])
            scores[fit.kind] = scores.get(fit.kind, 0.0) + score
    best = max(scores, key=lambda kind: scores[kind])
    return next(f for f in _all_candidates(source, target, is_image, np.ones_like(is_image)) if f.kind == best)


def _all_candidates(
    source: Vectors, target: Vectors, is_image: NDArray[np.bool_], is_given: NDArray[np.bool_]
) -> Iterator[Translation]:
    """Fits to what is given, with and without the changed views in it."""
    yield from _candidates(source[is_given & is_image], target[is_given & is_image])
    if not is_image.all():
        fits = _candidates(source[is_given], target[is_given])
        yield from (Translation(fit.matrix, f'{fit.kind} with changed views') for fit in fits)


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


def _agreement(rows: Vectors, queries: Vectors, own: NDArray[np.int64]) -> float:
    """Share of queries whose own row is the nearest; where that is even, the mean cosine."""
    cosines = queries @ rows.T
    return float((cosines.argmax(axis=1) == own).mean() + 1e-3 * cosines[np.arange(len(own)), own].mean())
