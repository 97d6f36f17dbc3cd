# SPDX-License-Identifier: Apache-2.0
"""Dissolves: for a while, each frame is a mixture of what was before and what comes after, wherever the camera moves.

Fine detail gives the hint: that of two scenes does not add up, so that a mixture has about half of it. The proof is in
waymark.shots.mixtures.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from waymark.shots.boundary import DISSOLVE, Boundary
from waymark.shots.config import ShotsConfig
from waymark.shots.cuts import SAME, Step
from waymark.shots.mixtures import mixed_extent
from waymark.shots.signature import Signature
from waymark.shots.views import Views

SETTLE = 4  # frames after the mixture that are waited for
_EVERY = 4  # frames between two looks
_SPANS = 8, 12, 16, 22, 30, 40  # frames from the old shot to the new
_DIP = 0.76  # detail in the middle, as a share of that at the ends
_LEAST_CHANGE = 0.25  # rms difference of both ends, as a share of the contrast
_LEAST_TEXTURED = 0.08  # share of either view: the picture may have gone plain for a while
_PLAIN = 0.25  # contrast of any frame against the richer end: below, it is a fade
_SINCE_BLANK = 8  # frames
_STILL_GOES_ON = 0.02  # by which the next look finds both ends less alike
_LIKE = 0.34  # most likeness of both ends
_CLEAR = 0.3  # how alike frames within a shot must be


class DissolveWatch:
    """Looks for mixtures in the latest frames."""

    def __init__(self, config: ShotsConfig, views: Views) -> None:
        """Take limits, and what compares views."""
        self._config = config
        self._views = views
        longest = config.boundary_longest
        self._spans = sorted({n for n in _SPANS if n < longest} | {longest})
        self._found: Boundary | None = None

    def observe(self, steps: Sequence[Step], last_boundary: int) -> Boundary | None:
        """Take the newest frame.

        Args:
            steps: The latest frames, oldest first.
            last_boundary: Index of the frame that the present shot began with: dissolves lie behind it.

        Returns:
            The dissolve that is certain now, or None.
        """
        if steps[-1].sign.index % _EVERY:
            return None
        earlier, self._found = self._found, self._looked(steps, last_boundary)
        if earlier is None or (self._found is not None and self._found.score > earlier.score + _STILL_GOES_ON):
            return None
        self._found = None
        return earlier

    def finish(self) -> Boundary | None:
        """At the stream's end: the dissolve that might have gone on, or None."""
        return self._found

    def _looked(self, steps: Sequence[Step], last_boundary: int) -> Boundary | None:
        newest, last = steps[-1].sign, len(steps) - 1 - SETTLE
        for span in self._spans:
            first = last - span
            if first < 0 or newest.index - SETTLE - span < last_boundary:
                return None
            ends = steps[first].sign.detail + steps[last].sign.detail
            if steps[last - span // 2].sign.detail > 0.5 * _DIP * ends or not ends:
                continue
            if any(s.sign.blank for s in steps[max(0, first - _SINCE_BLANK) :]):
                return None  # that is a fade
            found = self._judged([s.sign for s in steps[first : last + 1]], newest)
            if found is not None:
                return found
        return None

    def _judged(self, signs: list[Signature], newest: Signature) -> Boundary | None:
        old, new = signs[0], signs[-1]
        contrast = max(0.5 * (old.spread + new.spread), 6.0) * np.sqrt(old.tiny.size)
        if cv2.norm(old.tiny, new.tiny) < _LEAST_CHANGE * contrast:
            return None
        plain = _PLAIN * max(old.spread, new.spread)
        if any(s.spread < plain for s in signs):
            return None
        likeness = self._views.likeness(old, new)
        if likeness >= min(_LIKE, self._config.boundary_likeness):
            return None
        extent = mixed_extent(signs, self._views)
        if extent is None or min(self._views.textured(s) for s in (old, new)) < _LEAST_TEXTURED:
            return None
        clear = min(self._views.clearness(side) for side in (signs[:3], [*signs[-2:], newest]))
        if clear < _CLEAR or likeness >= SAME * clear:
            return None
        if self._views.turned_likeness(old, new) >= self._config.boundary_likeness:
            return None
        begin, end = (signs[i] for i in extent)
        return Boundary(DISSOLVE, end.index, end.header, begin.index, begin.header.stamp_ns, 1.0 - likeness)
