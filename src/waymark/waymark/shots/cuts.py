# SPDX-License-Identifier: Apache-2.0
"""Hard cuts: sudden changes that stand out from the motion around them and do not go back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from waymark.shots.config import ShotsConfig
from waymark.shots.signature import Change, Signature
from waymark.shots.views import Views
from waymark.types import NANOSECONDS

_WORST_GAP = 8.0  # periods: beyond, motion has no say in what a picture may show
_LEAST_CHANGE = Change(0.02, 0.02)  # noise and compression, where nothing moves
_SPIKE = 0.35  # of the change under judgement: what may be the other end of a flash
_MOST_SPIKES = 3


@dataclass(frozen=True, eq=False)
class Step:
    """A frame and how it differs from the one before."""

    sign: Signature
    change: Change


class CutJudge:
    """Judges one frame by those before and after it."""

    def __init__(self, config: ShotsConfig, views: Views) -> None:
        """Take limits, and what compares views."""
        self._config = config
        self._views = views

    def unlikeness(self, before: Sequence[Step], here: Step, after: Sequence[Step]) -> float | None:
        """Judge whether a shot begins at a frame.

        Args:
            before: Frames before it, oldest first; at least one.
            here: The frame.
            after: Frames after it.

        Returns:
            1 less the likeness of both sides; None where no cut is.
        """
        if not self._stands_out(before, here, after):
            return None
        befores = [before[-1].sign, *_before_spikes(before, here)]
        afters = [here.sign, *_after_spikes(after, here), *([after[-1].sign] if after else [])]
        if any(s.blank for s in (befores[0], here.sign)):
            return None  # told when the picture is back
        alike = 0.0
        for a in befores:
            for b in afters:
                alike = max(alike, self._views.likeness(a, b))
                if alike >= self._config.boundary_likeness:
                    return None
        return 1.0 - alike

    def _stands_out(self, before: Sequence[Step], here: Step, after: Sequence[Step]) -> bool:
        change = here.change
        if change.picture < self._config.boundary_change:
            return False
        around = [*before[-1:], *after[:1]]
        if any(step.change.picture > change.picture for step in around):
            return False
        gap = _gap(before, here)
        picture = change.picture / (gap * _motion([s.change.picture for s in before],
                                                  [s.change.picture for s in after], _LEAST_CHANGE.picture))  # fmt: skip
        colours = change.colours / (gap * _motion([s.change.colours for s in before],
                                                  [s.change.colours for s in after], _LEAST_CHANGE.colours))  # fmt: skip
        return bool(np.sqrt(picture * colours) >= self._config.boundary_ratio)


def _motion(before: list[float], after: list[float], least: float) -> float:
    """How much changes from frame to frame on the livelier side, but for one other sudden change there."""
    return max(_second_largest(before), _second_largest(after), least)


def _second_largest(values: list[float]) -> float:
    return sorted(values)[-2] if len(values) > 1 else 0.0


def _gap(before: Sequence[Step], here: Step) -> float:
    """How many frames' time passed before this one, by the stamps around it; 1 where they say nothing."""
    stamps = np.array([s.sign.header.stamp_ns for s in [*before, here]], np.float64) / NANOSECONDS
    periods = np.diff(stamps)
    usual = float(np.median(periods[:-1])) if len(periods) > 3 else 0.0
    return float(np.clip(periods[-1] / usual, 1.0, _WORST_GAP)) if usual > 0 else 1.0


def _before_spikes(before: Sequence[Step], here: Step) -> list[Signature]:
    """Frames just before earlier sudden changes: if this one ends a flash, they show what is seen now."""
    spikes = [i for i in range(1, len(before)) if before[i].change.picture > _SPIKE * here.change.picture]
    return [before[i - 1].sign for i in spikes[-_MOST_SPIKES:]]


def _after_spikes(after: Sequence[Step], here: Step) -> list[Signature]:
    """Frames just after later sudden changes: if this one begins a flash, they show what was seen before."""
    spikes = [s.sign for s in after if s.change.picture > _SPIKE * here.change.picture]
    return spikes[:_MOST_SPIKES]
