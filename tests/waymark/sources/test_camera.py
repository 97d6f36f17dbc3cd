# SPDX-License-Identifier: Apache-2.0
"""Cameras that are not there, not permitted or not cameras are named with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source


def test_an_absent_camera_is_named_with_those_present():
    with pytest.raises(SourceError, match=r'no camera at /dev/video97. There (is no /dev/video\*|are: /dev/video)'):
        open_source(ImageSourceConfig(input='/dev/video97'))


def test_a_device_that_is_no_camera_is_refused():
    links = Path('/dev/v4l')
    if links.exists():
        pytest.skip('this machine has cameras')
    with pytest.raises(SourceError, match='no camera at /dev/v4l/by-id/x'):
        open_source(ImageSourceConfig(input='/dev/v4l/by-id/x'))
