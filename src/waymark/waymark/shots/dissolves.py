# SPDX-License-Identifier: Apache-2.0
"""Dissolves: for a while, each frame is a mixture of what was before and what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.shots.boundary import DISSOLVE, Boundary
from waymark.shots.config import ShotsConfig
from waymark.shots.cuts import Step
from waymark.shots.views import Views

SETTLE = 8  # frames before and after the mixture that must be of one shot
_EVERY = 4  # frames between two looks
_LEAST_CHANGE = 0.35  # rms difference of both ends, as a share of the contrast
_STEADY = 0.4  # rms change within either shot as a share of the change between them
_RAMP = 0.06  # how far the mixture may have begun before, or go on after: there must be level ground on both sides
_LEAST_TEXTURED = 0.08  # share of either view: the picture may have gone plain for a while
_PLAIN = 0.25  # contrast of any frame against the richer end: below, it is a fade
_RESIDUAL = 0.3  # what the mixture may leave unexplained, likewise
_MIXED = 0.15, 0.85
_LEAST_MIXED = 3  # frames
_JUMP = 0.3  # share of the mixture by which one frame may go on; more is a cut
_SAME, _CLEAR = 0.6, 0.3  # as for cuts; and how alike frames within a shot must be
_BACK = 0.12  # by which it may go back


@dataclass(frozen=True, eq=False)
class _Mixture:
    share: NDArray[Any]  # (n,) of the new shot, by frame
    residual: float


class DissolveWatch:
    """Looks for mixtures in the latest frames."""

    def __init__(self, config: ShotsConfig, views: Views) -> None:
        """Take limits, and what compares views."""
        self._config = config
        self._views = views
        longest = config.boundary_longest
        self._spans = sorted({n for n in (10, 20, 36) if n < longest} | {longest})

    def observe(self, steps: Sequence[Step], last_boundary: int) -> Boundary | None:
        """Take the newest frame.

        Args:
            steps: The latest frames, oldest first.
            last_boundary: Index of the frame that the present shot began with: dissolves lie behind it.

        Returns:
            The dissolve that is certain now, or None.
        """
        newest = steps[-1].sign.index
        if newest % _EVERY:
            return None
        for span in self._spans:
            length = span + 2 * SETTLE + 1
            if len(steps) < length or newest - length < last_boundary:
                return None
            found = self._judged(list(steps)[-length:])
            if found is not None:
                return found
        return None

    def _judged(self, steps: list[Step]) -> Boundary | None:
        first, last = SETTLE, len(steps) - 1 - SETTLE
        ends = [steps[i].sign for i in (0, first, last, -1)]
        old, new = ends[1].tiny, ends[2].tiny
        change = cv2.norm(old, new)
        contrast = max(0.5 * (ends[1].spread + ends[2].spread), 6.0) * np.sqrt(old.size)
        steadiness = max(cv2.norm(ends[0].tiny, old), cv2.norm(new, ends[3].tiny))
        if change < _LEAST_CHANGE * contrast or steadiness > _STEADY * change:
            return None
        richest = max(s.spread for s in ends)
        if any(s.sign.blank or s.sign.spread < _PLAIN * richest for s in steps):
            return None
        tinies = [np.asarray(s.tiny, np.float32).ravel() for s in ends]
        way = (tinies[2] - tinies[1]) / change**2
        if (tinies[0] - tinies[1]) @ way < -_RAMP or (tinies[3] - tinies[2]) @ way > _RAMP:
            return None
        mixture = _mixture(steps[first : last + 1], tinies[1], tinies[2])
        if mixture is None:
            return None
        if min(self._views.textured(s) for s in (ends[0], ends[3])) < _LEAST_TEXTURED:
            return None
        unlike = 1.0 - self._views.likeness(ends[0], ends[3])
        clear = min(self._views.clearness([s.sign for s in side]) for side in (steps[:3], steps[-3:]))
        if 1.0 - unlike >= min(self._config.boundary_likeness, _SAME * clear) or clear < _CLEAR:
            return None
        begin, end = (steps[first + i].sign for i in _extent(mixture.share))
        return Boundary(DISSOLVE, end.index, end.header, begin.index, begin.header.stamp_ns, unlike)


def _mixture(steps: list[Step], old: NDArray[Any], new: NDArray[Any]) -> _Mixture | None:
    """Fit each frame as (1 - share) * old + share * new; None where they are no mixture that goes on steadily."""
    tinies = np.stack([s.sign.tiny for s in steps]).reshape(len(steps), -1).astype(np.float32)
    way = new - old
    squared = float(way @ way)
    share = (tinies - old) @ way / squared
    moves = np.diff(share)
    mixed = (share > _MIXED[0]) & (share < _MIXED[1])
    if moves.max() > _JUMP or moves.min() < -_BACK or mixed.sum() < _LEAST_MIXED:
        return None
    rest = tinies[mixed] - old - share[mixed, None] * way
    residual = float(np.sqrt((rest**2).sum(axis=1).mean() / squared))
    return _Mixture(share, residual) if residual < _RESIDUAL else None


def _extent(share: NDArray[Any]) -> tuple[int, int]:
    """Index of the first mixed frame and of the first that is wholly new, by a line through the middle of the ramp."""
    inside = np.flatnonzero((share > _MIXED[0]) & (share < _MIXED[1]))
    slope, at_zero = np.polyfit(inside, share[inside], 1)
    if slope <= 0:
        return int(inside[0]), int(inside[-1]) + 1
    begin, end = -at_zero / slope, (1 - at_zero) / slope
    return int(np.clip(np.ceil(begin), 0, inside[0])), int(np.clip(np.ceil(end), inside[-1] + 1, len(share) - 1))
