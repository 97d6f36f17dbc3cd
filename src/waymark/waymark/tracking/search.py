# SPDX-License-Identifier: Apache-2.0
"""Which targets are looked for in an image, and how finely: not all in each one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features, detect, on_still_ground
from waymark.tracking.config import TrackerConfig
from waymark.tracking.pyramid import FramePyramid
from waymark.tracking.track import Track, TrackState

_HALF_FROM_PX = 480  # longer side from which half an image shows anything
_EAGER = 2  # searches for a new target that don't wait for their turn
_HALF_ENOUGH_PX = 200  # longer side of a target that half the image shows well enough


class Searcher:
    """Takes turns between the targets, so that twenty cost little more than four."""

    def __init__(self, config: TrackerConfig) -> None:
        self._config = config
        self._images = 0
        self._has_luck = False  # found something in the last image: others may be in view again as well

    def search(self, image: FramePyramid, tracks: Sequence[Track], moving: NDArray[np.floating] | None = None) -> None:
        """Look for those whose turn it is, with keypoints that are detected once.

        Args:
            image: The current one.
            tracks: All of them; those that were followed into this image know it already.
            moving: (H, W) of the image, 0 to 1: nothing is looked for on what moves; None: nothing does.
        """
        self._images += 1
        due = self._due(tracks)
        self._has_luck = False
        if not due:
            return
        features = self._detected(image, due[0])
        features = features if moving is None else on_still_ground(features, moving)
        for track in due:
            was_missing = track.found is None
            track.look_for(image, features)
            self._has_luck |= was_missing and track.found is not None

    def _due(self, tracks: Sequence[Track]) -> list[Track]:
        """In its turn an image is searched for the doubtful, then for the absent; in any other one for news alone."""
        missing = [t for t in tracks if t.state is not TrackState.TRACKING]
        is_turn = self._images % self._config.search_every == 1 % self._config.search_every
        if missing and (is_turn or self._has_luck):
            return self._in_turn(missing, self._config.searched_at_once)
        news = [t for t in missing if t.unseen == 1 and t.is_doubtful or t.searches < _EAGER and not t.is_doubtful]
        if news:
            return self._in_turn(news, 1)
        every = self._config.redetect_every
        return self._in_turn([t for t in tracks if t.found is not None and every and t.unchecked >= every], 1)

    def _in_turn(self, tracks: list[Track], count: int) -> list[Track]:
        """The doubtful first, then those who waited longest."""
        return sorted(tracks, key=lambda t: (not t.is_doubtful, -t.unchecked))[:count]

    def _detected(self, image: FramePyramid, first: Track) -> Features:
        """Keypoints of the image or of its half, in px of the image."""
        level = 1 if max(image.size_wh) >= _HALF_FROM_PX and self._half_is_enough(first) else 0
        found = detect(image.level(level), self._config)
        if level == 0:
            return found
        unscaled = np.linalg.inv(image.scaling(level))
        points = found.keypoints * unscaled[0, 0] + unscaled[:2, 2]
        return Features(points.astype(np.float32), found.descriptors, image.size_wh)

    def _half_is_enough(self, track: Track) -> bool:
        if track.size_px is not None and track.searches < 3:
            return track.size_px >= _HALF_ENOUGH_PX
        return track.searches % 2 == 1
