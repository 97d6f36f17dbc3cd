# SPDX-License-Identifier: Apache-2.0
"""A camera at /dev/videoN, through V4L2."""

from __future__ import annotations

import os
from pathlib import Path

import cv2

from waymark.errors import SourceError
from waymark.sources.base import SourceInfo
from waymark.sources.capture import open_capture
from waymark.sources.config import ImageSourceConfig
from waymark.sources.live import LiveSource


def open_camera(config: ImageSourceConfig) -> LiveSource:
    """Open a V4L2 camera.

    Args:
        config: `rate_hz` is asked of the camera, which may give another one.

    Raises:
        SourceError: The device is absent, not permitted, busy, or no camera.
    """
    device = Path(config.input.strip())
    if not device.exists():
        raise SourceError(f'no camera at {device}. {_present()}')
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(f"{device}: no permission. Add yourself to the group 'video' and log in again.")
    capture = open_capture(str(device), cv2.CAP_V4L2, config.stream_timeout_s)
    if capture is None:
        raise SourceError(
            f'{device}: no images from it. Close the program that uses it, or take another /dev/video: '
            'some belong to metadata.'
        )
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    if config.rate_hz:
        capture.set(cv2.CAP_PROP_FPS, config.rate_hz)
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    info = SourceInfo(config.input, True, rate_hz if rate_hz > 0 else None)
    ended = f'{device}: the camera stopped giving images. Check its cable and start again.'
    return LiveSource(capture, info, config.frame_id, ended)


def _present() -> str:
    devices = sorted(str(p) for p in Path('/dev').glob('video[0-9]*'))
    if devices:
        return f'There are: {", ".join(devices)}.'
    return 'There is no /dev/video* at all: plug one in, or pass it to the container with --device.'
