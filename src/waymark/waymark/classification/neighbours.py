# SPDX-License-Identifier: Apache-2.0
"""A class is what the nearest labelled examples say: a vote, or one weighted by how near they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_finite, require_shape
from waymark.classification.examples import LabelledExamples

WEIGHTINGS = ('vote', 'distance')
CHUNK = 256  # vectors compared at once


@dataclass(frozen=True)
class NeighbourOptions:
    """How examples decide.

    Attributes:
        k: Nearest examples that are asked; all where there are fewer.
        weighting: 'vote': each counts the same. 'distance': exp(cosine / temperature), as Wu et al., CVPR 2018.
        temperature: Of 'distance'; small lets the nearest decide.
        min_similarity: Cosine of the nearest example below which a vector is unlike all of them.
    """

    k: int = 9
    weighting: str = 'distance'
    temperature: float = 0.07
    min_similarity: float = -1.0

    def __post_init__(self) -> None:
        if self.k < 1 or self.weighting not in WEIGHTINGS or not self.temperature > 0:
            raise ValueError(f'neighbours: expected k >= 1, {" or ".join(WEIGHTINGS)}, temperature > 0, got {self}')


class NeighbourClassifier:
    """k nearest examples by cosine, exactly (see Classifier).

    Attributes:
        examples: That it compares with.
        options: As given.
    """

    def __init__(self, examples: LabelledExamples, options: NeighbourOptions) -> None:
        self.examples, self.options = examples, options
        self.labels, self.model_id, self.fingerprint = examples.labels, examples.model_id, examples.fingerprint
        self.dim = examples.vectors.shape[1]
        self._one_hot = np.eye(len(self.labels))[examples.label_numbers]

    def score(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Scores (N, C) of N embeddings (see Classifier): the labels' shares among the nearest examples."""
        values = np.asarray(vectors, np.float32)
        require_shape('vectors', values, ('N', self.dim))
        require_finite('vectors', values)
        parts = [self._score(values[i : i + CHUNK]) for i in range(0, len(values), CHUNK)]
        return np.concatenate([np.zeros((0, len(self.labels))), *parts])

    def _score(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        cosines = (values @ self.examples.vectors.T).astype(np.float64)
        is_familiar = values.any(axis=1) & (cosines.max(axis=1) >= self.options.min_similarity)
        return np.asarray(self.shares(cosines) * is_familiar[:, None])

    def shares(self, cosines: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, C) shares of the labels among the nearest of (N, M) cosines; each row sums to 1."""
        k = min(self.options.k, cosines.shape[1])
        nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        weights = np.ones(nearest.shape)
        if self.options.weighting == 'distance':
            best = cosines.max(axis=1, keepdims=True)  # taken off first: exp can't overflow then
            weights = np.exp((np.take_along_axis(cosines, nearest, axis=1) - best) / self.options.temperature)
        shares = np.einsum('nk,nkc->nc', weights, self._one_hot[nearest])
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def cross_checked(examples: LabelledExamples, options: NeighbourOptions) -> NDArray[np.int64]:
    """What each example would be called by those of other sources (or, of a label with one source, by all others).

    Neighbours in one recording show the same thing; asking them would tell nothing about another recording.

    Returns:
        (N,) numbers of labels; -1 where no other example is left to ask.
    """
    cosines = _without_own(examples, examples.vectors @ examples.vectors.T)
    if not np.isfinite(cosines).any():
        return np.full(len(examples), -1, np.int64)
    asked = NeighbourClassifier(examples, options).shares(np.where(np.isfinite(cosines), cosines, -1e3))
    return np.where(np.isfinite(cosines).any(axis=1), asked.argmax(axis=1), -1)


def familiar_similarity(examples: LabelledExamples) -> float | None:
    """Cosine below which a vector is unlike all examples, judged by the examples themselves.

    The lower of two: what 95 % of them reach with an example of their own label (from another source, where there is
    one), and the median of what they reach with another label's. The first alone would be far too strict where all
    examples of a label are frames of one video, the second where the labels are much alike.

    Returns:
        The cosine; None where all examples have one label, or none has another of its own label to be like.
    """
    cosines = examples.vectors.astype(np.float64) @ examples.vectors.T
    is_own = examples.label_numbers[:, None] == examples.label_numbers[None]
    own = np.where(is_own, _without_own(examples, cosines), -np.inf).max(axis=1)
    others = np.where(is_own, -np.inf, cosines).max(axis=1)
    own, others = own[np.isfinite(own)], others[np.isfinite(others)]
    if not len(own) or not len(others):
        return None
    return float(min(np.percentile(own, 5), np.median(others)))


def _without_own(examples: LabelledExamples, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cosines with -inf for an example itself, and for its own source where its label has another one."""
    masked = np.array(cosines, np.float64)
    np.fill_diagonal(masked, -np.inf)
    source, label = examples.source_numbers, examples.label_numbers
    pairs = {(s, c) for s, c in zip(source.tolist(), label.tolist(), strict=True)}
    has_other = np.array([len({s for s, c in pairs if c == own}) > 1 for own in label.tolist()])
    masked[has_other[:, None] & (source[:, None] == source[None])] = -np.inf
    return masked
