# SPDX-License-Identifier: Apache-2.0
"""Knows where it has been: keyframes, retrieval by embedding, verification by features, LOST otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.errors import ModelError
from waymark.image.features import Features, detect
from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig
from waymark.places.keyframes import KeyframeSelector, shows_something
from waymark.places.retrieval import VectorIndex, fill_index, make_index
from waymark.places.state import Belief, PlaceState
from waymark.places.verification import PlaceMatch, best_match
from waymark.types import NANOSECONDS, Frame


@dataclass(frozen=True, eq=False)
class Localization:
    """Where one image says the robot is.

    Attributes:
        state: How sure that is.
        match: The verified match; None unless LOCALIZED.
        candidate: The best supported keyframe, believed or not; None where none passes the geometric gates.
        nearest_id: The keyframe with the most similar embedding among those that may match, or None.
        best_similarity: Its cosine similarity, -1 to 1; 0 where there is none.
        keyframe_count: In the map, after this image.
        new_keyframe: The keyframe that this image became, or None.
    """

    state: PlaceState
    match: PlaceMatch | None
    candidate: PlaceMatch | None
    nearest_id: int | None
    best_similarity: float
    keyframe_count: int
    new_keyframe: Keyframe | None


@dataclass(frozen=True, eq=False)
class _View:
    """One image compared with the map: its features where they were needed, and what is most alike."""

    features: Features | None = None
    candidate: PlaceMatch | None = None
    nearest_id: int | None = None
    best_similarity: float = 0.0


class PlaceRecognizer:
    """The map in memory and the belief about where in it the robot is."""

    def __init__(self, config: PlacesConfig) -> None:
        self._config = config
        self._selector = KeyframeSelector(config)
        self._belief = Belief(config)
        self._keyframes: list[Keyframe] = []
        self._index: VectorIndex | None = None
        self._fingerprint = ''
        self._last_match: int | None = None

    @classmethod
    def from_config(cls, config: PlacesConfig) -> PlaceRecognizer:
        """Start with an empty map."""
        return cls(config)

    @property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """The map, in order of appearance."""
        return tuple(self._keyframes)

    def observe(self, frame: Frame, vector: NDArray[np.float32], fingerprint: str) -> Localization:
        """Look one image up in the map, then perhaps keep it.

        Args:
            frame: The image.
            vector: (D,) float32, its unit embedding.
            fingerprint: Of the encoder that made `vector`.

        Raises:
            ModelError: The map was made with another encoder.
            ValueError: `vector` has another shape than before, or is not finite.
        """
        index = self._index_for(vector, fingerprint)
        if not shows_something(frame.gray):  # whatever direction a network gives it
            vector = np.zeros_like(vector)
        view = self._look_up(frame, vector, index)
        found = view.candidate
        is_verified = found is not None and found.inliers >= self._config.min_inliers
        place_id = self._place_of(found) if is_verified else None
        state = self._belief.update(place_id)
        if found is not None and is_verified:
            self._last_match = found.keyframe_id
        elif state is PlaceState.LOST:
            self._last_match = None
        match = found if state is PlaceState.LOCALIZED else None
        new = self._keep(frame, vector, view.features, match, index)
        return Localization(state, match, found, view.nearest_id, view.best_similarity, len(self._keyframes), new)

    def require_fingerprint(self, fingerprint: str) -> None:
        """Refuse an encoder whose vectors can't be compared with the map's; an empty map takes any.

        Raises:
            ModelError: The map was made with another encoder.
        """
        if self._index is not None and fingerprint != self._fingerprint:
            raise ModelError(
                f'the place map was made by the encoder with fingerprint {self._fingerprint[:16]}…, this '
                f'embedding by {fingerprint[:16]}…. Use that encoder, or start a new map.'
            )

    def _look_up(self, frame: Frame, vector: NDArray[np.float32], index: VectorIndex) -> _View:
        """Compare an image with the map, without changing it."""
        eligible = self._eligible(frame.header.stamp_ns)
        ids, similarities = index.search(vector, self._config.retrieve, eligible)
        if len(ids) == 0:
            return _View()
        nearest = (int(ids[0]), float(similarities[0]))
        if not vector.any():  # nothing in view
            return _View(None, None, *nearest)
        likely = {int(i) for i, s in zip(ids, similarities, strict=True) if s >= self._config.min_similarity}
        ids = np.array(sorted(likely | self._expected(eligible)), np.intp)
        if len(ids) == 0:
            return _View(None, None, *nearest)
        features = detect(frame.gray, self._config)
        candidates = [(self._keyframes[i], float(self._keyframes[i].vector @ vector)) for i in ids]
        return _View(features, best_match(features, candidates, self._config), *nearest)

    def _expected(self, eligible: int) -> set[int]:
        """Keyframes that should come next, whatever the embedding says: robots move without jumps."""
        if self._last_match is None:
            return set()
        reach = self._config.neighbourhood
        return set(range(max(self._last_match - reach, 0), min(self._last_match + reach + 1, eligible)))

    def _place_of(self, match: PlaceMatch | None) -> int | None:
        return None if match is None else self._keyframes[match.keyframe_id].place_id

    def _index_for(self, vector: NDArray[np.float32], fingerprint: str) -> VectorIndex:
        require_shape('vector', vector, ('D',))
        require_finite('vector', vector)
        self.require_fingerprint(fingerprint)
        if self._index is None:
            index = make_index(self._config, len(vector), fingerprint)
            fill_index(index, np.zeros(0, np.int64), np.zeros((0, len(vector)), np.float32))
            self._index, self._fingerprint = index, fingerprint
        return self._index

    def _eligible(self, stamp_ns: int) -> int:
        """Number of keyframes, from the first, that are old enough to match."""
        count = max(len(self._keyframes) - self._config.exclude_recent, 0)
        newest_ns = stamp_ns - round(self._config.exclude_recent_s * NANOSECONDS)
        while count and self._keyframes[count - 1].header.stamp_ns > newest_ns:
            count -= 1
        return count

    def _keep(
        self,
        frame: Frame,
        vector: NDArray[np.float32],
        features: Features | None,
        match: PlaceMatch | None,
        index: VectorIndex,
    ) -> Keyframe | None:
        if not self._selector.is_due(frame.header.stamp_ns, vector):
            return None
        features = detect(frame.gray, self._config) if features is None else features
        number = len(self._keyframes)
        known = self._place_of(match)
        keyframe = Keyframe(number, frame.header, vector, features, number if known is None else known)
        self._keyframes.append(keyframe)
        index.add(number, vector)
        return keyframe
