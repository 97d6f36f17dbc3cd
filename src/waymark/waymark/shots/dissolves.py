# SPDX-License-Identifier: Apache-2.0
"""Dissolves: for a while, each frame is a mixture of what was before and what comes after, wherever the camera moves.

Fine detail gives the hint: that of two scenes does not add up, so that a mixture has about half of it. The proof is
that frames in between are (1 - share) * old + share * new, with a share that grows and is the same all over the
picture: in a pan, or behind something that passes, each place shows one or the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.shots.boundary import DISSOLVE, Boundary
from waymark.shots.config import ShotsConfig
from waymark.shots.cuts import Step
from waymark.shots.signature import Signature
from waymark.shots.views import Views

SETTLE = 4  # frames after the mixture that are waited for
_EVERY = 4  # frames between two looks
_SPANS = 8, 12, 16, 22, 30, 40  # frames from the old shot to the new
_DIP = 0.82  # detail in the middle, as a share of that at the ends
_LEAST_CHANGE = 0.25  # rms difference of both ends, as a share of the contrast
_LEAST_TEXTURED = 0.08  # share of either view: the picture may have gone plain for a while
_PLAIN = 0.25  # contrast of any frame against the richer end: below, it is a fade
_SINCE_BLANK = 8  # frames
_STILL_GOES_ON = 0.02  # by which the next look finds both ends less alike
_LIKE = 0.34  # most likeness of both ends
_SAME, _CLEAR = 0.6, 0.3  # as for cuts; and how alike frames within a shot must be
_LOOKS = 0.5, 0.3, 0.4, 0.6, 0.7  # where in the span
_MIXED = 0.15, 0.85
_INSIDE = 0.08, 0.92
_LEAST_MIXED = 3  # looks
_JUMP = 0.35  # share of the mixture by which a look may differ from the last; more is a cut
_BACK = 0.08  # by which it may go back
_LEAST_SLOPE = 0.8  # of the mixture, over the whole span
_OUTSIDE = 0.12  # share of the span by which the line through the looks may begin before it, or end behind it
_RESIDUAL = 0.36  # rms that the mixture may leave unexplained, as a share of the difference of both ends
_OVERLAP = 0.3  # share of the picture in which both ends, moved along, can be seen


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
        extent = self._extent(signs)
        if extent is None or min(self._views.textured(s) for s in (old, new)) < _LEAST_TEXTURED:
            return None
        clear = min(self._views.clearness(side) for side in (signs[:3], [*signs[-2:], newest]))
        if clear < _CLEAR or likeness >= _SAME * clear:
            return None
        if self._views.turned_likeness(old, new) >= self._config.boundary_likeness:
            return None
        begin, end = (signs[i] for i in extent)
        return Boundary(DISSOLVE, end.index, end.header, begin.index, begin.header.stamp_ns, 1.0 - likeness)

    def _extent(self, signs: list[Signature]) -> tuple[int, int] | None:
        """Index of the first mixed frame and of the first wholly new one; None where no mixture goes on steadily."""
        last, looks = len(signs) - 1, []
        for look in _LOOKS:
            at = round(look * last)
            share, residual, overlap = self._mixture(signs[0], signs[at], signs[-1])
            if residual > _RESIDUAL or overlap < _OVERLAP:
                return None
            if not looks and not _MIXED[0] < share < _MIXED[1]:
                return None
            looks.append((at, share))
        looks.sort()
        moves = [b[1] - a[1] for a, b in pairwise(looks)]
        inside = [(at, share) for at, share in looks if _INSIDE[0] < share < _INSIDE[1]]
        if min(moves) < -_BACK or max(moves) > _JUMP or len(inside) < _LEAST_MIXED:
            return None
        slope, at_zero = np.polyfit(*zip(*inside, strict=True), 1)
        if slope * last < _LEAST_SLOPE:
            return None
        begin, end = -at_zero / slope, (1 - at_zero) / slope
        if begin < -_OUTSIDE * last or end > (1 + _OUTSIDE) * last:
            return None
        first, new = int(np.ceil(begin)), int(np.ceil(end))
        return min(max(first, 0), inside[0][0]), max(min(new, last), inside[-1][0] + 1)

    def _mixture(self, old: Signature, here: Signature, new: Signature) -> tuple[float, float, float]:
        """Fit a frame as (1 - share) * old + share * new, both moved to where they lie in it."""
        (before, seen_before), (after, seen_after) = (self._moved(s, here) for s in (old, new))
        seen = (seen_before * seen_after)[..., None]
        way, rest = (after - before) * seen, (_smooth(here) - before) * seen
        energy = max(float(cv2.norm(way, cv2.NORM_L2SQR)), 1e-6)
        share = float((way * rest).sum()) / energy
        return share, float(cv2.norm(rest - share * way)) / np.sqrt(energy), float(seen.mean())

    def _moved(self, sign: Signature, here: Signature) -> tuple[NDArray[Any], NDArray[Any]]:
        x, y = self._views.shift(here, sign)
        M = np.array([[1, 0, x], [0, 1, y]], np.float32)
        picture = _smooth(sign)
        size_wh = picture.shape[1], picture.shape[0]
        return cv2.warpAffine(picture, M, size_wh), cv2.warpAffine(np.ones(picture.shape[:2], np.float32), M, size_wh)


def _smooth(sign: Signature) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(sign.small.astype(np.float32), (0, 0), 1.5))
