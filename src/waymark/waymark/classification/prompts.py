# SPDX-License-Identifier: Apache-2.0
"""Zero-shot: a class is the mean direction of sentences that name it (Radford et al., ICML 2021, section 3.1.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_finite, require_shape
from waymark.classification.names import require_names
from waymark.errors import ConfigError
from waymark.similarity import softmax, unit

RULES = ('softmax', 'sigmoid')
SLOT = '{}'


@dataclass(frozen=True)
class ScoreRule:
    """How cosines between an image and C classes become scores.

    Attributes:
        kind: 'softmax': exp(s c_i) / sum_j exp(s c_j), one of the classes must be right (CLIP). 'sigmoid':
            1 / (1 + exp(-(s c_i + b))), each class for itself (SigLIP: Zhai et al., ICCV 2023, eq. 1).
        scale: s, what the model learned, as a factor (CLIP's is 100).
        bias: b; only of a sigmoid.
    """

    kind: str
    scale: float
    bias: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in RULES or not self.scale > 0:
            raise ValueError(f'score rule: expected {" or ".join(RULES)} and a scale above 0, got {self}')

    def scores(self, cosines: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, C) cosines as scores 0..1."""
        if self.kind == 'softmax':
            return softmax(self.scale * cosines)
        return np.asarray(0.5 * (1 + np.tanh(0.5 * (self.scale * cosines + self.bias))))  # a sigmoid can't overflow so


@dataclass(frozen=True, eq=False)
class TextClassifier:
    """Classes described in words, in the space of a model that encodes images and texts (see Classifier).

    Attributes:
        labels: C names.
        vectors: (C, D) float64, one unit vector per class.
        rule: From cosines to scores.
        model_id: Of the encoder.
        fingerprint: Of the encoder.
    """

    labels: tuple[str, ...]
    vectors: NDArray[np.float64]
    rule: ScoreRule
    model_id: str
    fingerprint: str

    def __post_init__(self) -> None:
        require_names('classes', self.labels)
        require_shape('vectors', self.vectors, (len(self.labels), 'D'))
        if self.rule.kind == 'softmax' and len(self.labels) < 2:
            raise ConfigError(
                f'classes: {self.model_id!r} tells classes apart, and {self.labels[0]!r} alone would fit every image. '
                'Name what else there may be, as in "forest, anything else".'
            )

    @property
    def dim(self) -> int:
        """Length of the embeddings."""
        return int(self.vectors.shape[1])

    def score(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Scores (N, C) of N embeddings (see Classifier); a zero one is like nothing."""
        values = np.asarray(vectors, np.float64)
        require_shape('vectors', values, ('N', self.dim))
        require_finite('vectors', values)
        return self.rule.scores(values @ self.vectors.T) * values.any(axis=1, keepdims=True)


def sentences(name: str, templates: Sequence[str]) -> list[str]:
    """One sentence per template for a class.

    Raises:
        ConfigError: A template has no place for the name, or there is none.
    """
    wrong = [t for t in templates if SLOT not in t]
    if wrong or not templates:
        raise ConfigError(
            f"templates: {wrong[0] if wrong else 'none'!r} has no {SLOT} for the class. Write 'a photo of a {SLOT}.'."
        )
    return [template.replace(SLOT, name) for template in templates]


def class_vectors(
    names: Sequence[str], templates: Sequence[str], encode: Callable[[Sequence[str]], ArrayLike]
) -> NDArray[np.float64]:
    """Directions of classes: unit vectors of all sentences of a class, averaged, and made unit length again.

    Args:
        names: C names.
        templates: Sentences with {} where the name goes.
        encode: (T,) texts to (T, D) vectors of any length.

    Returns:
        (C, D).

    Raises:
        ConfigError: A name stands twice or is empty, or a template has no {}.
    """
    require_names('classes', names)
    rows = [unit(unit(encode(sentences(name, templates))).mean(axis=0)) for name in names]
    return np.stack(rows)
