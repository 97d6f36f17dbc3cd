# SPDX-License-Identifier: Apache-2.0
"""The detector of scene boundaries: one frame in, at most one boundary out, some frames later."""

from __future__ import annotations

from collections import deque

from waymark.shots.boundary import CUT, Boundary
from waymark.shots.config import ShotsConfig
from waymark.shots.cuts import CutJudge, Step
from waymark.shots.dissolves import SETTLE, DissolveWatch
from waymark.shots.fades import FadeWatch
from waymark.shots.signature import Change, Signature
from waymark.shots.views import Views
from waymark.types import Frame

_BEFORE = 8  # frames that say how much moves before a change


class BoundaryDetector:
    """Finds scene boundaries on a live stream. Equal frames give equal boundaries; stamps need not be regular.

    A cut is told `boundary_delay` frames after its frame, a change through black that many frames after the picture is
    back, a dissolve some frames after its end.
    """

    def __init__(self, config: ShotsConfig | None = None) -> None:
        """Begin with an empty stream."""
        self._config = config or ShotsConfig()
        self._delay = self._config.boundary_delay
        self.reset()

    @classmethod
    def from_config(cls, config: ShotsConfig) -> BoundaryDetector:
        """Make a detector."""
        return cls(config)

    def reset(self) -> None:
        """Begin anew: the next frame has nothing to do with those before it, and is number 0."""
        views = Views(self._config.boundary_likeness)
        self._cuts = CutJudge(self._config, views)
        self._fades = FadeWatch(self._config, views)
        self._dissolves = DissolveWatch(self._config, views) if self._config.boundary_gradual else None
        self._kept = max(self._config.boundary_longest + SETTLE + 1, 56 + self._delay)
        self._steps: list[Step] = []
        self._count = 0
        self._last_boundary = 0
        self._ready: deque[Boundary] = deque()

    def observe(self, frame: Frame) -> Boundary | None:
        """Take the next frame.

        Args:
            frame: Any size; all frames of a stream should have one shape.

        Returns:
            A boundary at this or an earlier frame, or None. Where two become certain at once, the second comes with
            the next frame.
        """
        sign = Signature(frame, self._count)
        change = Change(self._steps[-1].sign if self._steps else sign, sign)
        self._steps.append(Step(sign, change))
        del self._steps[: -self._kept]
        self._count += 1
        self._judge_cut(self._delay)
        self._note(*self._fades.observe(self._steps, self._last_boundary))
        if self._dissolves is not None and not self._ready:
            dissolve = self._dissolves.observe(self._steps, self._last_boundary)
            self._note(*([dissolve] if dissolve else []))
        return self._ready.popleft() if self._ready else None

    def finish(self) -> tuple[Boundary, ...]:
        """End the stream: judge the last frames by what there is, and forget all frames.

        Returns:
            The boundaries that had not been told yet.
        """
        for later in range(min(self._delay, len(self._steps)) - 1, -1, -1):
            self._judge_cut(later)
        if (black := self._fades.finish()) is not None:
            self._note(Boundary(CUT, black.index, black.header, black.index, black.header.stamp_ns, 1.0))
        if self._dissolves is not None and (dissolve := self._dissolves.finish()) is not None:
            self._note(dissolve)
        found = tuple(self._ready)
        self.reset()
        return found

    def _judge_cut(self, later: int) -> None:
        """Judge the frame that has `later` frames after it."""
        at = len(self._steps) - 1 - later
        if at < 1 or self._steps[at].sign.index <= self._fades.same_until:
            return
        here, neighbours = self._steps[at], self._steps[at - 1 : at + 2]
        if here.change.picture < max(self._config.boundary_change, *(s.change.picture for s in neighbours)):
            return
        unlike = self._cuts.unlikeness(self._steps[max(0, at - _BEFORE) : at], here, self._steps[at + 1 :])
        if unlike is not None:
            sign = here.sign
            self._note(Boundary(CUT, sign.index, sign.header, sign.index, sign.header.stamp_ns, unlike))

    def _note(self, *boundaries: Boundary) -> None:
        for boundary in boundaries:
            # What lies on a change that has been told is the same change, seen by another part.
            if boundary.start_index >= self._last_boundary or not self._last_boundary:
                self._ready.append(boundary)
                self._last_boundary = boundary.frame_index
