# SPDX-License-Identifier: Apache-2.0
"""Classify a stream: each image, or each tracked box, in the light of what came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waymark.checks import require_finite, require_shape
from waymark.classification.config import ClassifierConfig
from waymark.classification.result import Classified, Classifier, decide
from waymark.errors import ModelError
from waymark.similarity import time_mix
from waymark.types import NANOSECONDS

IMAGE = ''  # the track id of the image as a whole


@dataclass(frozen=True, eq=False)
class _Past:
    """What a track showed.

    Attributes:
        stamp_ns: When.
        vector: (D,) as it was then.
        scores: (C,) what the next ones are mixed with.
    """

    stamp_ns: int
    vector: NDArray[np.float64]
    scores: NDArray[np.float64]


class StreamClassifier:
    """Asks a classifier of each embedding, and mixes its scores with those before of the same track.

    Scores are mixed, not embeddings: on streams with known labels that is both steadier and more often right
    (benchmarks/classify_stream.py). A hard cut is a new beginning, else the first second of a scene would be called as
    the one before.

    Attributes:
        classifier: Who is asked.
    """

    def __init__(self, classifier: Classifier, config: ClassifierConfig) -> None:
        self.classifier = classifier
        self._config = config
        self._max_gap_ns = round(config.max_gap_s * NANOSECONDS)
        self._past: dict[str, _Past] = {}

    def require_fingerprint(self, fingerprint: str, model_id: str) -> None:
        """Refuse embeddings of another encoder by name.

        Raises:
            ModelError: They can't be compared with what the classes are made of.
        """
        own = self.classifier
        if fingerprint != own.fingerprint:
            raise ModelError(
                f'the classes were encoded by {own.model_id!r} ({own.fingerprint[:16]}…), this embedding by '
                f'{model_id!r} ({fingerprint[:16]}…). Run image_encoder with {own.model_id!r}, or make classes or '
                'examples for the other one.'
            )

    def observe(self, vector: ArrayLike, stamp_ns: int) -> Classified:
        """Classify one image.

        Args:
            vector: (D,) its unit embedding; zero for one without any structure.
            stamp_ns: Of the image; when time goes back, all that came before is forgotten.

        Raises:
            ValueError: `vector` has another length, or is not finite.
        """
        [found] = self.observe_all(np.asarray(vector, np.float64)[None], [IMAGE], stamp_ns)
        return found

    def observe_all(self, vectors: ArrayLike, track_ids: Sequence[str], stamp_ns: int) -> list[Classified]:
        """Classify N things in one image, each in the light of its own past.

        Args:
            vectors: (N, D) unit embeddings; N may be 0.
            track_ids: N different ids that stay the same through time.
            stamp_ns: Of the image.

        Raises:
            ValueError: Shapes do not fit, an id stands twice, or a value is not finite.
        """
        values = np.asarray(vectors, np.float64)
        require_shape('vectors', values, (len(track_ids), self.classifier.dim))
        require_finite('vectors', values)
        if len(set(track_ids)) != len(track_ids):
            raise ValueError(f'track_ids: one stands twice in {list(track_ids)}')
        self._forget(stamp_ns)
        now = self.classifier.score(values)
        scores = self._mixed(values, now, track_ids) if len(now) else now
        for track_id, vector, own, mixed in zip(track_ids, values, now, scores, strict=True):
            if vector.any():  # a covered lens says nothing, and nothing is forgotten for it
                self._past[track_id] = _Past(stamp_ns, vector, mixed if self._config.memory == 'all' else own)
        labels, threshold = self.classifier.labels, self._config.threshold
        rows = zip(track_ids, values, scores, strict=True)
        return [decide(row * bool(vector.any()), labels, threshold, track_id) for track_id, vector, row in rows]

    def clear(self) -> None:
        """Forget all that came before."""
        self._past.clear()

    def _forget(self, stamp_ns: int) -> None:
        """Drop tracks that were not seen for long, or all when time went back."""
        self._past = {i: p for i, p in self._past.items() if 0 <= stamp_ns - p.stamp_ns <= self._max_gap_ns}

    def _mixed(
        self, vectors: NDArray[np.float64], scores: NDArray[np.float64], track_ids: Sequence[str]
    ) -> NDArray[np.float64]:
        """(N, C) scores of present and past; a track without a past, or in another scene, has its own."""
        before = scores.copy()
        for row, (track_id, vector) in enumerate(zip(track_ids, vectors, strict=True)):
            past = self._past.get(track_id)
            if past is not None and float(vector @ past.vector) >= self._config.scene_similarity:
                before[row] = past.scores
        return time_mix(scores[:, None], self._config.mix, before)[:, 0]
