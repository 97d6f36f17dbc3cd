# SPDX-License-Identifier: Apache-2.0
"""What classification says of an image or a box, and what every classifier looks like from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_shape

UNKNOWN = 'unknown'  # the label of what fits none of the classes well enough


class Classifier(Protocol):
    """Turns embeddings into scores of labels.

    Attributes:
        labels: C names, in the order of the scores.
        model_id: Of the encoder whose embeddings it takes, for people.
        fingerprint: Of that encoder; embeddings of others are refused.
        dim: Length of the embeddings.
    """

    @property
    def labels(self) -> tuple[str, ...]: ...  # noqa: D102 - see above
    @property
    def model_id(self) -> str: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def dim(self) -> int: ...  # noqa: D102

    def score(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Say how well N embeddings fit C labels.

        Args:
            vectors: (N, D), unit length, or zero for an image without any structure; N may be 0.

        Returns:
            (N, C) 0..1, larger is surer; a row of zeros is like nothing that the classifier knows.

        Raises:
            ValueError: Vectors of another length, or not finite.
        """
        ...


@dataclass(frozen=True)
class Classified:
    """What one image, or one box of it, is.

    Attributes:
        label: The best class, or 'unknown'.
        score: Of that class, 0..1; of 'unknown', what the best class lacks to 1.
        ranking: Classes with their scores, best first; without 'unknown', unless a class is called so.
        track_id: Of the box; '' for the whole image.
    """

    label: str
    score: float
    ranking: tuple[tuple[str, float], ...]
    track_id: str = ''

    @property
    def is_known(self) -> bool:
        """False when it fits no class well enough."""
        return self.label != UNKNOWN


def decide(scores: NDArray[np.float64], labels: tuple[str, ...], threshold: float, track_id: str = '') -> Classified:
    """Make one row of scores a label.

    Args:
        scores: (C,) of the labels, 0..1.
        labels: C names.
        threshold: Score of the best class below which it is unknown; a score of 0 always is.
        track_id: Of the box, '' for the whole image.
    """
    require_shape('scores', scores, (len(labels),))
    order = np.argsort(-scores, kind='stable')
    ranking = tuple((labels[i], float(scores[i])) for i in order)
    best, score = ranking[0]
    if score >= threshold and score > 0 and best != UNKNOWN:
        return Classified(best, score, ranking, track_id)
    # A class called 'unknown' (pictures of what is nothing in particular) says it with its own score.
    return Classified(UNKNOWN, score if best == UNKNOWN and score > 0 else 1.0 - score, ranking, track_id)
