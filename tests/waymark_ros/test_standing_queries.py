# SPDX-License-Identifier: Apache-2.0
"""Views that somebody waits for, over real ROS: by image, by text, from a service and from parameters."""

from __future__ import annotations

import array

import cv2
import numpy as np
import pytest
from ros_camera import TestCamera, picture
from std_msgs.msg import Header as HeaderMsg
from waymark_msgs.msg import Appearance, Embedding, Localization
from waymark_msgs.srv import AddStandingQuery, EncodeText, QueryByText, RemoveStandingQuery

from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image, ns_to_time, time_to_ns

pytestmark = pytest.mark.ros
NODE, TEXTS = 'place_recognition', 't' * 64


@pytest.fixture
def camera(spinning):
    camera = spinning(TestCamera())
    camera.listen(Appearance, 'appearances')
    camera.listen(Localization, 'localization')
    return camera


@pytest.fixture
def begin(camera, start):
    def begin(*parameters, encoders=1):
        options = [word for p in parameters for word in ('-p', p)]
        start('waymark_ros.nodes.place_recognition', *(['--ros-args', *options] if options else []))
        assert camera.wait_for(lambda: camera.image.get_subscription_count() == 1 + encoders)

    return begin


def is_answered(camera, stamp_ns):
    heard = camera.heard['localization']
    return camera.wait_for(lambda: any(time_to_ns(m.header.stamp) == stamp_ns for m in heard), 5.0)


def show(camera, *seeds):
    """Send these pictures, each once the one before is dealt with; their stamps."""
    stamps = []
    for seed in seeds:
        for _ in range(5):  # images travel best effort
            stamp_ns = camera.send(seed=seed)
            if is_answered(camera, stamp_ns):
                break
        else:
            raise AssertionError(camera.status)
        stamps.append(stamp_ns)
    return stamps


def add(camera, **request):
    return camera.call(AddStandingQuery, f'/{NODE}/add_standing_query', AddStandingQuery.Request(**request))


def test_a_view_registered_by_image_is_told_once_when_it_comes_into_sight(camera, start, begin):
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'encoder:=hog')
    begin()
    wanted = frame_to_image(Frame(Header(1, 'photo'), picture(7)))
    assert add(camera, name='the yard', image=wanted).success
    stamps = show(camera, 1, 2, 7, 7, 7, 3)
    assert camera.wait_for(lambda: camera.heard['appearances'])
    [event] = camera.heard['appearances']
    assert (event.name, event.header.frame_id) == ('the yard', 'cam')
    assert (time_to_ns(event.since), time_to_ns(event.header.stamp)) == (stamps[2], stamps[3])
    assert event.similarity == pytest.approx(1, abs=1e-4)
    assert event.inliers > 100

    remove = f'/{NODE}/remove_standing_query'
    assert camera.call(RemoveStandingQuery, remove, RemoveStandingQuery.Request(name='the yard')).success
    again = camera.call(RemoveStandingQuery, remove, RemoveStandingQuery.Request(name='the yard'))
    assert (again.success, again.message) == (False, "there is no standing query 'the yard'. Known: none.")
    show(camera, 1, 1, 1, 1, 1, 1, 7, 7)
    assert len(camera.heard['appearances']) == 1


def test_what_can_not_be_waited_for_is_refused_with_the_reason(camera, start, begin):
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'encoder:=hog')
    begin()
    assert 'neither text nor image' in add(camera, name='nothing').message
    blank = frame_to_image(Frame(Header(1, 'photo'), np.full((120, 160, 3), 90, np.uint8)))
    assert 'shows nothing' in add(camera, name='wall', image=blank).message
    assert 'waymark export encoder' in add(camera, text='a red roof').message
    assert 'needs a name' in add(camera, image=frame_to_image(Frame(Header(1, 'photo'), picture(7)))).message


def test_an_image_named_by_a_parameter_is_waited_for_from_the_start(camera, start, begin, tmp_path):
    cv2.imwrite(str(tmp_path / 'gate.png'), picture(5)[:, :, ::-1])
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'encoder:=hog')
    begin(f'watch_images:=[{tmp_path / "gate.png"}]', 'watch_after:=1')
    for _ in range(30):
        show(camera, 1)
        if camera.value(NODE, 'standing_queries') == 'gate':
            break
        camera.wait_for(lambda: camera.value(NODE, 'standing_queries') == 'gate', 0.3)
    show(camera, 5)
    assert camera.wait_for(lambda: [e.name for e in camera.heard['appearances']] == ['gate'])


class TextEncoder:
    """Two encoders with known vectors: the stream's own, and a second one that takes texts."""

    def __init__(self, camera):
        self.embedding = camera.create_publisher(Embedding, 'embedding', 10)
        self.text_embedding = camera.create_publisher(Embedding, 'text_embedding', 10)
        camera.create_service(EncodeText, 'image_encoder/encode_text', self.encode)

    def encode(self, request, response):
        vectors = {'a tower': 3, 'a lake': 5}
        response.success = True
        response.embeddings = [described(vectors[text], TEXTS) for text in request.texts]
        return response

    def describe(self, stamp_ns, seed):
        self.text_embedding.publish(described(seed, TEXTS, stamp_ns))
        self.embedding.publish(described(seed, 'e' * 64, stamp_ns))


def described(axis, fingerprint, stamp_ns=1):
    """The unit vector along one of eight axes."""
    vector = array.array('f', np.eye(8, dtype=np.float32)[axis].tolist())
    header = HeaderMsg(stamp=ns_to_time(stamp_ns), frame_id='cam')
    return Embedding(header=header, vector=vector, norm=1.0, model_id='known', fingerprint=fingerprint)


def test_texts_find_keyframes_and_are_waited_for_by_the_vectors_of_a_second_encoder(camera, begin):
    encoder = TextEncoder(camera)
    begin('keyframe_similarity:=1.0', encoders=0)
    topics = encoder.embedding, encoder.text_embedding
    assert camera.wait_for(lambda: all(t.get_subscription_count() == 1 for t in topics))
    assert add(camera, text='a lake').success
    stamps = []
    for seed in (1, 3, 5, 5, 2):
        for _ in range(5):
            stamp_ns = camera.send(seed=seed)
            encoder.describe(stamp_ns, seed)
            if is_answered(camera, stamp_ns):
                break
        stamps.append(stamp_ns)
    assert camera.wait_for(lambda: camera.heard['appearances'])
    [event] = camera.heard['appearances']
    assert (event.name, time_to_ns(event.header.stamp), event.inliers) == ('a lake', stamps[3], 0)

    found = camera.call(QueryByText, f'/{NODE}/query_by_text', QueryByText.Request(text='a tower', max_results=1))
    assert (found.success, found.message) == (True, '')
    [best] = found.matches
    assert (time_to_ns(best.keyframe_stamp), best.similarity) == (stamps[1], 1.0)
