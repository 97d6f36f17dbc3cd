# SPDX-License-Identifier: Apache-2.0
"""The node that finds oriented objects, over real topics: from a drawn rectangle to messages and pictures."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import SetBool
from tests.support.box_watcher import BLUE, GREEN, RED, scene, shape
from tests.support.box_watcher import DETECTOR as NODE
from vision_msgs.msg import LabelInfo
from visualization_msgs.msg import Marker, MarkerArray
from waymark_msgs.msg import FrameHomography
from waymark_msgs.srv import SetClasses

from waymark_ros.conversions import image_to_frame, ns_to_time
from waymark_ros.qos import LATCHED
from waymark_ros.turns import Turns

pytestmark = pytest.mark.ros


def test_a_drawn_rectangle_keeps_its_angle_through_model_message_and_pictures(watcher, detector):
    watcher.listen(MarkerArray, 'markers')
    watcher.listen(Image, 'overlay')
    info = watcher.create_publisher(CameraInfo, 'camera_info', 5)
    detector(publish_overlay=True, marker_depth_m=2.0)
    K = np.array([[200.0, 0, 159.5], [0, 200, 119.5], [0, 0, 1]])
    assert watcher.wait_for(lambda: info.get_subscription_count() > 0)
    info.publish(CameraInfo(width=320, height=240, k=K.ravel(), distortion_model='plumb_bob'))
    # Its right end is the lower one: turned clockwise as seen on the screen.
    rgb = scene(((120.0, 100.0, 80.0, 30.0, 0.5), RED), ((250.0, 150.0, 60.0, 16.0, -1.2), BLUE))
    assert (rgb[100 + 15, 120 + 27] == RED).all() and (rgb[100 - 15, 120 + 27] == 40).all()

    detections, _ = watcher.show(rgb)

    found = {d.results[0].hypothesis.class_id: d for d in detections}
    assert set(found) == {'red', 'blue'}
    for name, expected in (('red', (120, 100, 80, 30, 0.5)), ('blue', (250, 150, 60, 16, -1.2))):
        box = found[name].bbox
        got = box.center.position.x, box.center.position.y, box.size_x, box.size_y, box.center.theta
        np.testing.assert_allclose(got[:4], expected[:4], atol=0.6)
        assert got[4] == pytest.approx(expected[4], abs=0.01)
        assert found[name].header.frame_id == 'cam' and found[name].results[0].hypothesis.score == pytest.approx(0.9)
    marks = watcher.marks()
    lines = next(m for m in marks if m.type == Marker.LINE_LIST)
    ends = np.array([(p.x, p.y, p.z) for p in lines.points]).reshape(2, 4, 2, 3)
    pixels = (ends @ K.T)[..., :2] / ends[..., 2:]
    assert (ends[..., 2] == 2.0).all() and lines.header.frame_id == 'cam'
    order = [name.results[0].hypothesis.class_id for name in detections].index('red')
    np.testing.assert_allclose(pixels[order, :, 0], shape(120, 100, 80, 30, 0.5), atol=0.7)
    drawn = image_to_frame(watcher.answer('overlay')).rgb
    middle = (shape(120, 100, 80, 30, 0.5) + np.roll(shape(120, 100, 80, 30, 0.5), -1, axis=0)) / 2
    for x, y in np.rint(middle).astype(int):
        assert (drawn[y - 1 : y + 2, x - 1 : x + 2] != rgb[y - 1 : y + 2, x - 1 : x + 2]).any()
    assert (drawn[100, 120] == RED).all()  # nothing else is touched


@pytest.mark.slow
def test_objects_are_followed_and_the_camera_is_taken_out_by_its_homography(watcher, detector):
    detector(confirm_after=2, ego_wait_s=10.0)
    seen = [watcher.show(scene(((60.0 + 4 * k, 100, 60, 20, 0.3), GREEN))) for k in range(4)]
    assert [d[0].id for d, _ in seen] == ['', '1', '1', '1'] and seen[0][1] == []
    [track] = seen[-1][1]
    assert (track.track_id, track.class_id, track.is_seen) == ('1', 'green', True)
    assert (track.cx, track.cy, track.w, track.theta) == pytest.approx((72, 100, 60, 0.3), abs=1)
    assert np.linalg.eigvalsh(np.reshape(track.covariance, (5, 5))).min() > 0
    assert watcher.wait_for(lambda: watcher.value(NODE, 'camera_motion').startswith('uncompensated: no ego_homography'))

    ego = watcher.create_publisher(FrameHomography, 'ego_homography', 10)
    assert watcher.wait_for(lambda: ego.get_subscription_count() > 0)
    before_ns = watcher.stamp_ns
    watcher.send_pixels(scene(((190.0, 60, 60, 20, 0.3), GREEN)))  # the camera jumped: nothing overlaps any more
    H = np.array([[1.0, 0, 114], [0, 1, -40], [0, 0, 1]])
    middle_ns = (before_ns + watcher.stamp_ns) // 2  # told in two steps, as by a node that sees more images
    for first_ns, second_ns, step in ((before_ns, middle_ns, np.eye(3)), (middle_ns, watcher.stamp_ns, H)):
        msg = FrameHomography(previous_stamp=ns_to_time(first_ns), h_cur_prev=step.ravel())
        msg.header.stamp = ns_to_time(second_ns)
        ego.publish(msg)
    assert [d.id for d in watcher.answer('detections').detections] == ['1']
    assert watcher.wait_for(lambda: watcher.value(NODE, 'camera_motion') == 'compensated')
    watcher.destroy_publisher(ego)
    _, tracks = watcher.show(scene())  # gone: told where it is expected
    assert [(t.track_id, t.is_seen) for t in tracks] == [('1', False)]


def test_classes_are_chosen_by_name_and_the_labels_are_told_to_who_comes_late(watcher, detector):
    detector()
    image = scene(((60.0, 100, 60, 20, 0.3), GREEN), ((200.0, 100, 60, 20, 0.3), RED))
    assert len(watcher.show(image)[0]) == 2

    answer = watcher.call(SetClasses, f'/{NODE}/set_classes', SetClasses.Request(classes=['green']))
    assert (answer.success, answer.labels) == (True, ['green'])
    assert [d.results[0].hypothesis.class_id for d in watcher.show(image)[0]] == ['green']
    watcher.listen(LabelInfo, 'labels', LATCHED)
    assert watcher.wait_for(lambda: watcher.heard['labels'])
    assert [(c.class_id, c.class_name) for c in watcher.heard['labels'][-1].class_map] == [(0, 'green')]

    answer = watcher.call(SetClasses, f'/{NODE}/set_classes', SetClasses.Request(classes=['a red car']))
    assert not answer.success
    assert "'a red car' is none of the model 'rectangles' (red, green, blue)" in answer.message
    assert len(watcher.show(image)[0]) == 1
    assert watcher.call(SetClasses, f'/{NODE}/set_classes', SetClasses.Request()).labels == ['red', 'green', 'blue']
    assert len(watcher.show(image)[0]) == 2


@pytest.mark.slow
def test_it_can_be_switched_off_and_on(watcher, detector):
    detector(enabled=False)
    image = scene(((60.0, 100, 60, 20, 0.3), GREEN))
    watcher.send_pixels(image)
    assert watcher.wait_for(lambda: watcher.value(NODE, 'state') == 'disabled')
    assert watcher.call(SetBool, f'/{NODE}/enable', SetBool.Request(data=True)).success
    assert len(watcher.show(image)[0]) == 1
    assert len(watcher.heard['detections']) == 1
    assert watcher.call(SetBool, f'/{NODE}/enable', SetBool.Request(data=False)).message == 'disabled'


@pytest.mark.parametrize(('nice', 'taken'), [(0, 0), (10, 1)])
def test_a_node_that_stands_back_works_in_its_turn_and_another_never_asks(watcher, detector, monkeypatch, nice, taken):
    node = detector(nice=nice)
    left = []
    monkeypatch.setattr(node.statistics, 'frame_done', lambda received_ns: left.append(node.process.turns.free))
    watcher.show(scene(((120.0, 100.0, 80.0, 30.0, 0.5), RED)))
    assert watcher.wait_for(lambda: left)
    assert left == [Turns().free - taken]
