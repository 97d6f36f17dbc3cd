# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from waymark_msgs.msg import Embedding

from waymark.image.features import detect
from waymark.places import PlacesConfig
from waymark.types import Frame, Header
from waymark_ros.conversions import header_to_msg
from waymark_ros.frames import Inbox
from waymark_ros.place_images import PlaceImage, PlaceImages

CONFIG = PlacesConfig()


@pytest.fixture
def inbox():
    waiting = Inbox()
    for lane in ('image', 'embedding'):
        waiting.add_lane(lane, 3, print)
    return waiting


@pytest.fixture
def images(inbox):
    return PlaceImages(CONFIG, inbox)


def frame(stamp_ns):
    return Frame(Header(stamp_ns), np.random.default_rng(stamp_ns).integers(0, 256, (120, 160, 3), np.uint8))


def embedding(stamp_ns):
    return Embedding(header=header_to_msg(Header(stamp_ns)))


def test_an_image_and_its_embedding_meet_whichever_comes_first(images):
    first, second, other = frame(1), frame(2), embedding(2)
    assert images.add_image(PlaceImage(first)) is None
    assert images.add_embedding(other) is None
    image, msg = images.add_image(PlaceImage(second))
    assert image.frame is second and msg is other
    image, msg = images.add_embedding(embedding(1))
    assert image.frame is first and image.received_ns > 0
    assert images.unpaired == 0


def test_features_are_found_while_the_encoder_works_on_the_image(images):
    images.add_embedding(embedding(7))
    images.add_image(PlaceImage(frame(8)))
    image, _ = images.add_embedding(embedding(8))
    expected = detect(image.frame.gray, CONFIG)
    np.testing.assert_array_equal(image.features.keypoints, expected.keypoints)
    np.testing.assert_array_equal(image.features.descriptors, expected.descriptors)
    assert len(expected) > 50


def test_without_an_encoder_no_features_are_found(images):
    for stamp_ns in (1, 2):
        images.add_image(PlaceImage(frame(stamp_ns)))
    assert images.add_embedding(embedding(1))[0].features is None
    assert images.add_embedding(embedding(2))[0].features is None
    images.add_image(PlaceImage(frame(3)))
    images.add_image(PlaceImage(frame(4)))
    assert images.add_embedding(embedding(3))[0].features is not None
    assert images.add_embedding(embedding(4))[0].features is None, 'one in advance for each embedding'


@pytest.mark.parametrize('lane', ['image', 'embedding'])
def test_what_waits_goes_before_features_in_advance(images, inbox, lane):
    images.add_embedding(embedding(7))
    inbox.deposit(lane, 'something')
    images.add_image(PlaceImage(frame(8)))
    assert images.add_embedding(embedding(8))[0].features is None


def test_what_waits_can_be_forgotten(images):
    images.add_image(PlaceImage(frame(1)))
    images.clear()
    assert images.add_embedding(embedding(1)) is None
