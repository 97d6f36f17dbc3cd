# SPDX-License-Identifier: Apache-2.0
"""Which keyframes of one map show places of another? Judged as the node judges a drive through the other one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from waymark.maps import Keyframe, Link, PlaceMap
from waymark.maps.merging import changed
from waymark.places import PlacesConfig
from waymark.places.finder import Findings, PlaceFinder, View
from waymark.places.sequence import SequenceFilter, evidence_of
from waymark.places.summary import Summary, summarise, unpack_summary


def link_places(
    place_map: PlaceMap, start: int, config: PlacesConfig, progress: Callable[[int, int], None] | None = None
) -> list[Link]:
    """Find keyframes from `start` on that show places of those before, and link them.

    Embeddings and bags suggest, layouts and local features rank, a homography verifies, and a belief through the order
    of the keyframes must not contradict: one lookalike among views of elsewhere is no link. Places that are found in
    both become one: the earlier place's id.

    Args:
        place_map: Changed in place.
        start: First id of the second map.
        config: How many candidates are looked at, and when they agree.
        progress: Told keyframes done and their number.

    Returns:
        The new links.

    Raises:
        MapError: A keyframe is damaged.
    """
    views = [(keyframe, _summary(keyframe)) for keyframe in place_map.keyframes.values()]
    old = [(k, s) for k, s in views if k.keyframe_id < start]
    new = [(k, s) for k, s in views if k.keyframe_id >= start]
    if not old or not new:
        return []
    drive, found = _Drive(old, config), []
    for done, (keyframe, summary) in enumerate(new):
        if (link := drive.link(keyframe, summary)) is not None:
            found.append(place_map.link(link.first, link.second, link.inliers))
        if progress is not None:
            progress(done + 1, len(new))
    _join_places(place_map, found)
    return found


class _Drive:
    """Through the second map in its order, with the first one known."""

    def __init__(self, known: Sequence[tuple[Keyframe, Summary]], config: PlacesConfig) -> None:
        local = replace(config, search_index='auto')  # a server holds the vectors of one map, and this is none
        self._config, self._finder = config, PlaceFinder(local, len(known[0][0].vector), known=known)
        self._ids = np.array([keyframe.keyframe_id for keyframe, _ in known], np.int64)
        self._path = SequenceFilter()
        self._path.grow(len(known))
        self._last: int | None = None

    def link(self, keyframe: Keyframe, summary: Summary) -> Link | None:
        """The next keyframe's place in the first map, or None."""
        view = View(keyframe.vector, keyframe.features, lambda: summary)
        found = self._finder.find(view, expected=self._expected())
        verified = [m for m in found.matches if m.inliers >= self._config.min_inliers]
        belief = self._belief(found, [m.keyframe_id for m in verified])
        if not verified or belief < self._config.min_belief:
            self._last = None
            return None
        self._last = verified[0].keyframe_id
        return Link(keyframe.keyframe_id, self._last, verified[0].inliers)

    def _belief(self, found: Findings, verified: Sequence[int]) -> float:
        self._path.update(np.searchsorted(self._ids, found.keys), evidence_of(found.scores, found.verified))
        return self._path.near(np.searchsorted(self._ids, np.array(verified, np.int64)), self._config.neighbourhood)

    def _expected(self) -> Sequence[int]:
        if self._last is None:
            return ()
        at, reach = int(np.searchsorted(self._ids, self._last)), self._config.neighbourhood
        return [int(i) for i in self._ids[max(at - reach, 0) : at + reach + 1]]


def _summary(keyframe: Keyframe) -> Summary:
    return unpack_summary(keyframe.summary) or summarise(keyframe)


def _join_places(place_map: PlaceMap, found: list[Link]) -> None:
    """Give each place of the second map the id of the place that most inliers say it is."""
    votes: dict[int, Counter[int]] = {}
    for link in found:
        place = place_map.keyframes[link.first].place_id
        votes.setdefault(place, Counter())[place_map.keyframes[link.second].place_id] += link.inliers
    for keyframe in list(place_map.keyframes.values()):
        if keyframe.place_id in votes:
            place_map.replace(changed(keyframe, place_id=votes[keyframe.place_id].most_common(1)[0][0]))
