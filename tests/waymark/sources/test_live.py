# SPDX-License-Identifier: Apache-2.0
"""Live inputs give the newest image with the time of its arrival, and end at once when closed."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from waymark.errors import SourceError
from waymark.sources.base import SourceInfo
from waymark.sources.live import LiveSource

INFO = SourceInfo('test', True)


class ScriptedCapture:
    """A camera that gives one image for each permission to do so, then ends or waits."""

    def __init__(self, permits: int = 0) -> None:
        self.permits = threading.Semaphore(permits)
        self.given = 0
        self.ended = threading.Event()
        self.released = threading.Event()
        self.was_read = threading.Semaphore(0)

    def read(self):
        self.permits.acquire()
        if self.ended.is_set():
            return False, None
        self.given += 1
        self.was_read.release()
        return True, np.full((4, 6, 3), self.given, np.uint8)

    def release(self):
        self.released.set()


def source_of(capture, ended='the camera stopped. Check its cable.'):
    return LiveSource(capture, INFO, 'eye', ended)


def test_frames_are_stamped_with_the_clock_at_their_arrival():
    capture = ScriptedCapture(permits=1)
    before = time.time_ns()

    frame = next(source_of(capture).frames()).frame

    assert before <= frame.header.stamp_ns <= time.time_ns()
    assert frame.header.frame_id == 'eye'
    assert frame.layout == 'bgr'


def test_a_busy_consumer_gets_the_newest_image_and_the_skipped_are_counted():
    capture = ScriptedCapture(permits=5)
    source = source_of(capture)
    for _ in range(5):
        capture.was_read.acquire()
    capture.ended.set()
    capture.permits.release()
    assert capture.released.wait(10)  # the reader is through with all five

    frames = []
    with pytest.raises(SourceError, match='Check its cable'):
        for frame in source.frames():
            frames.append(frame)

    assert [int(f.frame.pixels[0, 0, 0]) for f in frames] == [5]
    assert source.skipped == 4


def test_close_from_another_thread_ends_frames_while_the_camera_is_silent():
    source = source_of(ScriptedCapture())
    closer = threading.Thread(target=source.close)
    closer.start()

    frames = list(source.frames())

    closer.join(10)
    assert frames == []


def test_the_device_is_given_back_after_its_pending_read():
    capture = ScriptedCapture()
    source = source_of(capture)
    source.close()
    source.close()

    capture.permits.release()

    assert capture.released.wait(10)


def test_an_end_that_is_no_error_just_ends():
    capture = ScriptedCapture()
    capture.ended.set()
    capture.permits.release()

    assert list(source_of(capture, ended=None).frames()) == []


def test_gray_cameras_give_mono_frames():
    class GrayCapture(ScriptedCapture):
        def read(self):
            ok, image = super().read()
            return ok, image[:, :, :1]

    frame = next(source_of(GrayCapture(permits=1)).frames()).frame

    assert (frame.layout, frame.pixels.shape) == ('mono', (4, 6))
