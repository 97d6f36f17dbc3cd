# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.maps import Keyframe, encode_thumbnail
from waymark.places import PlacesConfig
from waymark.places.finder import view_of
from waymark.places.summary import Summary, pack_summary, summarise, unpack_summary
from waymark.types import Frame, Header


@pytest.fixture(scope='module')
def view(texture):
    frame = Frame(Header(1), np.asarray(cv2.cvtColor(texture(3), cv2.COLOR_GRAY2RGB)))
    return frame, view_of(frame, np.array([1, 0], np.float32), PlacesConfig())


def test_what_is_packed_comes_back(view):
    summary = view[1].summary
    packed = pack_summary(summary)
    found = unpack_summary(packed)
    assert len(packed) == 8 + 1024 + 6000
    np.testing.assert_array_equal(found.layout, summary.layout)
    np.testing.assert_allclose(found.bag, summary.bag, atol=2e-4)


def test_without_a_layout_only_the_bag_comes_back(view):
    found = unpack_summary(pack_summary(Summary(None, view[1].summary.bag)))
    assert found.layout is None and found.bag @ view[1].summary.bag > 0.9999


def test_bytes_of_another_version_or_length_are_none_to_compare_with(view):
    packed = pack_summary(view[1].summary)
    assert unpack_summary(None) is None
    assert unpack_summary(b'other123' + packed[8:]) is None
    assert unpack_summary(packed[:-2]) is None and unpack_summary(b'') is None


def test_it_can_be_made_again_from_what_a_keyframe_keeps(view):
    frame, seen = view
    keyframe = Keyframe(0, frame.header, seen.vector, seen.features, 0, encode_thumbnail(frame.rgb))
    found = summarise(keyframe)
    np.testing.assert_array_equal(found.bag, seen.summary.bag)
    assert np.abs(found.layout.astype(np.float32) - seen.summary.layout).max() < 0.1, 'but for what JPEG loses'
