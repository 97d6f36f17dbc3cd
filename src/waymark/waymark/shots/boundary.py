# SPDX-License-Identifier: Apache-2.0
"""What a detector says of a stream: here a new shot begins."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.types import Header

CUT, FADE, DISSOLVE = KINDS = ('cut', 'fade', 'dissolve')


@dataclass(frozen=True)
class Boundary:
    """A change of the view for good.

    Attributes:
        kind: 'cut' from one frame to the next, 'fade' through black or white, 'dissolve' of one shot into the other.
        frame_index: Of the first frame that shows the new shot and, in a dissolve, nothing else. Frames count from 0.
        header: Of that frame.
        start_index: Of the first frame that is no longer the old shot alone; `frame_index` for a cut.
        start_stamp_ns: Of that frame.
        score: How unlike the views on both sides are, 0..1.
    """

    kind: str
    frame_index: int
    header: Header
    start_index: int
    start_stamp_ns: int
    score: float

    @property
    def stamp_ns(self) -> int:
        """Stamp of the first frame of the new shot."""
        return self.header.stamp_ns

    @property
    def duration_frames(self) -> int:
        """Frames that the change took: 0 for a cut."""
        return self.frame_index - self.start_index
