# SPDX-License-Identifier: Apache-2.0
"""Poses from place recognition over real ROS, against a simulator's exact truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flying_camera import T_BASE_CAMERA, FlyingCamera
from geometry_msgs.msg import PoseWithCovarianceStamped
from tf2_msgs.msg import TFMessage
from waymark_msgs.msg import Keyframe, Localization, PlaceMatch
from waymark_msgs.srv import LoadMap, SaveMap

from waymark.places.rigid import inverse, transform, turn_of, turned
from waymark_ros.conversions import pose_from_msg, time_to_ns, transform_from_msg
from waymark_ros.qos import KEYFRAMES, TF
from waymark_sim.world import build_world

pytestmark = pytest.mark.ros
NODE = 'place_recognition'
CHI2_6 = {0.95: 12.59, 0.999: 22.46}
HOVER = ['exclude_recent:=0', 'localize_after:=1', 'altitude_from:=range', 'altitude_sigma:=0.001']
FIRST_S, AGAIN_S = np.arange(0, 14, 1.0), np.arange(1.3, 13, 0.9)


@pytest.fixture(scope='module')
def world():
    return build_world('sim:ground?laps=1&lap_s=120&width=320&height=240&pad=0&ground_px=2048&altitude=15')


@pytest.fixture
def drone(spinning, world, start):
    drone = spinning(FlyingCamera(world))
    drone.listen(PlaceMatch, 'place')
    drone.listen(Keyframe, 'keyframes', KEYFRAMES)
    drone.listen(PoseWithCovarianceStamped, 'map_pose')
    drone.listen(TFMessage, '/tf', TF)
    start('waymark_ros.nodes.image_encoder', '--ros-args', '-p', 'encoder:=hog')
    return drone


@pytest.fixture
def begin(drone, start):
    """Start place recognition with these parameters."""

    def begin(*parameters):
        given = ['keyframe_similarity:=1.0', 'exclude_recent:=20', *parameters]
        start('waymark_ros.nodes.place_recognition', '--ros-args', *(word for p in given for word in ('-p', p)))
        assert drone.wait_for(lambda: drone.image.get_subscription_count() == 2)
        topics = drone.odometry, drone.info
        assert drone.wait_for(lambda: all(t.get_subscription_count() > 0 for t in topics))

    return begin


def error(found, true):
    return np.r_[found[:3, 3] - true[:3, 3], turn_of(found[:3, :3] @ true[:3, :3].T)]


def normalized(msg, true):
    """Squared error of a PoseWithCovariance in its own standard deviations: chi-square of 6 degrees of freedom."""
    e = error(pose_from_msg(msg.pose), true)
    return float(e @ np.linalg.solve(np.array(msg.covariance).reshape(6, 6), e))


def true_relative(drone, match):
    ref, cur = (drone.truth[time_to_ns(s)] for s in (match.keyframe_stamp, match.header.stamp))
    return inverse(ref) @ cur


def keep_and_load(drone, path):
    """Begin anew with the map as it is: nothing in it is recent any more."""
    saved = drone.call(SaveMap, f'/{NODE}/save_map', SaveMap.Request(path=str(path)))
    assert (saved.success, saved.message) == (True, '')
    loaded = drone.call(LoadMap, f'/{NODE}/load_map', LoadMap.Request(path=str(path)))
    assert (loaded.success, loaded.keyframe_count) == (True, len(FIRST_S))


def test_matches_have_poses_in_metres_and_tie_the_odometry_to_the_map(drone, begin, tmp_path):
    drone.hang()
    begin()
    first = drone.fly(FIRST_S)
    assert {m.state for m in first} == {Localization.LOST}
    assert (drone.heard['/tf'], drone.heard['map_pose'], drone.heard['place']) == ([], [], [])
    assert all(k.has_pose for k in drone.heard['keyframes'])
    for keyframe in drone.heard['keyframes']:
        np.testing.assert_allclose(
            pose_from_msg(keyframe.pose), drone.truth[time_to_ns(keyframe.header.stamp)], atol=1e-6
        )

    keep_and_load(drone, tmp_path / 'flight.wmap')
    drone.T_map_odom = transform(turned(np.array([0.01, -0.02, 0.8])), np.array([30.0, -12.0, 3.0]))
    again = drone.fly(AGAIN_S)
    located = [m for m in again if m.state == Localization.LOCALIZED]
    assert len(located) >= len(again) - 2
    assert drone.wait_for(lambda: len(drone.heard['place']) == len(located))

    assert [(m.match.has_pose, m.match.has_scale, m.match.is_planar) for m in located] == [(True,) * 3] * len(located)
    squares = [normalized(m.match.pose, true_relative(drone, m.match)) for m in located]
    assert np.mean(squares) < 6 + 1.96 * np.sqrt(12 / len(squares))
    assert np.mean(np.array(squares) < CHI2_6[0.999]) == 1

    assert drone.wait_for(lambda: len(drone.heard['/tf']) == len(drone.heard['map_pose']) == len(located))
    for tf, pose in zip(drone.heard['/tf'], drone.heard['map_pose'], strict=True):
        [item] = tf.transforms
        assert (item.header.frame_id, item.child_frame_id, pose.header.frame_id) == ('map', 'odom', 'map')
        true = drone.truth[time_to_ns(item.header.stamp)] @ inverse(T_BASE_CAMERA)
        by_tf = transform_from_msg(item.transform) @ inverse(drone.T_map_odom) @ true
        np.testing.assert_allclose(by_tf, pose_from_msg(pose.pose.pose), atol=1e-6)
        assert normalized(pose.pose, true) < CHI2_6[0.999]
        assert np.linalg.norm(by_tf[:3, 3] - true[:3, 3]) < 0.5


def hover_until(drone, second, reason):
    """The answer to the first image after which diagnostics say so of poses: camera_info may come after its image."""
    for _ in range(5):
        [said] = drone.fly(np.array([second]), odometry=False)
        if drone.wait_for(lambda: drone.value(NODE, 'pose').startswith(reason), timeout_s=3):
            return said
    raise AssertionError(drone.status[NODE])


def test_without_a_calibration_there_is_no_pose_and_diagnostics_say_why(drone, begin, world):
    good = world.renderer.camera
    zero, half = np.zeros((3, 3)), (good.size_wh[0] // 2, good.size_wh[1] // 2)
    nan = good.K.copy()
    nan[0, 2] = np.nan
    begin(*HOVER)
    drone.camera = None
    drone.fly(np.array([0.0]))
    for number, (camera, reason) in enumerate(
        [
            (None, 'none: no camera_info has come'),
            (replace(good, K=zero), 'none: camera_info holds no calibration'),
            (replace(good, K=nan), 'none: camera_info holds no calibration'),
            (replace(good, size_wh=half), 'none: camera_info is for another resolution'),
        ]
    ):
        drone.camera = camera
        said = hover_until(drone, 0.1 * (number + 1), reason)
        assert said.state == Localization.LOCALIZED
        assert not said.match.has_pose
    assert 'camera_info is for 160x120 px, the images are 320x240 px' in drone.value(NODE, 'last_error')


def test_a_range_finder_makes_matches_metric_without_odometry_and_without_tf(drone, begin):
    drone.hang()
    begin(*HOVER)
    drone.fly(np.array([0.0]), odometry=False)
    said = drone.fly(np.arange(0.3, 2.0, 0.2), odometry=False)
    located = [m for m in said if m.state == Localization.LOCALIZED]
    assert len(located) >= len(said) - 1
    assert all(m.match.has_scale for m in located)
    for m in located:
        true = true_relative(drone, m.match)
        assert normalized(m.match.pose, true) < CHI2_6[0.999]
        assert np.linalg.norm(pose_from_msg(m.match.pose.pose)[:3, 3] - true[:3, 3]) < 0.3
    assert (drone.heard['/tf'], drone.heard['map_pose']) == ([], [])
    assert not any(k.has_pose for k in drone.heard['keyframes'])


def test_odometry_in_the_frame_of_the_map_is_refused_by_name(drone, begin):
    begin('map_frame:=odom')
    drone.fly(np.array([0.0]))
    assert drone.wait_for(lambda: "'odom' is the frame of the map itself" in drone.value(NODE, 'last_error'))
    assert not drone.heard['keyframes'][0].has_pose
