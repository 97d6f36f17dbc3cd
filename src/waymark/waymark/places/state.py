# SPDX-License-Identifier: Apache-2.0
"""LOST, CANDIDATE, LOCALIZED: slow to believe, slow to despair, never LOCALIZED without a verified match."""

from __future__ import annotations

from enum import Enum

from waymark.places.config import PlacesConfig


class PlaceState(Enum):
    """Numbers as in waymark_msgs/Localization."""

    LOST = 0  # no believable place
    CANDIDATE = 1  # a place looks likely, not verified often enough (or not in this image)
    LOCALIZED = 2  # verified in this image and before


class Belief:
    """Turns a stream of verified and unverified images into states."""

    def __init__(self, config: PlacesConfig) -> None:
        self._config = config
        self._agreeing = 0  # verified images in a row that agree with each other
        self._missed = 0  # unverified images in a row
        self._is_sure = False
        self._place: int | None = None

    def update(self, place_id: int | None, belief: float = 1.0) -> PlaceState:
        """Take in one image.

        Args:
            place_id: Where a verified match says the image is (neighbours' ids differ little), or None.
            belief: Probability of that place through time (see SequenceFilter); below `min_belief` the match is one
                that fits no path so far, and counts as none that agrees.

        Returns:
            LOCALIZED only for a verified image, after `localize_after` agreeing ones; once localized,
            single unverified images only make CANDIDATE, and `lose_after` of them LOST.
        """
        return self._miss() if place_id is None else self._hit(place_id, belief >= self._config.min_belief)

    def _hit(self, place_id: int, is_likely: bool) -> PlaceState:
        near = is_likely and self._place is not None and abs(place_id - self._place) <= self._config.neighbourhood
        self._agreeing = (self._agreeing + 1 if near else 1) if is_likely else 0
        self._is_sure = (self._is_sure and near) or self._agreeing >= self._config.localize_after
        self._place, self._missed = place_id, 0
        return PlaceState.LOCALIZED if self._is_sure else PlaceState.CANDIDATE

    def _miss(self) -> PlaceState:
        self._missed += 1
        if not self._is_sure or self._missed >= self._config.lose_after:
            self._place, self._agreeing, self._is_sure = None, 0, False
            return PlaceState.LOST
        return PlaceState.CANDIDATE
