# SPDX-License-Identifier: Apache-2.0
"""A van drives under a drone: what is told of it over real topics keeps it out of keyframes and of targets."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import yaml
from ros_camera import TestCamera
from sensor_msgs.msg import Image, RegionOfInterest
from waymark_msgs.msg import Localization, PlanarTarget, PlanarTargetArray
from waymark_msgs.srv import AddTarget, SaveMap

from waymark.maps import open_map
from waymark.types import Frame, Header
from waymark_ros.conversions import frame_to_image, time_to_ns
from waymark_ros.qos import IMAGES_OUT
from waymark_sim.ground import generate_ground
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.traffic import VEHICLE, Vehicle, paint_traffic

pytestmark = [pytest.mark.ros, pytest.mark.slow]
VAN = Vehicle('van', 3, (-2.0, 1.0), 0.6, 5.0)
PLACES, TRACKER, EGO = 'place_recognition', 'homography_tracker', 'ego_motion'
NODES = {
    'image_encoder': {'encoder': 'hog'},
    EGO: {},
    PLACES: {'keyframe_similarity': 1.0, 'exclude_recent': 1000},
    TRACKER: {'learn_first_frame': False},
}


@pytest.fixture(scope='module')
def renderer():
    return OrthoRenderer(generate_ground(5, 1024, 60.0), (320, 240), math.radians(60))


class Overflight(TestCamera):
    """Flies at 1.5 m/s, 12 m above a van, and knows exactly which pixels show it."""

    def __init__(self, renderer) -> None:
        super().__init__(name='overflight')
        self.renderer = renderer
        self.truth: dict[int, np.ndarray] = {}
        for kind, topic in ((Localization, 'localization'), (PlanarTargetArray, 'targets')):
            self.listen(kind, topic)

    def see(self, index: int, vehicles=(VAN,)) -> int:
        """Send one image, and wait for what is said of it; one that a busy machine loses is taken again."""
        T, masks = np.eye(4), []
        T[:3, 3] = 0.15 * index, 0.0, 12.0
        rgb = self.renderer.render(T, index, lambda i, H: masks.append(paint_traffic(i, H, vehicles, 0.1 * index)))
        for _ in range(5):
            stamp_ns = self.get_clock().now().nanoseconds
            self.truth[stamp_ns] = masks[0] == VEHICLE
            self.image.publish(frame_to_image(Frame(Header(stamp_ns, 'cam'), rgb)))
            if self.wait_for(lambda ns=stamp_ns: self.is_answered(ns), 5.0):
                return stamp_ns
        raise AssertionError(f'no answer: {self.status}')

    def is_answered(self, stamp_ns: int) -> bool:
        return all(any(time_to_ns(m.header.stamp) == stamp_ns for m in heard) for heard in self.heard.values())

    def on_the_van(self, path) -> list[int]:
        """How many keypoints of each keyframe, but the first, lie on the van."""
        assert self.call(SaveMap, f'/{PLACES}/save_map', SaveMap.Request(path=str(path))).success
        counts = []
        with open_map(path) as stored:
            for keyframe in list(stored.load().keyframes.values())[1:]:
                column, row = np.rint(keyframe.features.keypoints).astype(int).T
                counts.append(int(self.truth[keyframe.header.stamp_ns][row, column].sum()))
        return counts

    def learn(self, stamp_ns: int) -> None:
        """Draw a box of 160 x 120 px around the van."""
        rows, columns = np.nonzero(self.truth[stamp_ns])
        left, top = round(columns.mean()) - 80, round(rows.mean()) - 60
        box = RegionOfInterest(x_offset=left, y_offset=top, width=160, height=120)
        answer = self.call(AddTarget, f'/{TRACKER}/add_target', AddTarget.Request(target_id='yard', box=box))
        assert (answer.success, answer.message) == (True, '')


@pytest.fixture
def overflight(spinning, renderer):
    return spinning(Overflight(renderer))


@pytest.fixture
def begin(overflight, start, tmp_path):
    """Start the four nodes, in one process or in four."""

    def begin(together, **both):
        wanted = {name: {**given, **(both if name in (PLACES, TRACKER) else {})} for name, given in NODES.items()}
        if together:
            config = tmp_path / 'pipeline.yaml'
            config.write_text(yaml.safe_dump({'nodes': [{'node': n, 'parameters': p} for n, p in wanted.items()]}))
            start('waymark_ros.container', '--config', str(config))
        else:
            for name, given in wanted.items():
                options = [word for key, value in given.items() for word in ('-p', f'{key}:={json.dumps(value)}')]
                start(f'waymark_ros.nodes.{name}', *(['--ros-args', *options] if options else []))
        listeners = 1 if together else len(NODES)
        assert overflight.wait_for(lambda: overflight.image.get_subscription_count() == listeners, 30.0)
        assert overflight.wait_for(lambda: set(NODES) <= set(overflight.status), 30.0)

    return begin


@pytest.mark.parametrize('together', [True, False], ids=['container', 'apart'])
def test_with_masks_a_vehicle_becomes_no_part_of_keyframes_and_of_targets(overflight, begin, tmp_path, together):
    begin(together, use_motion_mask=True, mask_wait_s=3.0)
    stamps = [overflight.see(i) for i in range(5)]
    assert len(counts := overflight.on_the_van(tmp_path / 'yard.wmap')) >= 4
    assert max(counts) < 8  # see below for how many there are without
    overflight.learn(stamps[-1])
    overflight.see(5, vehicles=())  # it has driven away
    [yard] = overflight.heard['targets'][-1].targets
    assert (yard.state, yard.agreement > 0.9) == (PlanarTarget.TRACKING, True)
    for node in (PLACES, TRACKER):
        assert overflight.wait_for(lambda node=node: int(overflight.value(node, 'images_with_mask') or 0) >= 5)
        assert int(overflight.value(node, 'images_without_mask')) >= 1  # the first


def test_without_masks_the_same_vehicle_becomes_part_of_both(overflight, begin, tmp_path):
    begin(together=True)
    stamps = [overflight.see(i) for i in range(5)]
    assert min(overflight.on_the_van(tmp_path / 'yard.wmap')) > 25
    overflight.learn(stamps[-1])
    overflight.see(5, vehicles=())
    [yard] = overflight.heard['targets'][-1].targets
    assert yard.state == PlanarTarget.SEARCHING
    wrong = ('yard SEARCHING (content)', 'yard SEARCHING (agreement)')  # it shows other than what was learnt
    assert overflight.wait_for(lambda: overflight.value(TRACKER, 'state') in wrong), overflight.value(TRACKER, 'state')
    assert overflight.value(TRACKER, 'images_with_mask') == ''


def test_where_no_mask_comes_images_go_on_without_and_that_is_counted(overflight, start):
    options = ('-p', 'use_motion_mask:=true', '-p', 'mask_wait_s:=0.05', '-p', 'learn_first_frame:=false')
    start(f'waymark_ros.nodes.{TRACKER}', '--ros-args', *options)
    del overflight.heard['localization']
    assert overflight.wait_for_listener()
    for i in range(12):
        overflight.see(i)
    assert overflight.wait_for(lambda: int(overflight.value(TRACKER, 'images_without_mask') or 0) >= 12)
    assert overflight.value(TRACKER, 'waits_for_mask') == 'no: nothing comes on /motion_mask'
    mask = overflight.create_publisher(Image, 'motion_mask', IMAGES_OUT)
    assert overflight.wait_for(lambda: mask.get_subscription_count() > 0)
    assert until(overflight, lambda: send_both(overflight, mask, (240, 320)), 'images_with_mask', '1')
    assert overflight.value(TRACKER, 'waits_for_mask') == 'yes'
    assert until(
        overflight, lambda: send_both(overflight, mask, (9, 16)), 'last_error', 'is 16x9 px, the image 320x240'
    )
    assert until(overflight, lambda: send_both(overflight, mask, (9, 16, 3)), 'last_error', 'expected mono8, got rgb')


def send_both(camera, mask, shape):
    """A mask of this shape, and an image with its stamp."""
    header = Header(camera.get_clock().now().nanoseconds, 'cam')
    layout = 'mono' if len(shape) == 2 else 'rgb'
    mask.publish(frame_to_image(Frame(header, np.zeros(shape, np.uint8), layout)))
    camera.image.publish(frame_to_image(Frame(header, np.zeros((240, 320, 3), np.uint8))))


def until(camera, act, key, text):
    """Act until the tracker's diagnostics hold a text: a busy machine loses messages."""
    for _ in range(5):
        act()
        if camera.wait_for(lambda: text in camera.value(TRACKER, key), 4.0):
            return True
    return False
