# SPDX-License-Identifier: Apache-2.0
"""A pipeline string runs where this OpenCV has GStreamer, and says so where it has not."""

from __future__ import annotations

import cv2
import pytest

from waymark.errors import SourceError
from waymark.sources import ImageSourceConfig, open_source

HAS_GSTREAMER = cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER)


@pytest.mark.skipif(HAS_GSTREAMER, reason='this OpenCV has GStreamer')
def test_opencv_without_gstreamer_says_so_with_the_remedy():
    with pytest.raises(SourceError, match='is built without GStreamer, as wheels from PyPI are. Use your'):
        open_source(ImageSourceConfig(input='videotestsrc num-buffers=5 ! videoconvert ! appsink'))


@pytest.mark.skipif(not HAS_GSTREAMER, reason='this OpenCV is built without GStreamer')
@pytest.mark.parametrize('tail', ['', ' ! videoconvert ! video/x-raw,format=BGR ! appsink'])
def test_a_pipeline_gives_images_and_ends(tail):
    source = open_source(ImageSourceConfig(input=f'videotestsrc num-buffers=5 ! videoscale{tail}'))

    assert 1 <= len(list(source.frames())) <= 5
