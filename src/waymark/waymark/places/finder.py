# SPDX-License-Identifier: Apache-2.0
"""Which keyframes does an image show? Embeddings suggest, layouts and local features rank, geometry verifies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features, detect, on_still_ground
from waymark.maps import Keyframe
from waymark.places.bag import BAG_DIM, bag_of
from waymark.places.config import PlacesConfig
from waymark.places.layout import LayoutStore, describe_layout
from waymark.places.retrieval import VectorIndex, fill_index, make_index
from waymark.places.summary import Summary
from waymark.places.verification import PlaceMatch, Support, support_candidates
from waymark.places.views import Lenses
from waymark.types import Frame

# Weights beside the cosine of the embeddings, chosen on vpr_corridor and generated worlds (see docs/places.md).
_LAYOUT_WEIGHT = 1.5
_MATCH_WEIGHT = 0.15  # of log(1 + matches): each more says less
# Keypoints that agree on a homography say how sure a match is, beyond what as many as this do by chance.
_CHANCE_INLIERS = 16
_INLIER_WEIGHT = 0.25
_DUE = 3  # neighbours of the last match that are always matched
# Where these alone are looked at, this many times `min_inliers` must agree: a place much like it might fit better.
_SURE = 1.5


@dataclass(frozen=True, eq=False)
class View:
    """What is known of one image.

    Attributes:
        vector: (D,) float32, its unit embedding.
        features: Its local features.
        summarise: Makes `summary`: not before it is asked for, as an image that shows what is expected needs none.
    """

    vector: NDArray[np.float32]
    features: Features
    summarise: Callable[[], Summary]

    @cached_property
    def summary(self) -> Summary:
        """What of it a map keeps beside features and embedding."""
        return self.summarise()


@dataclass(frozen=True, eq=False)
class Findings:
    """Keyframes that an image may show, best first.

    Attributes:
        keys: (K,) their ids.
        scores: (K,) how well each fits: cosine of the embeddings, fit of the layouts, matches of keypoints.
        verified: (K,) the same and how well keypoints agree on a homography: how sure each is.
        similarities: (K,) cosines of the embeddings, -1 to 1.
        matches: Those that pass the geometric gates, with any number of agreeing keypoints; those
            with at least `min_inliers` first, then best first.
        nearest_id: The keyframe with the most similar embedding, or None.
        best_similarity: Its cosine; 0 where there is none.
    """

    keys: NDArray[np.int64]
    scores: NDArray[np.float32]
    verified: NDArray[np.float32]
    similarities: NDArray[np.float32]
    matches: tuple[PlaceMatch, ...] = ()
    nearest_id: int | None = None
    best_similarity: float = 0.0

    @property
    def match(self) -> PlaceMatch | None:
        """The best of the matches, or None."""
        return self.matches[0] if self.matches else None

    @classmethod
    def nothing(cls) -> Findings:
        """No keyframe to compare with."""
        empty = np.zeros(0, np.float32)
        return cls(np.zeros(0, np.int64), empty, empty, empty)


def view_of(
    frame: Frame,
    vector: NDArray[np.float32],
    config: PlacesConfig,
    moving: NDArray[np.floating] | None = None,
    features: Features | None = None,
) -> View:
    """Describe an image.

    Args:
        frame: The image.
        vector: (D,) its unit embedding.
        config: Of the local features.
        moving: (H, W) of the image, 0 to 1: features on what moves are left out; None: none are.
        features: Of the image by that configuration, where they were found before.
    """
    features = detect(frame.gray, config) if features is None else features
    features = features if moving is None else on_still_ground(features, moving)
    return View(vector, features, lambda: Summary(describe_layout(frame.rgb), bag_of(features)))


class PlaceFinder:
    """The map's views, searched by image."""

    def __init__(
        self, config: PlacesConfig, dim: int, fingerprint: str = '', known: Sequence[tuple[Keyframe, Summary]] = ()
    ) -> None:
        """Start with the keyframes of a map, or without any.

        Args:
            config: How many are looked at, and the gates.
            dim: Length of the embeddings.
            fingerprint: Of the encoder.
            known: Keyframes in order of their ids, with their summaries.
        """
        self._config = config
        self._index = make_index(config, dim, fingerprint)
        # Bags come with the keyframes: they are nothing that a server should keep.
        kind = 'auto' if config.search_index == 'qdrant' else config.search_index
        self._bags = make_index(replace(config, search_index=kind), BAG_DIM)
        self._layouts = LayoutStore()
        self._keyframes: dict[int, Keyframe] = {}
        keys = np.array([keyframe.keyframe_id for keyframe, _ in known], np.int64)
        fill_index(self._index, keys, np.array([k.vector for k, _ in known], np.float32).reshape(-1, dim))
        self._bags.extend(keys, np.array([s.bag for _, s in known], np.float32).reshape(-1, BAG_DIM))
        for keyframe, summary in known:
            self._remember(keyframe, summary)

    @property
    def keyframes(self) -> Mapping[int, Keyframe]:
        """By id, in order of appearance."""
        return self._keyframes

    @property
    def index(self) -> VectorIndex:
        """Of the keyframes' embeddings."""
        return self._index

    def replace(self, keyframe: Keyframe) -> None:
        """Hold the same keyframe in another form: with its features in a file rather than in memory."""
        self._keyframes[keyframe.keyframe_id] = keyframe

    def add(self, keyframe: Keyframe, summary: Summary) -> None:
        """Take in a keyframe, and what its image's layout and bag are."""
        self._index.add(keyframe.keyframe_id, keyframe.vector)
        self._bags.add(keyframe.keyframe_id, summary.bag)
        self._remember(keyframe, summary)

    def _remember(self, keyframe: Keyframe, summary: Summary) -> None:
        if summary.layout is not None:
            self._layouts.add(keyframe.keyframe_id, summary.layout)
        self._keyframes[keyframe.keyframe_id] = keyframe

    def remove(self, key: int) -> None:
        """Forget a keyframe."""
        self._index.remove(key)
        self._bags.remove(key)
        self._layouts.remove(key)
        del self._keyframes[key]

    def by_embedding(self, view: View, below: int | None = None) -> Findings:
        """Rank by embedding alone.

        Args:
            view: The image.
            below: Look only at ids below this one.
        """
        keys, similarities = self._index.search(view.vector, self._config.retrieve, below)
        if len(keys) == 0:
            return Findings.nothing()
        return Findings(keys, similarities, similarities, similarities, (), int(keys[0]), float(similarities[0]))

    def _alike(self, view: View, below: int | None) -> list[int]:
        """Ids of the keyframes whose bags of features are most alike, best first."""
        if self._config.retrieve_bags == 0 or not view.summary.bag.any():
            return []
        keys, likeness = self._bags.search(view.summary.bag, self._config.retrieve_bags, below)
        return [int(k) for k, s in zip(keys, likeness, strict=True) if s > 0]

    def find_again(self, view: View, shown: Iterable[int], lenses: Lenses | None = None) -> Findings | None:
        """Look only at keyframes that the image before showed: a tenth of the work of `find`.

        Args:
            view: The image.
            shown: Their ids, best first.
            lenses: The cameras of the keyframes and of the image, None: unknown.

        Returns:
            The first that is verified by half as many keypoints again as are needed; None where none is that clear:
            then the whole map must be looked at.
        """
        if not view.vector.any():  # nothing in view
            return None
        for key in shown:
            keyframe = self._keyframes.get(key)
            if keyframe is None:
                continue
            score = np.array([keyframe.vector @ view.vector], np.float32)
            [support] = support_candidates(view.features, [keyframe], score, [0], self._config, lenses)
            if support.found is not None and support.found.strength >= _SURE * self._config.min_inliers:
                verified = score + np.float32(_agreement(support))
                return Findings(np.array([key]), score, verified, score, (support.found,), key, float(score[0]))
        return None

    def find(
        self, view: View, below: int | None = None, expected: Iterable[int] = (), lenses: Lenses | None = None
    ) -> Findings:
        """Rank by everything.

        Args:
            view: The image.
            below: Look only at ids below this one.
            expected: Ids that are looked at whatever the embedding says; those not below are left out.
            lenses: The cameras of the keyframes and of the image, None: unknown.
        """
        near = self.by_embedding(view, below)
        likely = {int(k) for k, s in zip(near.keys, near.scores, strict=True) if s >= self._config.min_similarity}
        due = {k for k in expected if k in self._keyframes and (below is None or k < below)}
        alike = self._alike(view, below)
        likely |= due | set(alike)
        keys = np.array(sorted(likely), np.int64)
        if len(keys) == 0 or not view.vector.any():  # nothing in view
            return near
        frames = [self._keyframes[int(k)] for k in keys]
        similarities = np.array([k.vector @ view.vector for k in frames], np.float32)
        scores = similarities + _LAYOUT_WEIGHT * self._layouts.compare(view.summary.layout, [int(k) for k in keys])
        chosen = _chosen(scores, np.isin(keys, list(due)), [int(np.searchsorted(keys, k)) for k in alike], self._config)
        support = support_candidates(view.features, frames, similarities, chosen, self._config, lenses)
        scores = scores + _MATCH_WEIGHT * np.log1p(np.array([s.matches for s in support], np.float32))
        verified = scores + np.array([_agreement(s) for s in support], np.float32)
        order = np.argsort(-scores, kind='stable')
        passed = [match for i in order if (match := support[i].found) is not None]
        passed.sort(key=lambda m: m.strength < self._config.min_inliers)  # stable: verified ones first, best first
        ranked = keys[order], scores[order], verified[order], similarities[order]
        return Findings(*ranked, tuple(passed), near.nearest_id, near.best_similarity)


def _chosen(scores: NDArray[np.float32], due: NDArray[np.bool_], alike: list[int], config: PlacesConfig) -> list[int]:
    """Places (in `scores`) of the candidates that local features are matched with, at most `match` and a few.

    The best by score; a third of them by their bag of features instead, for views that turned; and the three best of
    those due next: robots move without jumps.
    """
    by_score = [int(i) for i in np.argsort(-scores, kind='stable')]
    turned = alike[: config.match // 3]
    best = [i for i in by_score if i not in turned][: config.match - len(turned)]
    next_ones = [i for i in by_score if due[i]][:_DUE]
    return list(dict.fromkeys([*turned, *best, *next_ones]))


def _agreement(support: Support) -> float:
    agreeing = 0 if support.found is None else support.found.strength
    return float(_INLIER_WEIGHT * np.log1p(max(agreeing - _CHANCE_INLIERS, 0)))
