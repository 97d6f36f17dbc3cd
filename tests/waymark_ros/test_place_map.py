# SPDX-License-Identifier: Apache-2.0
"""The place map of a running node: kept through restarts, asked by image and by text, never lost to a bad request."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from ros_camera import TestCamera, picture
from waymark_msgs.msg import Keyframe
from waymark_msgs.srv import LoadMap, QueryByImage, QueryByText, SaveMap

from waymark.maps import open_map
from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image
from waymark_ros.qos import KEYFRAMES

pytestmark = pytest.mark.ros
PLACES = '/place_recognition'


@pytest.fixture
def camera(spinning):
    return spinning(TestCamera())


@pytest.fixture
def places(camera, start):
    """Start an encoder and place recognition with these parameters; the process of the latter."""
    camera.listen(Keyframe, 'keyframes', KEYFRAMES)
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'encoder:=hog')

    def begin(*parameters):
        options = [word for p in parameters for word in ('-p', p)]
        process = start('waymark_ros.nodes.place_recognition', *(['--ros-args', *options] if options else []))
        assert camera.wait_for(lambda: camera.image.get_subscription_count() == 2)
        return process

    return begin


def show(camera, *seeds):
    """Send a picture of each seed until each is a keyframe: the two nodes may not have found one another yet."""
    for seed in seeds:
        known = len(camera.heard['keyframes'])
        for _ in range(5):
            camera.send(seed=seed)
            if camera.wait_for(lambda known=known: len(camera.heard['keyframes']) > known, 5.0):
                break
        assert len(camera.heard['keyframes']) == known + 1, camera.status


def query(camera, seed):
    image = frame_to_image(Frame(Header(1, 'query'), picture(seed)))
    return camera.call(QueryByImage, f'{PLACES}/query_by_image', QueryByImage.Request(image=image))


def test_a_map_is_kept_through_a_restart_and_answers_by_image(camera, places, tmp_path):
    path = tmp_path / 'maps' / 'floor.wmap'
    first = places(f'map:={path}')
    show(camera, 1, 2, 3)
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=20) == 0
    with open_map(path) as stored:
        kept = stored.load()
        assert list(kept.keyframes) == [0, 1, 2]
        assert kept.info.model_id == 'waymark-hog-1'

    places(f'map:={path}')
    assert camera.wait_for(lambda: camera.value('place_recognition', 'keyframes') == '3')
    answer = query(camera, 2)
    assert (answer.success, answer.message) == (True, '')
    assert [m.keyframe_id for m in answer.matches][0] == 1
    assert answer.matches[0].similarity == pytest.approx(1, abs=1e-4)
    assert answer.matches[0].inliers > 100
    assert [m.inliers for m in answer.matches[1:]] == [0, 0]


def test_requests_that_can_not_be_met_are_answered_with_the_reason(camera, places, tmp_path):
    places()
    empty = camera.call(SaveMap, f'{PLACES}/save_map', SaveMap.Request(path=str(tmp_path / 'a.wmap')))
    assert (empty.success, empty.message) == (False, 'there is no map yet: no image with an embedding has come.')
    show(camera, 1, 2)
    assert 'no path' in camera.call(SaveMap, f'{PLACES}/save_map', SaveMap.Request()).message
    saved = camera.call(SaveMap, f'{PLACES}/save_map', SaveMap.Request(path=str(tmp_path / 'a.wmap')))
    assert (saved.success, saved.keyframe_count) == (True, 2)

    (tmp_path / 'photo.png').write_bytes(b'\x89PNG no map')
    for path, reason in ((tmp_path / 'none.wmap', 'none.wmap'), (tmp_path / 'photo.png', 'photo.png'), ('', 'no path')):
        answer = camera.call(LoadMap, f'{PLACES}/load_map', LoadMap.Request(path=str(path)))
        assert not answer.success
        assert reason in answer.message
    show(camera, 3)  # the map before is still there
    assert query(camera, 1).matches[0].keyframe_id == 0
    loaded = camera.call(LoadMap, f'{PLACES}/load_map', LoadMap.Request(path=str(tmp_path / 'a.wmap')))
    assert (loaded.success, loaded.keyframe_count) == (True, 2)

    text = camera.call(QueryByText, f'{PLACES}/query_by_text', QueryByText.Request(text='a red roof'))
    assert not text.success
    assert 'waymark export encoder' in text.message or 'Export CLIP' in text.message
    blank = frame_to_image(Frame(Header(1, 'query'), np.full((120, 160, 3), 90, np.uint8)))
    even = camera.call(QueryByImage, f'{PLACES}/query_by_image', QueryByImage.Request(image=blank))
    assert (even.success, 'shows nothing' in even.message) == (False, True)
