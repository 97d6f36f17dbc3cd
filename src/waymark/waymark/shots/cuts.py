# SPDX-License-Identifier: Apache-2.0
"""Hard cuts: sudden changes that stand out from the motion around them and do not go back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product, takewhile

from waymark.shots.config import ShotsConfig
from waymark.shots.order import order_likeness
from waymark.shots.signature import Change, Signature
from waymark.shots.views import SAME_HUE, Views

_FROZEN = 0.001  # change of a frame that is sent again
_MOST_DOUBT = 1.2
_WORST_GAP = 8.0  # periods: beyond, motion has no say in what a picture may show
_LEAST_CHANGE = 0.02  # noise and compression, where nothing moves
_BACK = 0.35  # share of the change by which two frames may differ if what was seen is back
_CLEAR = 0.4  # likeness of neighbouring frames below which noise or blur hide the scene
ORDER = 0.83  # likeness by order of one scene in two lights
_LEAST_TEXTURED = 0.25  # share of the brighter picture that must show structure to be recognised by its order
_TURNS = 8.0  # times the motion around it: no camera turns so suddenly
_CALM = 4  # frames on each side that are looked at together
_SAME_COARSE = 0.62  # likeness of coarse views of one scene
SAME = 0.6  # views this alike, as a share of how alike neighbouring frames are, are one scene
_PLAIN_TO_SEE = 0.5  # by which likeness drops at a cut between clear pictures
_SPIKE = 0.5  # of the change under judgement: what may be the other end of a flash
_MOST_SPIKES = 2
_FLASH, _AS_BRIGHT = 15.0, 0.35  # grey levels of brightness; share of them by which a frame of before may differ


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
            here: The frame, which changes at least as much as its neighbours.
            after: Frames after it.

        Returns:
            1 less the likeness of both sides; None where no cut is.
        """
        ratio = self._ratio(before, here, after)
        if ratio < self._config.boundary_ratio:
            return None
        if before[-1].sign.blank or here.sign.blank:
            return None  # told when the picture is back
        alike = self._alike(before, here, after)
        if alike >= self._config.boundary_likeness:
            return None
        clear = self._clearness(before, here, after)
        if clear >= _CLEAR and alike >= SAME * clear:
            return None
        # Where each frame is recognised from the one before, and suddenly not, the change need hardly stand out.
        doubt = min(max(1.0 - (clear - alike) / _PLAIN_TO_SEE, 0.0), 1.0)
        if ratio < self._config.boundary_ratio * (1.0 + _MOST_DOUBT * doubt):
            return None
        return None if self._is_same(before, here, after, clear, ratio) else 1.0 - alike

    def _is_same(self, before: Sequence[Step], here: Step, after: Sequence[Step], clear: float, ratio: float) -> bool:
        """Look once more, for what is seldom needed: through noise, in another light, and at a turned camera."""
        # What noise hides can still be seen in a coarse view, but scenes are more alike there.
        if clear < _CLEAR and self._alike(before, here, after, coarse=True) >= _SAME_COARSE:
            return True
        hue = self._views.hue_agreement(before[-1].sign, here.sign)
        if hue is not None and hue < SAME_HUE:
            return False
        if ratio < _TURNS and self._views.turned_likeness(before[-1].sign, here.sign) >= self._config.boundary_likeness:
            return True
        if hue is None and max(self._views.textured(s) for s in (before[-1].sign, here.sign)) < _LEAST_TEXTURED:
            return False  # whatever is written on two grey pictures
        calm = _SPIKE * here.change.picture
        earlier = [before[-1].sign, *(s.sign for s in _until_spike(before[-1:-_CALM:-1], calm)[1:])]
        return order_likeness(earlier, [here.sign, *(s.sign for s in _until_spike(after[: _CALM - 1], calm))]) >= ORDER

    def _clearness(self, before: Sequence[Step], here: Step, after: Sequence[Step]) -> float:
        sides = [s.sign for s in reversed(before[-3:])], [s.sign for s in (here, *after[:2])]
        return min(self._views.clearness(side) for side in sides)

    def _alike(self, before: Sequence[Step], here: Step, after: Sequence[Step], coarse: bool = False) -> float:
        """The best likeness of a frame before and one after; 1 where the picture itself is back."""
        enough = _SAME_COARSE if coarse else self._config.boundary_likeness
        last, near = before[-1].sign, before[-self._config.boundary_delay - 1 :]
        earlier = [last, *_before_spikes(near, here), *_as_bright([s.sign for s in near], here.sign, last)]
        afters = [here.sign, *_after_spikes(after, here), *(s.sign for s in after[-1:])]
        afters += _as_bright([s.sign for s in after], last, here.sign)
        if after:
            afters.append(min((s.sign for s in after), key=lambda s: Change(last, s).picture))
        alike = 0.0
        for a, b in product(_once(earlier), _once(afters)):
            is_back = Change(a, b).picture < _BACK * here.change.picture
            alike = max(alike, 1.0 if is_back else self._views.likeness(a, b, coarse))
            if alike >= enough:
                break
        return alike

    def _ratio(self, before: Sequence[Step], here: Step, after: Sequence[Step]) -> float:
        """How many times the change exceeds the motion around it, or 0."""
        change = here.change
        pictures = [s.change.picture for s in before], [s.change.picture for s in after]
        if change.picture < 1.2 * _motion(*pictures, 1.0, 0):
            return 0.0
        colours = [s.change.colours for s in before], [s.change.colours for s in after]

        def ratio(lost: float, frozen: int) -> float:
            by_picture = change.picture / _motion(*pictures, lost, frozen)
            return math.sqrt(by_picture * change.colours / _motion(*colours, lost, frozen))

        if ratio(1.0, 0) < self._config.boundary_ratio:
            return 0.0
        return ratio(_gap(before, here), _frozen(before))


