# SPDX-License-Identifier: Apache-2.0
"""Comparisons by meaning: whole embeddings (CLIPScore) and sets of tokens, one per image patch (ViTScore).

Tokens are (..., N, D): a grid (h, w, D) of an encoder is `tokens.reshape(-1, D)`, its mask `token_mask(...)`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_shape
from waymark.similarity.vectors import cosine
from waymark.similarity.weights import as_float, as_mask, finite, weighted_mean

TokenMask: TypeAlias = 'ArrayLike | tuple[ArrayLike | None, ArrayLike | None] | None'


def clip_score(x: ArrayLike, y: ArrayLike, weight: float = 2.5) -> NDArray[np.float64]:
    """CLIPScore: w * max(cos(x, y), 0) (Hessel et al., EMNLP 2021, eq. 1, w = 2.5). 0 for a zero vector.

    Args:
        x: (..., D) embeddings of images.
        y: (..., D) embeddings of texts, or of other images.
        weight: w.

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    return np.asarray(weight * np.maximum(cosine(x, y), 0.0))[()]


def clip_score_distance(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """How far CLIPScore is from its best, on the scale 0..1: 1 - max(cos(x, y), 0).

    Args:
        x: (..., D).
        y: (..., D).

    Raises:
        ValueError: Shapes do not fit, or a value is not finite.
    """
    return np.asarray(1.0 - clip_score(x, y, 1.0))[()]


def vit_score(x: ArrayLike, y: ArrayLike, mask: TokenMask = None, are_unit: bool = False) -> NDArray[np.float64]:
    """ViTScore: harmonic mean of recall and precision (see vit_recall_precision), 2 R P / (R + P).

    R + P <= 0 has no harmonic mean: the score is 0 then, as for two images that share nothing. So is every score
    where R or P is below 0 (a mean of cosines of opposite signs has no meaning either). Range 0..1.
    Zhu et al., ViTScore: A Novel Three-Fold Metric for Semantic Communications, 2023.

    Args:
        x: (..., N, D) tokens.
        y: (..., M, D) tokens.
        mask: See vit_recall_precision.
        are_unit: See vit_recall_precision.

    Raises:
        ValueError: As vit_recall_precision.
    """
    recall, precision = vit_recall_precision(x, y, mask, are_unit)
    total = recall + precision
    counts = (np.minimum(recall, precision) > 0) & (total > 0)
    return np.divide(2 * recall * precision, total, out=np.zeros_like(total), where=counts)[()]


def vit_recall_precision(
    x: ArrayLike, y: ArrayLike, mask: TokenMask = None, are_unit: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How well each token finds its best match on the other side, by cosine; each -1..1.

    R = mean over x of max over y, P = mean over y of max over x. Zero tokens have cosine 0 with all.

    Args:
        x: (..., N, D) tokens; leading axes broadcast: one x against many y is one matrix product.
        y: (..., M, D) tokens.
        mask: Weights 0..1 of the tokens: (..., N) for both sides (M = N), or a pair (of x or None, of y or None). They
            weigh the means; a token of weight 0 can't be a match either.
        are_unit: The tokens have length 1 (or 0) already: saves normalising them. Not checked.

    Returns:
        (R, P), each (...).

    Raises:
        ValueError: Shapes do not fit, a value is not finite, or a mask hides all tokens.
    """
    a, b = as_float('x', x, 2), as_float('y', y, 2)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f'y: expected tokens of length {a.shape[-1]}, got shape {b.shape}')
    cosines = _products(a, b)
    if not are_unit:  # scaling the products is cheaper than scaling the tokens where D > N
        cosines *= _inverse_length(b)[..., None, :]
        cosines *= _inverse_length(a)[..., :, None]
    mask_x, mask_y = mask if isinstance(mask, tuple) else (mask, mask)
    weights_x = as_mask(mask_x, cosines.shape[:-1], "x's tokens")
    weights_y = as_mask(mask_y, (*cosines.shape[:-2], cosines.shape[-1]), "y's tokens")
    best_of_x = _best(cosines, weights_y, -1)
    best_of_y = _best(np.swapaxes(cosines, -1, -2), weights_x, -1)
    recall, precision = weighted_mean(best_of_x, weights_x), weighted_mean(best_of_y, weights_y)
    return finite('vit_score', recall), finite('vit_score', precision)


def aligned_cosine(x: ArrayLike, y: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
    """Mean cosine of tokens at the same place: the strict counterpart of ViTScore, which lets them move.

    Args:
        x: (..., N, D) tokens.
        y: (..., N, D) tokens.
        mask: Weights 0..1 of the tokens that broadcast to (..., N).

    Raises:
        ValueError: Shapes do not fit, a value is not finite, or the mask hides all tokens.
    """
    cosines = cosine(as_float('x', x, 2), as_float('y', y, 2))
    return weighted_mean(cosines, as_mask(mask, cosines.shape, 'tokens'))[()]


def token_mask(mask: NDArray[Any], grid_hw: tuple[int, int]) -> NDArray[np.float64]:
    """Bring a mask of pixels to a grid of tokens: each token's weight is the mean over its patch.

    Args:
        mask: (H, W) weights 0..1 or bool, over the part of the image that the tokens cover.
        grid_hw: Rows and columns of tokens (h, w).

    Returns:
        (h * w,), row by row.

    Raises:
        ValueError: The mask is not (H, W), or smaller than the grid.
    """
    require_shape('mask', mask, ('H', 'W'))
    if mask.shape[0] < grid_hw[0] or mask.shape[1] < grid_hw[1]:
        raise ValueError(f'mask: {mask.shape} is smaller than the grid of tokens {grid_hw}')
    weights = np.asarray(mask, np.float64)
    return np.clip(cv2.resize(weights, grid_hw[::-1], interpolation=cv2.INTER_AREA).ravel(), 0.0, 1.0)


def _inverse_length(tokens: NDArray[Any]) -> NDArray[Any]:
    """(...) one over the length of each token, in its own precision; 0 for a zero token."""
    length = np.sqrt(np.einsum('...d,...d->...', tokens, tokens))
    return np.asarray(np.divide(1, length, out=np.zeros_like(length), where=length > 0))


def _products(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """(..., N, M) dot products; one (N, D) against many is a single matrix product."""
    if a.ndim == 2 and b.ndim > 2:
        flat = a @ b.reshape(-1, b.shape[-1]).T
        return np.moveaxis(flat.reshape(len(a), *b.shape[:-1]), 0, -2)
    return np.asarray(a @ np.swapaxes(b, -1, -2))


def _best(cosines: NDArray[Any], weights: NDArray[np.float64] | None, axis: int) -> NDArray[Any]:
    """Largest value along an axis among those whose weight is not 0."""
    if weights is None:
        return np.asarray(cosines.max(axis=axis))
    return np.asarray(np.where(weights[..., None, :] > 0, cosines, -1.0).max(axis=axis))
