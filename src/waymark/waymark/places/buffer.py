# SPDX-License-Identifier: Apache-2.0
"""The last few images by stamp, until the embedding of exactly that image arrives."""

from __future__ import annotations

from collections import OrderedDict

from waymark.types import Frame


class FrameBuffer:
    """Keeps the newest images by stamp; not thread-safe."""

    def __init__(self, capacity: int = 30) -> None:
        if capacity < 1:
            raise ValueError(f'capacity: expected at least 1, got {capacity}')
        self._capacity = capacity
        self._frames: OrderedDict[int, Frame] = OrderedDict()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: Frame) -> None:
        """Keep an image; the one that came first goes when there are too many."""
        self._frames.pop(frame.header.stamp_ns, None)
        self._frames[frame.header.stamp_ns] = frame
        if len(self._frames) > self._capacity:
            self._frames.popitem(last=False)

    def take(self, stamp_ns: int) -> Frame | None:
        """Give out and forget the image with exactly this stamp; None where it is not there (any more)."""
        return self._frames.pop(stamp_ns, None)
