# SPDX-License-Identifier: Apache-2.0
"""Comparison of frames as views of a scene; each frame is prepared once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from waymark.shots.likeness import View, best_shift, coarse_likeness, hue_agreement, likeness, turned_likeness, view_of
from waymark.shots.signature import Signature

SAME_HUE = 0.6  # cosine, of two lights on one scene
_KEPT = 48
_CLEAR = 0.7  # likeness of neighbouring frames, and no more need be asked


class Views:
    """Remembers the latest prepared views."""

    def __init__(self, enough: float) -> None:
        """Begin with none; `enough` likeness needs no closer look."""
        self._enough = enough
        self._views: OrderedDict[tuple[int, bool], View] = OrderedDict()

    def likeness(self, a: Signature, b: Signature, coarse: bool = False) -> float:
        """How alike two frames are as views of a scene, 0..1; see waymark.shots.likeness."""
        if (hue := self.hue_agreement(a, b)) is not None and hue < SAME_HUE:
            return 0.0
        if coarse:
            return coarse_likeness(self._view(a, True), self._view(b, True))
        return likeness(self._view(a), self._view(b), self._enough)

    def hue_agreement(self, a: Signature, b: Signature) -> float | None:
        """Cosine of the hues of two mostly plain pictures; None where structure tells more, or they are grey."""
        return hue_agreement(self._view(a), self._view(b))

    def turned_likeness(self, a: Signature, b: Signature) -> float:
        """The same for frames between which the camera may have turned; seldom needed, and slow."""
        return turned_likeness((self._view(a), self._view(b)), (self._view(a, True), self._view(b, True)))

    def shift(self, a: Signature, b: Signature) -> tuple[int, int]:
        """Where b lies in a, px of 64x36: (x, y); no shift where they have too little in common to say."""
        return best_shift(self._view(a), self._view(b))

    def textured(self, sign: Signature) -> float:
        """Share of a frame that shows structure."""
        return self._view(sign).textured

    def clearness(self, signs: Sequence[Signature]) -> float:
        """How alike neighbouring frames of one shot are: low where noise or blur hide the scene.

        Args:
            signs: Frames in a row, of which the first three are looked at: one may be a flash.
        """
        clear = 0.0 if len(signs) > 1 else 1.0
        for a, b in pairwise(signs[:3]):
            clear = max(clear, self.likeness(a, b))
            if clear >= _CLEAR:
                break
        return clear

    def _view(self, sign: Signature, coarse: bool = False) -> View:
        key = sign.index, coarse
        if key not in self._views:
            self._views[key] = view_of(sign.small, coarse)
            while len(self._views) > _KEPT:
                self._views.popitem(last=False)
        return self._views[key]