def _motion(before: list[float], after: list[float], lost: float, frozen: int) -> float:
    """How much motion alone may change the picture here.

    The livelier side, but for a cut or the two ends of a flash there, times the periods that passed: by the stamps, or
    since the picture froze.
    """
    moving = before[: len(before) - frozen] if frozen else before
    return max(_third_largest(moving) * max(lost, 1.0 + frozen), _third_largest(after) * lost, _LEAST_CHANGE * lost)


def _frozen(before: Sequence[Step]) -> int:
    """How many of the last frames repeat the one before, where the picture moved until then."""
    still = 0
    while still < len(before) and before[-1 - still].change.picture <= _FROZEN:
        still += 1
    return still if still < len(before) else 0


def _third_largest(values: list[float]) -> float:
    return sorted(values)[-3] if len(values) > 2 else min(values, default=0.0)


def _gap(before: Sequence[Step], here: Step) -> float:
    """How many frames' time passed before this one, by the stamps around it; 1 where they say nothing."""
    stamps = [s.sign.header.stamp_ns for s in [*before, here]]
    periods = [b - a for a, b in pairwise(stamps)]
    usual = sorted(periods[:-1])[len(periods) // 2 - 1] if len(periods) > 3 else 0
    return min(max(periods[-1] / usual, 1.0), _WORST_GAP) if usual > 0 else 1.0


def _until_spike(steps: Sequence[Step], change: float) -> list[Step]:
    """The first of them, before one that changes more than this."""
    return list(takewhile(lambda s: s.change.picture <= change, steps))


def _before_spikes(before: Sequence[Step], here: Step) -> list[Signature]:
    """Frames just before earlier sudden changes: if this one ends a flash, they show what is seen now."""
    spikes = [i for i in range(1, len(before)) if before[i].change.picture > _SPIKE * here.change.picture]
    return [before[i - 1].sign for i in spikes[-_MOST_SPIKES:]]


def _after_spikes(after: Sequence[Step], here: Step) -> list[Signature]:
    """Frames just after later sudden changes: if this one begins a flash, they show what was seen before."""
    spikes = [s.sign for s in after if s.change.picture > _SPIKE * here.change.picture]
    return spikes[:_MOST_SPIKES]


def _as_bright(signs: Sequence[Signature], wanted: Signature, flash: Signature) -> list[Signature]:
    """The first and the last about as bright as before a flash, where there may have been one."""
    jump = abs(flash.brightness - wanted.brightness)
    found = [s for s in signs if abs(s.brightness - wanted.brightness) < _AS_BRIGHT * jump]
    return [found[0], found[-1]] if found and jump > _FLASH else []


def _once(signs: Sequence[Signature]) -> list[Signature]:
    return list({sign.index: sign for sign in signs}.values())
