# SPDX-License-Identifier: Apache-2.0
"""One pass through a recording, at so many frames per second."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, SourceFrame, open_source
from waymark.types import NANOSECONDS

Progress = Callable[[int, int | None], None]  # frames read, of how many where known
_SLACK_NS = 1_000_000  # stamps of 5 Hz are not exactly 200 ms apart


class Walk:
    """The frames of a recording that are to be looked at, and what is known of it afterwards.

    Attributes:
        frame: Number of the frame that was given last, from 0.
        count: Frames read so far, those left out included.
        first_ns: Stamp of the first frame.
        last_ns: Stamp of the frame read last.
        note: Why the recording ended too early, '' where it did not.
    """

    def __init__(self, uri: str, rate_hz: float, progress: Progress | None = None) -> None:
        """Prepare to read `uri`, giving `rate_hz` frames per second (0: all)."""
        self._uri, self._progress = uri, progress
        self._period_ns = NANOSECONDS / rate_hz if rate_hz else 0.0
        self.frame = self.count = self.first_ns = self.last_ns = 0
        self.note = ''

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return (self.last_ns - self.first_ns) / NANOSECONDS

    def __iter__(self) -> Iterator[SourceFrame]:
        """Yield frames, once.

        Raises:
            SourceError: No frame can be read at all.
        """
        source = open_source(ImageSourceConfig(input=self._uri, pace='fast'))
        due_ns = 0.0
        try:
            for item in source.frames():
                self._count(item, source.info.frame_count)
                elapsed_ns = self.last_ns - self.first_ns
                if elapsed_ns >= due_ns:
                    due_ns = elapsed_ns + self._period_ns - _SLACK_NS
                    yield item
        except SourceError as error:
            if self.count == 0:
                raise
            self.note = str(error)
        finally:
            source.close()

    def _count(self, item: SourceFrame, total: int | None) -> None:
        self.last_ns = item.frame.header.stamp_ns
        self.first_ns = self.first_ns if self.count else self.last_ns
        self.frame = self.count
        self.count += 1
        if self._progress is not None:
            self._progress(self.count, total)
