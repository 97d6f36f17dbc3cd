# SPDX-License-Identifier: Apache-2.0
"""Softmax, the mean that is taken away from it, and the cosine of what remains.

A network that is trained with a softmax (DINO) says by its outputs z how much an image is of each of K kinds. What all
images of a stream share says nothing about any of them: a running mean is taken away, in one of two orders.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.similarity.vectors import cosine
from waymark.similarity.weights import as_float, as_mask, finite, weighted_mean

ORDERS = ('after', 'before')


def log_softmax(z: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Logarithm of the softmax along the last axis: z/t - log sum exp(z/t), without overflow.

    Args:
        z: (..., K).
        temperature: t, above 0; small sharpens.

    Raises:
        ValueError: A temperature of 0 or less, or a value not finite.
    """
    if not temperature > 0:
        raise ValueError(f'temperature: must be above 0, got {temperature}')
    scaled = np.asarray(as_float('z', z), np.float64) / temperature
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    return finite('softmax', scaled - np.log(np.exp(scaled).sum(axis=-1, keepdims=True)))


def softmax(z: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities exp(z/t) / sum exp(z/t) along the last axis.

    Args:
        z: (..., K).
        temperature: t, above 0; small sharpens.

    Raises:
        ValueError: As log_softmax.
    """
    return np.asarray(np.exp(log_softmax(z, temperature)))


class RunningCentre:
    """Mean of the vectors seen so far: one object per stream, per video segment (reset at a boundary) or per mask.

    With a momentum it is DINO's centre, C <- m C + (1 - m) mean(batch) (Caron et al., ICCV 2021, eq. 4; m = 0.9),
    except that it starts at the first batch's mean, not at 0. Without, it is the exact mean of all since the reset.
    """

    def __init__(self, momentum: float | None = None) -> None:
        if momentum is not None and not 0 <= momentum < 1:
            raise ValueError(f'momentum: must be at least 0 and below 1, got {momentum}')
        self._momentum = momentum
        self._weight = 0.0
        self._mean: NDArray[np.float64] | None = None

    @property
    def mean(self) -> NDArray[np.float64] | None:
        """(K,), or None before the first update."""
        return self._mean

    def reset(self) -> None:
        """Forget everything: a new stream or segment begins."""
        self._mean, self._weight = None, 0.0

    def update(self, values: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float64]:
        """Take in vectors; update after they were compared, as DINO does, or before to count them too.

        Args:
            values: (..., K): one vector, a batch, or the tokens of images.
            mask: Weights 0..1 of the vectors, (...): one centre per mask (sky, ground) sees only its tokens. A mask
                that hides all leaves the mean as it is.

        Returns:
            The new mean (K,); zeros while all that came was hidden.

        Raises:
            ValueError: Vectors of another length than before, or values not finite.
        """
        rows = np.asarray(finite('RunningCentre', as_float('values', values)), np.float64)
        weights = as_mask(mask, rows.shape[:-1], 'vectors')
        rows, flat = rows.reshape(-1, rows.shape[-1]), None if weights is None else weights.ravel()
        if self._mean is not None and self._mean.shape != rows.shape[1:]:
            raise ValueError(f'values: expected vectors of length {len(self._mean)}, got {rows.shape[1]}')
        total = float(len(rows)) if flat is None else float(flat.sum())
        if total > 0:
            self._add(weighted_mean(rows.T, flat), total)
        return np.zeros(rows.shape[1]) if self._mean is None else self._mean

    def _add(self, mean: NDArray[np.float64], weight: float) -> None:
        self._weight += weight
        share = weight / self._weight if self._momentum is None else 1 - self._momentum
        mean = mean if self._mean is None else self._mean + share * (mean - self._mean)
        mean.setflags(write=False)
        self._mean = mean


def centred_softmax(z: ArrayLike, centre: ArrayLike, temperature: float, order: str = 'after') -> NDArray[np.float64]:
    """What is special about an image among those behind `centre`.

    Args:
        z: (..., K) outputs of a network.
        centre: Broadcasts to (..., K). For 'after' the mean of softmax(z / t), for 'before' the mean of z.
        temperature: t, above 0.
        order: 'after': softmax(z / t) - E[softmax(z / t)]. 'before': softmax((z - C) / t), DINO's teacher.

    Returns:
        (..., K). 'after' sums to 0, 'before' to 1, along the last axis.

    Raises:
        ValueError: An unknown order, shapes that do not fit, a temperature of 0 or less, or a value not finite.
    """
    if order not in ORDERS:
        raise ValueError(f'order: expected one of {ORDERS}, got {order!r}')
    logits, mean = np.asarray(as_float('z', z), np.float64), np.asarray(as_float('centre', centre), np.float64)
    if mean.shape[-1] != logits.shape[-1]:
        raise ValueError(f'centre: expected shape (..., {logits.shape[-1]}), got {mean.shape}')
    if order == 'before':
        return softmax(logits - mean, temperature)
    return finite('centred_softmax', softmax(logits, temperature) - mean)


def centred_softmax_cosine(
    x: ArrayLike,
    y: ArrayLike,
    centre: ArrayLike,
    temperature: float,
    order: str = 'after',
    mask: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Cosine of two centred softmaxes (see centred_softmax). 0 where one is zero: an image equal to the mean.

    Args:
        x: (..., K) outputs; with a mask (..., N, K), one for each token.
        y: As x.
        centre: Broadcasts to x; of what, depends on the order. RunningCentre keeps it.
        temperature: t, above 0.
        order: 'after' or 'before'.
        mask: Weights 0..1 of the tokens, (..., N): the result is then the weighted mean over the tokens, (...).

    Returns:
        (...); -1..1 for 'after', 0..1 for 'before'.

    Raises:
        ValueError: As centred_softmax, or a mask that hides all tokens.
    """
    scores = cosine(centred_softmax(x, centre, temperature, order), centred_softmax(y, centre, temperature, order))
    if mask is None:
        return scores
    return weighted_mean(np.asarray(scores), as_mask(mask, np.shape(scores), 'tokens'))[()]
