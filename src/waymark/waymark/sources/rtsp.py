# SPDX-License-Identifier: Apache-2.0
"""A network camera at rtsp://..., through OpenCV's ffmpeg."""

from __future__ import annotations

import re

import cv2

from waymark.errors import SourceError
from waymark.sources.base import SourceInfo
from waymark.sources.capture import open_capture
from waymark.sources.config import ImageSourceConfig
from waymark.sources.live import LiveSource


def open_rtsp(config: ImageSourceConfig) -> LiveSource:
    """Connect to an RTSP stream.

    Raises:
        SourceError: Nothing answered within stream_timeout_s, or what answered is no stream.
    """
    uri = config.input.strip()
    shown = without_password(uri)
    capture = open_capture(uri, cv2.CAP_FFMPEG, config.stream_timeout_s)
    if capture is None:
        raise SourceError(
            f'{shown}: no stream (waited up to {config.stream_timeout_s:g} s). '
            'Check address, port, path, user and password, and that the camera is on.'
        )
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    info = SourceInfo(shown, True, rate_hz if 0 < rate_hz < 1000 else None)
    ended = f'{shown}: the stream ended or was silent for {config.stream_timeout_s:g} s. Check the camera.'
    return LiveSource(capture, info, config.frame_id, ended)


def without_password(uri: str) -> str:
    """Hide the password of a URL: logs and reports are shown to others."""
    return re.sub(r'(?<=//)([^/@:]*):[^/]*@', r'\1:***@', uri)
