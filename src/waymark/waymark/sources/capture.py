# SPDX-License-Identifier: Apache-2.0
"""OpenCV's video readers, quiet: what they would print becomes one SourceError."""

from __future__ import annotations

import os
from typing import Any

# Both are read when OpenCV first opens a video, so they must be set before. -8 is ffmpeg's AV_LOG_QUIET.
os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from waymark.types import Frame, Header  # noqa: E402


def _silence() -> None:
    # The function moved between OpenCV 4.10 and 4.14; 0 is LOG_LEVEL_SILENT in both.
    places: tuple[Any, ...] = (cv2, getattr(cv2.utils, 'logging', None))
    for place in places:
        if hasattr(place, 'setLogLevel'):
            place.setLogLevel(0)


if 'OPENCV_LOG_LEVEL' not in os.environ:
    _silence()


def open_capture(what: str | int, backend: int, timeout_s: float | None = None) -> cv2.VideoCapture | None:
    """Open a video, camera or stream.

    Args:
        what: Path, URL, pipeline or camera number.
        backend: cv2.CAP_FFMPEG, cv2.CAP_V4L2 or cv2.CAP_GSTREAMER.
        timeout_s: Longest wait to connect and for each image, where the backend knows such a limit.

    Returns:
        The opened capture, or None where OpenCV can't open it.
    """
    parameters: list[int] = []
    if timeout_s is not None:
        milliseconds = max(1, round(timeout_s * 1000))
        parameters += [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds]
        parameters += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
    try:
        capture: Any = cv2.VideoCapture(what, backend, parameters)
    except cv2.error:
        return None
    return capture if capture.isOpened() else None


def frame_from(image: Any, stamp_ns: int, frame_id: str) -> Frame:
    """Wrap an image that OpenCV read: (H, W, 3) BGR or (H, W) gray."""
    pixels = np.asarray(image)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return Frame(Header(stamp_ns, frame_id), pixels, 'mono' if pixels.ndim == 2 else 'bgr')
