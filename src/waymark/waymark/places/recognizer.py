# SPDX-License-Identifier: Apache-2.0
"""Knows where it has been: keyframes, retrieval by embedding, verification by features, LOST otherwise."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.errors import ModelError
from waymark.image.features import Features
from waymark.image.homography import register
from waymark.maps import Keyframe, encode_thumbnail
from waymark.places.anchor import MapFix
from waymark.places.config import PlacesConfig
from waymark.places.finder import Findings, PlaceFinder, View, view_of
from waymark.places.keyframes import KeyframeBudget, KeyframeSelector, shows_something, view_overlap
from waymark.places.sequence import SequenceFilter, evidence_of
from waymark.places.state import Belief, PlaceState
from waymark.places.summary import Summary, pack_summary, summarise, unpack_summary
from waymark.places.verification import PlaceMatch
from waymark.places.views import Lenses
from waymark.types import NANOSECONDS, Frame

_AGAIN = 3  # keyframes of the last search that are looked at before the whole map


@dataclass(frozen=True, eq=False)
class Localization:
    """Where one image says the robot is.

    Attributes:
        state: How sure that is.
        match: The verified match; None unless LOCALIZED.
        candidate: The best supported keyframe, believed or not; None where none passes the geometric gates.
        nearest_id: The keyframe with the most similar embedding among those that were looked at, or None.
        best_similarity: Its cosine similarity, -1 to 1; 0 where there is none.
        keyframe_count: In the map, after this image.
        new_keyframe: The keyframe that this image became, or None.
        view: The image, described.
        removed: Ids of keyframes that had to go for it (`max_keyframes`).
        fix: Where the robot is in the map; None unless a match in metres, with a keyframe that has a pose, says so.
    """

    state: PlaceState
    match: PlaceMatch | None
    candidate: PlaceMatch | None
    nearest_id: int | None
    best_similarity: float
    keyframe_count: int
    new_keyframe: Keyframe | None
    view: View
    removed: tuple[int, ...] = ()
    fix: MapFix | None = None


class PlaceRecognizer:
    """The map in memory and the belief about where in it the robot is."""

    def __init__(self, config: PlacesConfig) -> None:
        self._config = config
        self._selector = KeyframeSelector(config)
        self._budget = KeyframeBudget(config.max_keyframes)
        self._belief = Belief(config)
        self._path = SequenceFilter()
        self._finder: PlaceFinder | None = None
        self._fingerprint = ''
        self._keys: list[int] = []
        self._places: list[int] = []
        self._pinned: frozenset[int] = frozenset()
        self._last_match: int | None = None
        self._state = PlaceState.LOST
        self._since_search = 0  # images since the whole map was searched
        self._shown: tuple[int, ...] = ()  # keyframes that that image showed, best first
        self._first_own = 0  # ids below are of a map that was made before: none of them is recent

    @classmethod
    def from_config(cls, config: PlacesConfig) -> PlaceRecognizer:
        """Start with an empty map."""
        return cls(config)

    @property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """The map, in order of appearance."""
        return () if self._finder is None else tuple(self._finder.keyframes.values())

    @property
    def finder(self) -> PlaceFinder | None:
        """The map's views, searched by image; None before the first embedding."""
        return self._finder

    def load(
        self,
        keyframes: Iterable[Keyframe],
        fingerprint: str,
        pinned: Iterable[int] = (),
        summaries: Mapping[int, Summary] | None = None,
    ) -> None:
        """Start from a map that was made before; new keyframes are counted on from its last id.

        Args:
            keyframes: In order of their ids.
            fingerprint: Of the encoder that made their vectors.
            pinned: Ids that must stay (those of routes), whatever `max_keyframes`.
            summaries: By id, as far as they are at hand; the others are read from the keyframe, or made.

        Raises:
            ValueError: This recognizer has keyframes already, or their vectors differ in length.
        """
        if self._keys:
            raise ValueError(f'load: there are {len(self._keys)} keyframes already')
        self._pinned = frozenset(pinned)
        ready = summaries or {}
        known = [(k, ready.get(k.keyframe_id) or unpack_summary(k.summary) or summarise(k)) for k in keyframes]
        if not known:
            return
        self._start(known[0][0].vector, fingerprint, known)
        for keyframe, _ in known:
            self._note(keyframe)
        self._path.grow(len(self._keys))
        self._first_own = self._keys[-1] + 1

    def observe(
        self,
        frame: Frame,
        vector: NDArray[np.float32],
        fingerprint: str,
        moved: float | None = None,
        keep: bool = True,
        moving: NDArray[np.floating] | None = None,
        lenses: Lenses | None = None,
        features: Features | None = None,
    ) -> Localization:
        """Look one image up in the map, then perhaps keep it.

        Args:
            frame: The image.
            vector: (D,) float32, its unit embedding.
            fingerprint: Of the encoder that made `vector`.
            moved: Distance since the last image by odometry, in steps between keyframes; None: unknown.
            keep: Whether it may become a keyframe: not so where a finished map is only used.
            moving: (H, W) of the image, 0 to 1 (waymark.masks.motion_mask): features on what moves are left out of
                matching and of keyframes; None: none are.
            lenses: The cameras of the map and of this image: with them, scenes with depth are verified too.
            features: Of the image, where they were found before; None: they are found now.

        Raises:
            ModelError: The map was made with another encoder.
            ValueError: `vector` has another shape than before, or is not finite.
        """
        finder = self._finder_for(vector, fingerprint)
        if not shows_something(frame.gray):  # whatever direction a network gives it
            vector = np.zeros_like(vector)
        below = self._first_recent(frame.header.stamp_ns)
        view = view_of(frame, vector, self._config, moving, features)
        found = self._look(finder, view, below, lenses) if below else Findings.nothing()
        self._state = state = self._judge(found, moved)
        match = found.match if state is PlaceState.LOCALIZED else None
        new = self._keep(frame, view, match, finder) if keep else None
        removed = self._trim(finder)
        return Localization(
            state, match, found.match, found.nearest_id, found.best_similarity, len(self._keys), new, view, removed
        )

    def require_fingerprint(self, fingerprint: str) -> None:
        """Refuse an encoder whose vectors can't be compared with the map's; an empty map takes any.

        Raises:
            ModelError: The map was made with another encoder.
        """
        if self._finder is not None and fingerprint != self._fingerprint:
            raise ModelError(
                f'the place map was made by the encoder with fingerprint {self._fingerprint[:16]}…, this '
                f'embedding by {fingerprint[:16]}…. Use that encoder, or start a new map.'
            )

    def _look(self, finder: PlaceFinder, view: View, below: int, lenses: Lenses | None) -> Findings:
        """Where the last image was LOCALIZED, look there first; now and then in the whole map all the same."""
        self._since_search += 1
        if self._state is PlaceState.LOCALIZED and self._since_search < self._config.search_every:
            again = finder.find_again(view, [key for key in self._shown if key < below], lenses)
            if again is not None:
                return again
        found = finder.find(view, below, self._expected(below), lenses)
        verified = (m.keyframe_id for m in found.matches if m.strength >= self._config.min_inliers)
        self._since_search, self._shown = 0, tuple(verified)[:_AGAIN]
        return found

    def _judge(self, found: Findings, moved: float | None) -> PlaceState:
        """Move the belief on by one image."""
        positions = self._positions(found.keys.tolist())
        self._path.update(positions, evidence_of(found.scores, found.verified), moved)
        verified = [m for m in found.matches if m.strength >= self._config.min_inliers]
        if not verified:
            state = self._belief.update(None)
            self._last_match = None if state is PlaceState.LOST else self._last_match
            return state
        # All of them show this image's place: being near any one of them is being there.
        shown = self._positions([m.keyframe_id for m in verified])
        self._last_match = verified[0].keyframe_id
        place = self._places[int(shown[0])]
        return self._belief.update(place, self._path.near(shown, self._config.neighbourhood))

    def _positions(self, ids: Iterable[int]) -> NDArray[np.intp]:
        """Where keyframes are in the map's order; np.searchsorted would copy a list of thousands each time."""
        return np.array([bisect_left(self._keys, i) for i in ids], np.intp)

    def _expected(self, below: int) -> list[int]:
        """Keyframes that should come next, whatever the embedding says: robots move without jumps."""
        if self._last_match is None:
            return []
        at = bisect_left(self._keys, self._last_match)
        reach = self._config.neighbourhood
        return [key for key in self._keys[max(at - reach, 0) : at + reach + 1] if key < below]

    def _finder_for(self, vector: NDArray[np.float32], fingerprint: str) -> PlaceFinder:
        require_shape('vector', vector, ('D',))
        require_finite('vector', vector)
        self.require_fingerprint(fingerprint)
        finder = self._finder or self._start(vector, fingerprint)
        require_shape('vector', vector, (self._dim,))
        return finder

    def _start(
        self, vector: NDArray[np.float32], fingerprint: str, known: Sequence[tuple[Keyframe, Summary]] = ()
    ) -> PlaceFinder:
        self._dim, self._fingerprint = len(vector), fingerprint
        self._finder = PlaceFinder(self._config, len(vector), fingerprint, known)
        return self._finder

    def _first_recent(self, stamp_ns: int) -> int:
        """Id from which on keyframes are too young to match; 0 when all are."""
        count = max(len(self._keys) - self._config.exclude_recent, 0)
        newest_ns = stamp_ns - round(self._config.exclude_recent_s * NANOSECONDS)
        known = self._finder.keyframes if self._finder is not None else {}
        while count and known[self._keys[count - 1]].header.stamp_ns > newest_ns:
            count -= 1
        return max(self._keys[count - 1] + 1 if count else 0, self._first_own)

    def _keep(self, frame: Frame, view: View, match: PlaceMatch | None, finder: PlaceFinder) -> Keyframe | None:
        if not self._selector.is_due(frame.header.stamp_ns, view.vector, lambda: self._overlap(view)):
            return None
        if match is not None and self._is_known(match, finder):
            return None
        number = self._keys[-1] + 1 if self._keys else 0
        place = number if match is None else self._places[bisect_left(self._keys, match.keyframe_id)]
        thumbnail = encode_thumbnail(frame.rgb)
        summary = pack_summary(view.summary)
        keyframe = Keyframe(number, frame.header, view.vector, view.features, place, thumbnail, summary=summary)
        finder.add(keyframe, view.summary)
        self._note(keyframe)
        self._path.grow(len(self._keys))
        return keyframe

    def _is_known(self, match: PlaceMatch, finder: PlaceFinder) -> bool:
        size_wh = finder.keyframes[match.keyframe_id].features.size_wh
        return self._selector.is_known(match.similarity, lambda: view_overlap(match.homography, size_wh))

    def _overlap(self, view: View) -> float | None:
        """Share of the last keyframe that an image shows; None where the two have too little in common."""
        if not self._keys or self._finder is None:
            return None
        last = self._finder.keyframes[self._keys[-1]].features
        found = register(last, view.features, self._config.ratio, self._config)
        return None if found is None else view_overlap(found, last.size_wh)

    def _note(self, keyframe: Keyframe) -> None:
        self._keys.append(keyframe.keyframe_id)
        self._places.append(keyframe.place_id)
        self._budget.add(keyframe.keyframe_id, keyframe.vector)

    def _trim(self, finder: PlaceFinder) -> tuple[int, ...]:
        """Let keyframes go while there are too many."""
        removed = []
        while (key := self._budget.surplus(self._pinned)) is not None:
            at = bisect_left(self._keys, key)
            finder.remove(key)
            self._budget.remove(key)
            self._path.remove(at)
            del self._keys[at], self._places[at]
            removed.append(key)
        return tuple(removed)
