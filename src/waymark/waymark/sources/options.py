# SPDX-License-Identifier: Apache-2.0
"""The options that every kind of input has: start, loop, number of frames, calibration."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable, Iterator

from waymark.image.camera import CameraModel
from waymark.sources.base import Source, SourceFrame, SourceInfo
from waymark.sources.camera_info import read_camera_info
from waymark.sources.config import ImageSourceConfig
from waymark.types import NANOSECONDS, Frame, Header


class WithOptions:
    """A source that starts at `start_s`, loops, stops after `max_frames` and has the configured camera."""

    def __init__(self, opener: Callable[[ImageSourceConfig], Source], config: ImageSourceConfig) -> None:
        """Open the source.

        Raises:
            SourceError: The input can't be opened.
            ConfigError: The calibration file can't be read.
        """
        self._opener = opener
        self._config = config
        self._camera = read_camera_info(config.camera_info_file) if config.camera_info_file else None
        self._source = opener(config)
        self._closed = threading.Event()
        self.info = self._shortened(self._source.info)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the frames that the options leave."""
        for given, frame in enumerate(self._looped(), start=1):
            yield _with_camera(frame, self._camera)
            if given == self._config.max_frames:
                return

    def close(self) -> None:
        """Release the input; frames() then ends."""
        self._closed.set()
        self._source.close()

    def _looped(self) -> Iterator[SourceFrame]:
        offset_ns = last_ns = 0
        while True:
            first_ns: int | None = None
            for frame in _skipped(self._source.frames(), self._config.start_s):
                stamp_ns = frame.frame.header.stamp_ns
                if first_ns is None:
                    first_ns = stamp_ns
                    # The next round begins one frame after the last one, at the source's own rate.
                    offset_ns = last_ns - stamp_ns + self._period_ns() if last_ns else 0
                last_ns = stamp_ns + offset_ns
                yield _with_stamp(frame, last_ns) if offset_ns else frame
            if not self._config.loop or self._closed.is_set() or first_ns is None:
                return
            self._source.close()
            self._source = self._opener(self._config)
            if self._closed.is_set():  # by another thread, meanwhile
                self._source.close()
                return

    def _period_ns(self) -> int:
        return round(NANOSECONDS / (self._source.info.rate_hz or 10.0))

    def _shortened(self, info: SourceInfo) -> SourceInfo:
        count, limit = info.frame_count, self._config.max_frames
        if self._config.loop:
            return dataclasses.replace(info, frame_count=limit or None)
        if count is not None and self._config.start_s:
            skipped = math.ceil(self._config.start_s * info.rate_hz - 1e-6) if info.rate_hz else None
            count = max(0, count - skipped) if skipped is not None else None
        if count is not None and limit:
            count = min(count, limit)
        return dataclasses.replace(info, frame_count=count)


def _skipped(frames: Iterator[SourceFrame], start_s: float) -> Iterator[SourceFrame]:
    first_ns: int | None = None
    for frame in frames:
        first_ns = frame.frame.header.stamp_ns if first_ns is None else first_ns
        if frame.frame.header.stamp_ns - first_ns >= start_s * NANOSECONDS:
            yield frame


def _with_camera(frame: SourceFrame, camera: CameraModel | None) -> SourceFrame:
    return frame if camera is None else dataclasses.replace(frame, camera=camera)


def _with_stamp(frame: SourceFrame, stamp_ns: int) -> SourceFrame:
    header = Header(stamp_ns, frame.frame.header.frame_id)
    return dataclasses.replace(frame, frame=Frame(header, frame.frame.pixels, frame.frame.layout))
