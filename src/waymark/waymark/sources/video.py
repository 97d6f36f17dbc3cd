# SPDX-License-Identifier: Apache-2.0
"""A video file, with the stamps of its own frames and an honest end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from waymark.errors import SourceError
from waymark.sources.base import SourceFrame, SourceInfo
from waymark.sources.capture import frame_from, open_capture
from waymark.sources.config import ImageSourceConfig
from waymark.sources.container import Container, inspect
from waymark.sources.stamps import FIRST_STAMP_NS, stamp_of

FALLBACK_RATE_HZ = 25.0  # of files that declare none (raw streams)
# A file that is whole outside (mp4, avi) may still lack this share of its frames before that is an error.
TOLERATED_LOSS = 0.1


class VideoSource:
    """One video file, read by OpenCV's ffmpeg."""

    def __init__(self, capture: cv2.VideoCapture, container: Container, config: ImageSourceConfig) -> None:
        """Take an opened capture and what is known of its file."""
        self._capture = capture
        self._container = container
        self._config = config
        self._lock = threading.Lock()
        self._closed = False
        # Floats are what OpenCV gives; a count of 0, negative or absurd means unknown.
        declared = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._declared = declared if 0 < declared < 1e9 else None
        rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
        self._own_rate_hz = rate_hz if 0.01 < rate_hz < 10_000 else FALLBACK_RATE_HZ
        count = round(self._declared) if self._declared and container.counts_frames else None
        self.info = SourceInfo(config.input, False, config.rate_hz or self._own_rate_hz, count)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield the frames, stamped 1 s + their time in the file, or 1 s + index / rate where rate_hz is set.

        Raises:
            SourceError: The file ended before the length it declares, or holds no frame.
        """
        count, first_s, reached_s, stamp_ns = 0, 0.0, 0.0, 0
        while (read := self._read()) is not None:
            image, time_s = read
            first_s = time_s if count == 0 else first_s
            reached_s = max(reached_s, time_s - first_s)
            stamp_ns = self._stamp(count, time_s - first_s, stamp_ns)
            yield SourceFrame(frame_from(image, stamp_ns, self._config.frame_id))
            count += 1
        if not self._closed:
            self._require_whole(count, reached_s)

    def close(self) -> None:
        """Close the file after the frame that is being read."""
        self._closed = True
        with self._lock:
            self._capture.release()

    def _read(self) -> tuple[Any, float] | None:
        with self._lock:
            if self._closed:
                return None
            ok, image = self._capture.read()
            return (image, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0) if ok else None

    def _stamp(self, index: int, time_s: float, previous_ns: int) -> int:
        if self._config.rate_hz:
            return stamp_of(index, self._config.rate_hz)
        # Frames that were dropped while recording leave gaps in the file's time, which a count would close.
        stamp_ns = FIRST_STAMP_NS + round(time_s * 1e9)
        period_ns = stamp_of(1, self._own_rate_hz) - FIRST_STAMP_NS
        return stamp_ns if stamp_ns > previous_ns else previous_ns + period_ns

    def _require_whole(self, count: int, reached_s: float) -> None:
        path = self._config.input
        if count == 0:
            raise SourceError(f'{path}: the video holds no readable frame. Copy or record it again.')
        if self._declared is None or self._container.kind == '':
            return
        # By time, because an AVI counts the frames that the recorder dropped as well.
        missing = self._declared - (reached_s * self._own_rate_hz + 1)
        is_exact = self._container.kind in ('mp4', 'avi')
        limit = 1.5 if self._container.is_cut else max(1.5, TOLERATED_LOSS * self._declared)
        if missing > limit and (self._container.is_cut or is_exact):
            raise SourceError(
                f'{path}: the video is cut off: {count} frames were read, about {round(missing)} more are '
                'declared. Copy or record it again.'
            )


def open_video(config: ImageSourceConfig) -> VideoSource:
    """Open a video file.

    Raises:
        SourceError: It can't be opened as a video; the text says why where that can be known.
    """
    path = Path(config.input).expanduser()
    container = inspect(path)
    if not container.has_index:
        raise SourceError(
            f'{path}: the mp4 has no index (moov): it was cut off while being copied or recorded. '
            'Copy or record it again.'
        )
    capture = open_capture(str(path), cv2.CAP_FFMPEG)
    if capture is None:
        raise SourceError(
            f'{path}: not a video that OpenCV can read. Give a video, a folder of images or a rosbag2, '
            'or convert it with ffmpeg to mp4 (h264).'
        )
    return VideoSource(capture, container, config)
