# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from waymark.places import FrameBuffer
from waymark.types import Frame, Header


def frame(stamp_ns):
    return Frame(Header(stamp_ns), np.zeros((2, 2), np.uint8), 'mono')


def test_an_image_is_given_out_once_by_its_exact_stamp():
    buffer = FrameBuffer()
    kept = frame(5)
    buffer.add(kept)
    assert buffer.take(4) is None
    assert buffer.take(5) is kept
    assert buffer.take(5) is None


def test_the_oldest_goes_when_there_are_too_many():
    buffer = FrameBuffer(2)
    for stamp in (1, 2, 2, 3):
        buffer.add(frame(stamp))
    assert [buffer.take(s) is not None for s in (1, 2, 3)] == [False, True, True]
    assert len(buffer) == 0


def test_a_buffer_for_nothing_is_refused():
    with pytest.raises(ValueError, match='capacity: expected at least 1, got 0'):
        FrameBuffer(0)
