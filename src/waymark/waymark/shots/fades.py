# SPDX-License-Identifier: Apache-2.0
"""Scenes that change while nothing is to be seen: through black, or through white."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from waymark.shots.boundary import CUT, FADE, Boundary
from waymark.shots.config import ShotsConfig
from waymark.shots.cuts import ORDER, Step
from waymark.shots.order import order_likeness
from waymark.shots.signature import Change, Signature
from waymark.shots.views import Views

_EARLIER = 6  # frames
_LOOK_BACK = 48  # frames: a fade-out may have taken so long
_SUDDEN = 0.5  # share of the whole change that one frame takes if it is no fade
_SAME_COARSE = 0.6  # likeness of coarse views
_SAME_COLOURS = 0.2  # distance of the colours: of different scenes 99 % are beyond 0.25
_TOGETHER = 6  # frames on each side that are looked at together where noise hides them
_SHARP, _SHARP_LEAST = 4.0, 0.5  # change that may be a cut: times the usual one, and share of the contrast
_VISIBLE = 0.75  # grey levels by which a picture differs from black, compression and noise aside


class FadeWatch:
    """Compares what was seen before the picture went blank with what is seen when it is back.

    Attributes:
        same_until: Up to this frame it is known to be the scene of before the picture went blank.
    """

    def __init__(self, config: ShotsConfig, views: Views) -> None:
        """Take limits, and what compares views."""
        self._config = config
        self._views = views
        self._lit: Signature | None = None  # the last frame that showed the scene well, before the picture went blank
        self._shown: list[Signature] = []  # frames of before that are compared with those of after
        self._first_blank: Signature | None = None
        self._plainest: Signature | None = None
        self._entered_suddenly = False
        self._before: list[Signature] = []  # frames before the picture went blank, the last first, and blank ones
        self._dark: list[Signature] = []
        self.same_until = -1
        self._fade_from: Signature | None = None
        self._back_at: int | None = None

    def observe(self, steps: Sequence[Step], last_boundary: int) -> list[Boundary]:
        """Take the newest frame.

        Args:
            steps: The latest frames, oldest first.
            last_boundary: Index of the frame that the present shot began with.

        Returns:
            Boundaries that are certain now, in order.
        """
        here = steps[-1].sign
        if here.blank:
            self._note_blank(steps, last_boundary)
        elif self._first_blank is not None and self._back_at is None:
            self._back_at = here.index
        if self._back_at is None or here.index < self._back_at + self._config.boundary_delay:
            return []
        found = self._judged(steps)
        self._first_blank = self._back_at = self._lit = None
        return found

    def finish(self) -> Signature | None:
        """At the stream's end: the first blank frame where the picture went black suddenly and for long, or None."""
        first, plainest = self._first_blank, self._plainest
        if (
            first is None
            or plainest is None
            or self._lit is None
            or not self._entered_suddenly
            or self._shows_through()
        ):
            return None
        return first if plainest.index - first.index >= self._config.boundary_delay and self._back_at is None else None

    def _note_blank(self, steps: Sequence[Step], last_boundary: int) -> None:
        here = steps[-1].sign
        if self._back_at is not None:
            between = _spread([s.sign for s in steps if s.sign.index >= self._back_at and not s.sign.blank])
            if self._lit is not None and self._is_same(self._alike(between), between):
                self._first_blank = None  # a second flash; else what was seen in between was a flicker
            self._back_at = None
        if self._first_blank is None:
            self._first_blank = self._plainest = here
            self._remember_lit([s.sign for s in steps[-_LOOK_BACK:-1] if s.sign.index >= last_boundary], here)
        elif self._plainest is None or here.spread <= self._plainest.spread:
            self._plainest = here
        if len(self._dark) < _TOGETHER:
            self._dark.append(here)

    def _shows_through(self) -> bool:
        """Whether the blank picture is the one before in another light: a lamp went out."""
        return self._entered_suddenly and order_likeness(self._before, self._dark) >= ORDER

    def _remember_lit(self, before: list[Signature], here: Signature) -> None:
        seen = [s for s in before if not s.blank]
        if not seen:
            self._lit = None
            return
        apart = [_difference(s, here) for s in seen]
        best = max(apart)
        lit = _last(apart, 0.6 * best)
        # The latest show most of what comes next, unless they are the first of a flash.
        self._shown = [seen[_last(apart, 0.3 * best)], seen[lit], seen[max(lit - _EARLIER, 0)]]
        self._lit = seen[lit]
        self._fade_from = [*seen, here][_last(apart, 0.9 * best) + 1]
        self._entered_suddenly = apart[-1] >= _SUDDEN * best
        self._dark, self._before = [], seen[: -_TOGETHER - 1 : -1]

    def _judged(self, steps: Sequence[Step]) -> list[Boundary]:
        first, plain, back_at = self._first_blank, self._plainest, self._back_at
        assert first is not None and plain is not None and back_at is not None
        signs = {s.sign.index: s.sign for s in steps}
        settled = _until_cut([s for s in steps if s.sign.index >= back_at])
        back, now = settled[0], settled[-1]
        left_suddenly = _difference(signs[back_at - 1], back) >= _SUDDEN * _difference(plain, now)
        is_long = back_at - first.index > self._config.boundary_delay
        if self._lit is None:  # the stream began blank
            return [_cut(back, 1.0)] if left_suddenly and is_long else []
        after = [*([back] if left_suddenly else []), *_spread(settled)]
        if now is not steps[-1].sign:
            after.append(steps[-1].sign)  # where it was but the last of a flash that ended so sharply
        unlike = 1.0 - self._alike(after)
        if self._is_same(1.0 - unlike, after):
            self.same_until = now.index
            return []
        shows_through = self._shows_through()
        found = []
        if self._entered_suddenly and not shows_through and (is_long or not left_suddenly):
            found.append(_cut(first, unlike))
        if left_suddenly and self._entered_suddenly:
            found.append(_cut(back, unlike))
        if not self._entered_suddenly or (shows_through and not left_suddenly):
            shown = next((s for i, s in sorted(signs.items()) if i > plain.index and _is_visible(s, plain)), back)
            start = self._fade_from or first
            found.append(Boundary(FADE, shown.index, shown.header, start.index, start.header.stamp_ns, unlike))
        return found

    def _alike(self, after: Sequence[Signature], coarse: bool = False) -> float:
        return max(self._views.likeness(a, b, coarse) for a in self._shown for b in after)

    def _is_same(self, alike: float, after: Sequence[Signature]) -> bool:
        """Whether it is the scene of before: by its view, its colours, through noise, or seen by a turned camera."""
        enough = self._config.boundary_likeness
        if alike >= enough or Change(self._shown[1], after[-1]).colours < _SAME_COLOURS:
            return True
        if self._alike(after, coarse=True) >= _SAME_COARSE:
            return True
        pairs = (self._shown[0], after[0]), (self._shown[1], after[-1])
        return any(self._views.turned_likeness(a, b) >= enough for a, b in pairs)


