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

    def search(self, image: FramePyramid, tracks: Sequence[Track], moving: NDArray[np.floating] | None = None) -> None:
        """Look for those whose turn it is, with keypoints that are detected once.

        Args:
            image: The current one.
            tracks: All of them; those that were followed into this image know it already.
            moving: (H, W) of the image, 0 to 1: nothing is looked for on what moves; None: nothing does.
        """
        self._images += 1
        due = self._due(tracks)
        if not due:
            return
        features = self._detected(image, due[0])
        features = features if moving is None else on_still_ground(features, moving)
        for track in due:
            track.look_for(image, features)

    def _due(self, tracks: Sequence[Track]) -> list[Track]:
        """The doubtful first, then those not seen for long, then those followed for long without a check."""
        count = self._config.searched_at_once
        doubtful = [t for t in tracks if t.is_doubtful and t.unseen % 2]
        due = self._in_turn(doubtful, count)
        absent = [t for t in tracks if t.state is not TrackState.TRACKING and not t.is_doubtful]
        if self._images % self._config.search_every != 1 % self._config.search_every:
            absent = [t for t in absent if t.searches < _EAGER]  # a new one
        due += self._in_turn(absent, count - len(due))
        every = self._config.redetect_every
        followed = [t for t in tracks if t.state is TrackState.TRACKING and every and t.unchecked >= every]
        return due + followed[: max(count - len(due), 0) if due else 1]

    def _in_turn(self, tracks: list[Track], count: int) -> list[Track]:
        """Those who waited longest."""
        return sorted(tracks, key=lambda t: -t.unchecked)[: max(count, 0)]

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
