# SPDX-License-Identifier: Apache-2.0
"""A GStreamer pipeline string, for those OpenCV builds that have GStreamer."""

from __future__ import annotations

import cv2

from waymark.errors import SourceError
from waymark.sources.base import SourceInfo
from waymark.sources.capture import open_capture
from waymark.sources.config import ImageSourceConfig
from waymark.sources.live import LiveSource


def open_gstreamer(config: ImageSourceConfig) -> LiveSource:
    """Start a pipeline; its end of stream is no error.

    Args:
        config: `input` ends in appsink, or gets one: `videotestsrc ! videoconvert`.

    Raises:
        SourceError: This OpenCV lacks GStreamer, or the pipeline gives no images.
    """
    if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
        raise SourceError(
            f'this OpenCV ({cv2.__version__}) is built without GStreamer, as wheels from PyPI are. '
            "Use your distribution's python3-opencv, or give rtsp:// or /dev/videoN."
        )
    pipeline = config.input.strip()
    if 'appsink' not in pipeline:
        # drop, max-buffers: the newest image wins, as with every live input.
        pipeline += ' ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1'
    capture = open_capture(pipeline, cv2.CAP_GSTREAMER)
    if capture is None:
        raise SourceError(f'GStreamer pipeline {config.input!r} does not start. Try it with gst-launch-1.0.')
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    info = SourceInfo(config.input, True, rate_hz if rate_hz > 0 else None)
    return LiveSource(capture, info, config.frame_id, ended=None)