def _spread(signs: Sequence[Signature]) -> list[Signature]:
    """Three of them, the last included."""
    return [signs[i] for i in sorted({len(signs) // 3, 2 * len(signs) // 3, len(signs) - 1})]


def _last(values: Sequence[float], least: float) -> int:
    """Index of the last of them that is no less."""
    return next(i for i in reversed(range(len(values))) if values[i] >= least)


def _until_cut(steps: Sequence[Step]) -> list[Signature]:
    """The frames before the next sudden change."""
    changes = [s.change.picture for s in steps]
    usual = float(np.median(changes[1:])) if len(changes) > 1 else 0.0
    end = next((i for i in range(2, len(steps)) if changes[i] > max(_SHARP * usual, _SHARP_LEAST)), len(steps))
    return [s.sign for s in steps[:end]]


def _cut(sign: Signature, score: float) -> Boundary:
    return Boundary(CUT, sign.index, sign.header, sign.index, sign.header.stamp_ns, score)


def _difference(a: Signature, b: Signature) -> float:
    """Mean difference of pixels, grey levels."""
    return float(cv2.norm(a.thumb, b.thumb, cv2.NORM_L1)) / a.thumb.size


def _is_visible(sign: Signature, plain: Signature) -> bool:
    return bool(np.any(_difference(sign, plain) > _VISIBLE))
