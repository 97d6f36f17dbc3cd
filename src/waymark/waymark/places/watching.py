# SPDX-License-Identifier: Apache-2.0
"""The standing queries of a live stream: views that somebody waits for, by image or by text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.config import Config, param
from waymark.errors import QueryError
from waymark.image.features import Features, detect
from waymark.image.homography import register
from waymark.places.config import PlacesConfig
from waymark.places.queries import require_something
from waymark.places.standing import Appearance, StandingQuery, StandingQueryConfig


@dataclass(frozen=True)
class WatchConfig(Config):
    """What is waited for from the start, and when it counts as seen."""

    watch_texts: tuple[str, ...] = param(
        (), 'Views to wait for, in words; the encoder of the stream must take texts (CLIP, SigLIP).'
    )
    watch_images: tuple[str, ...] = param((), 'Image files of views to wait for.', path=True)
    watch_image_similarity: float = param(
        0.3, 'Cosine similarity to an image from which local features are asked whether it is in view.', ge=-1, le=1
    )
    watch_text_similarity: float = param(
        0.25, 'Cosine similarity to a text that counts as seen; it differs from encoder to encoder.', ge=-1, le=1
    )
    watch_release: float = param(0.05, 'So far below must similarity fall before the view counts as gone.', ge=0, le=2)
    watch_after: int = param(2, 'Images in a row that show it and raise the event.', ge=1)
    watch_gone_after: int = param(5, 'Images in a row that do not show it before it can appear anew.', ge=1)


@dataclass(frozen=True, eq=False)
class _Watched:
    query: StandingQuery
    fingerprint: str
    features: Features | None  # of an image; None: a text


class WatchList:
    """Standing queries by name. Those by image are proved by local features, as matches of places are."""

    def __init__(self, places: PlacesConfig, watch: WatchConfig) -> None:
        """Wait for nothing yet.

        Args:
            places: How local features are found and verified.
            watch: Thresholds.
        """
        self._places, self._watch = places, watch
        self._watched: dict[str, _Watched] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Of all queries, in the order they were added."""
        return tuple(self._watched)

    def add_image(
        self, name: str, gray: NDArray[np.uint8], vector: NDArray[np.float32], fingerprint: str, threshold: float = 0.0
    ) -> None:
        """Wait for what an image shows.

        Args:
            name: Tells it from the others; one of this name is replaced.
            gray: (H, W) the image.
            vector: (D,) its unit vector.
            fingerprint: Of the encoder that made it.
            threshold: Cosine similarity; 0: `watch_image_similarity`.

        Raises:
            QueryError: The name is empty, or the image shows nothing that could be found.
        """
        require_something(gray, 'the wanted view')
        features = detect(gray, self._places)
        if len(features) < self._places.min_inliers:
            raise QueryError(
                f'the wanted view has {len(features)} local features, {self._places.min_inliers} must agree to prove '
                'it. Give an image with more detail.'
            )
        self._add(name, vector, fingerprint, threshold or self._watch.watch_image_similarity, features)

    def add_text(self, name: str, vector: NDArray[np.float32], fingerprint: str, threshold: float = 0.0) -> None:
        """Wait for what a text says.

        Args:
            name: Tells it from the others; one of this name is replaced.
            vector: (D,) unit vector of the text.
            fingerprint: Of the encoder that made it.
            threshold: Cosine similarity; 0: `watch_text_similarity`.

        Raises:
            QueryError: The name is empty.
        """
        self._add(name, vector, fingerprint, threshold or self._watch.watch_text_similarity, None)

    def remove(self, name: str) -> None:
        """Stop waiting.

        Raises:
            QueryError: There is no such query; the text lists those there are.
        """
        if name not in self._watched:
            known = ', '.join(repr(n) for n in self._watched) or 'none'
            raise QueryError(f'there is no standing query {name!r}. Known: {known}.')
        del self._watched[name]

    def reset(self) -> None:
        """Stamps begin anew: nothing is in sight."""
        for watched in self._watched.values():
            watched.query.reset()

    def observe(
        self, vector: NDArray[np.float32], fingerprint: str, stamp_ns: int, features: Features | None = None
    ) -> list[Appearance]:
        """Take in one image.

        Args:
            vector: (D,) its unit vector.
            fingerprint: Of the encoder that made it: queries of other encoders are left alone.
            stamp_ns: Of the image.
            features: Its local features; without them queries by image are left alone.

        Returns:
            What has come into sight with this image.
        """
        found = []
        for watched in self._watched.values():
            if watched.fingerprint != fingerprint or (watched.features is not None and features is None):
                continue
            appeared = watched.query.observe(vector, stamp_ns, self._prover(watched.features, features))
            if appeared is not None:
                found.append(appeared)
        return found

    def _prover(self, wanted: Features | None, seen: Features | None) -> Callable[[], int] | None:
        if wanted is None or seen is None:
            return None

        def shows() -> int:
            found = register(wanted, seen, self._places.ratio, self._places)
            return 0 if found is None else found.inlier_count

        return shows

    def _add(
        self, name: str, vector: NDArray[np.float32], fingerprint: str, threshold: float, features: Features | None
    ) -> None:
        if not name:
            raise QueryError('a standing query needs a name: its events carry it.')
        if not -1 <= threshold <= 1:
            raise QueryError(f'threshold: must be at least -1 and at most 1, got {threshold:g}')
        watch = self._watch
        config = StandingQueryConfig(threshold, watch.watch_release, watch.watch_after, watch.watch_gone_after)
        self._watched[name] = _Watched(StandingQuery(name, vector, config), fingerprint, features)
