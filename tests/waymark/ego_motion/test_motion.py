# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from waymark.ego_motion import Altitude, EgoMotion, EgoMotionConfig
from waymark.errors import MessageError
from waymark.image.camera import CameraModel
from waymark.image.geometry import corner_error
from waymark.image.rotation import yaw_of
from waymark.types import Frame, Header


def observe(ego, vehicle, T, stamp_s, **change):
    """One image with exact sensors, unless changed."""
    frame = change.pop('frame', None) or vehicle.frame(T, stamp_s)
    told = {'camera': vehicle.camera, 'altitude': Altitude(T[2, 3]), 'R_world_base': T[:3, :3], **change}
    return ego.observe(frame, **told)


def test_the_homography_between_two_images_is_that_of_the_ground(vehicle):
    ego, poses = EgoMotion(EgoMotionConfig()), [vehicle.pose(), vehicle.pose(0.5, -0.2, 10.3, (0.03, -0.02, 0.1))]
    first, second = (observe(ego, vehicle, T, 1 + 0.1 * i) for i, T in enumerate(poses))
    assert first.H_cur_prev is None
    true = vehicle.renderer.H_cur_ref(poses[1], poses[0])
    assert corner_error(second.H_cur_prev, true, (320, 240)) < 0.2
    assert second.previous_stamp_ns == 1_000_000_000
    assert second.inliers >= 25
    assert second.quality > 0.7


def test_a_curve_of_six_metres_ends_where_it_ended_and_the_velocity_is_the_true_one(vehicle):
    ego = EgoMotion(EgoMotionConfig())
    for i in range(31):  # 2 m/s ahead, 0.2 rad/s to the left
        yaw = 0.02 * i
        x, y = 10 * math.sin(yaw), 10 * (1 - math.cos(yaw))
        T = vehicle.pose(x, y, 10.0, (0.03 * math.sin(i), 0.03 * math.cos(i), yaw))
        state = observe(ego, vehicle, T, 1 + 0.1 * i)
        assert state.reason == ''
    np.testing.assert_allclose(state.T_odom_base[:3, 3], T[:3, 3], atol=0.05)
    assert yaw_of(state.T_odom_base[:3, :3]) == pytest.approx(0.6, abs=0.005)
    np.testing.assert_allclose(state.velocity_base[:2], (2.0, 0.0), atol=0.15)
    assert state.rates_base[2] == pytest.approx(0.2, abs=0.02)
    assert state.anchors >= 2


def test_a_flight_that_begins_tilted_without_attitude_heads_where_it_headed(vehicle):
    ego = EgoMotion(EgoMotionConfig())
    for i in range(25):  # roll and pitch of 8 degrees at the beginning: their product is 1.1 degrees of heading
        tilt = (0.14, 0.14) if i == 0 else (0.02 * math.sin(i), 0.02 * math.cos(i))
        T = vehicle.pose(0.4 * i, 0.0, 10.0, (*tilt, 0.0))
        state = observe(ego, vehicle, T, 1 + 0.1 * i, R_world_base=None)
    assert state.anchors >= 3
    heading = yaw_of(T[:3, :3]) - yaw_of(vehicle.pose(rpy=(0.14, 0.14, 0.0))[:3, :3])
    assert yaw_of(state.T_odom_base[:3, :3]) == pytest.approx(heading, abs=0.002)
    np.testing.assert_allclose(state.T_odom_base[:2, 3], T[:2, 3], atol=4 * np.sqrt(state.covariance[0, 0]))


def test_hovering_for_minutes_does_not_drift(vehicle):
    ego, errors = EgoMotion(EgoMotionConfig()), []
    rng = np.random.default_rng(3)
    for i in range(60):  # one image every four seconds: four minutes
        x, y = 0.3 * math.sin(i), 0.3 * math.cos(1.7 * i)
        T = vehicle.pose(x, y, 10.0, tuple(rng.normal(0.0, 0.02, 3)))
        state = observe(ego, vehicle, T, 1 + 4.0 * i)
        errors.append(state.T_odom_base[:3, 3] - T[:3, 3])
    first, last = (np.mean(e, axis=0) for e in (errors[:20], errors[-20:]))
    assert state.anchors == 1
    np.testing.assert_allclose(last, first, atol=0.01)
    assert math.sqrt(state.covariance[0, 0]) < 0.05


def test_flying_over_an_anchor_again_takes_back_the_uncertainty(vehicle):
    ego, sigmas, anchors = EgoMotion(EgoMotionConfig()), [], []
    way = [0.8 * i for i in range(22)]
    for i, x in enumerate([*way, *reversed(way)]):
        state = observe(ego, vehicle, vehicle.pose(x - 8.0), 1 + 0.1 * i)
        sigmas.append(math.sqrt(state.covariance[0, 0]))
        anchors.append(state.anchors)
    assert max(sigmas) > 2 * sigmas[-1]
    assert anchors[-1] == anchors[len(way) - 1]  # no new ones on the way back
    assert ego.odometry.reused >= 2


def test_a_camera_that_fails_every_other_image_does_not_make_hovering_drift(vehicle):
    ego, black = EgoMotion(EgoMotionConfig()), np.zeros((240, 320), np.uint8)
    for i in range(24):
        T = vehicle.pose(0.1 * math.sin(i), 0.1 * math.cos(i))
        frame = Frame(Header(round((1 + 0.1 * i) * 1e9)), black, 'mono') if i % 2 else None
        state = observe(ego, vehicle, T, 1 + 0.1 * i, frame=frame)
        assert (state.T_odom_base is None) == bool(i % 2)
    assert ego.odometry.map.anchors[-1].number == 0


def test_a_long_way_keeps_no_more_anchors_than_allowed_and_always_the_first(vehicle):
    ego = EgoMotion(EgoMotionConfig(max_anchors=3))
    for i in range(26):
        state = observe(ego, vehicle, vehicle.pose(0.9 * i - 11), 1 + 0.1 * i)
        assert state.anchors <= 3
    kept = [a.number for a in ego.odometry.map.anchors]
    assert kept[0] == 0
    assert kept[-1] >= 4
    assert state.T_odom_base[0, 3] == pytest.approx(0.9 * 25, abs=0.4)


@pytest.mark.parametrize('kind', ['black', 'white', 'noise', 'blur'])
def test_an_image_that_shows_nothing_gives_nothing_and_says_so_and_the_next_good_one_goes_on(vehicle, kind):
    ego = EgoMotion(EgoMotionConfig())
    for i in range(3):
        before = observe(ego, vehicle, vehicle.pose(0.3 * i), 1 + 0.1 * i)
    pixels = vehicle.frame(vehicle.pose(0.9), 1).gray
    spoiled = {
        'black': np.zeros_like(pixels),
        'white': np.full_like(pixels, 255),
        'noise': np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8),
        'blur': np.asarray(cv2.GaussianBlur(pixels, (0, 0), 40), np.uint8),
    }[kind]
    bad = observe(ego, vehicle, vehicle.pose(0.9), 1.3, frame=Frame(Header(1_300_000_000), spoiled, 'mono'))
    assert bad.H_cur_prev is None
    assert bad.T_odom_base is None
    assert ('no local features agree' if kind == 'noise' else 'blank or blurred') in bad.reason
    again = observe(ego, vehicle, vehicle.pose(1.2), 1.4)
    assert again.T_odom_base[0, 3] == pytest.approx(1.2, abs=0.05)
    assert again.covariance[0, 0] < 4 * before.covariance[0, 0] + 0.01


def test_ground_that_was_never_seen_after_a_blind_while_is_begun_with_all_its_uncertainty(vehicle):
    ego = EgoMotion(EgoMotionConfig())
    for i in range(5):
        observe(ego, vehicle, vehicle.pose(0.3 * i - 10), 1 + 0.1 * i)
    black = np.zeros((240, 320), np.uint8)
    for i in range(5, 25):
        frame = Frame(Header(round((1 + 0.1 * i) * 1e9)), black, 'mono')
        assert observe(ego, vehicle, vehicle.pose(), 0, frame=frame).T_odom_base is None
    states = [observe(ego, vehicle, vehicle.pose(0.3 * i + 6, 4.0), 1 + 0.1 * i) for i in range(25, 30)]
    last = states[-1]
    truth = np.array([0.3 * 29 + 16, 4.0])
    error = last.T_odom_base[:2, 3] - truth
    assert error @ np.linalg.solve(last.covariance[:2, :2], error) < 20
    assert math.sqrt(last.covariance[0, 0]) > 1.0
    np.testing.assert_allclose(last.velocity_base[:2], (3.0, 0.0), atol=0.3)


K = np.array([[200.0, 0, 160], [0, 200, 120], [0, 0, 1]])


@pytest.mark.parametrize(
    'camera',
    [None, CameraModel((320, 240), np.zeros((3, 3)), np.zeros(5)), CameraModel((320, 240), K * np.nan, np.zeros(5)),
     CameraModel((320, 240), K, np.array([np.nan, 0, 0, 0, 0]))],
    ids=['missing', 'zero', 'NaN', 'NaN distortion'],
)  # fmt: skip
def test_without_a_calibration_there_is_a_homography_but_no_metre(vehicle, camera):
    ego = EgoMotion(EgoMotionConfig())
    for i in range(3):
        state = observe(ego, vehicle, vehicle.pose(0.3 * i), 1 + 0.1 * i, camera=camera)
    assert state.H_cur_prev is not None
    assert (state.T_odom_base, state.velocity_base) == (None, None)
    assert 'not calibrated' in state.reason


@pytest.mark.parametrize('metres', [None, 0.0, -3.0, math.nan, math.inf])
def test_without_an_altitude_odometry_does_not_begin_and_the_reason_is_given(vehicle, metres):
    ego = EgoMotion(EgoMotionConfig())
    altitude = None if metres is None else Altitude(metres)
    for i in range(3):
        state = observe(ego, vehicle, vehicle.pose(0.3 * i), 1 + 0.1 * i, altitude=altitude)
    assert state.H_cur_prev is not None
    assert state.T_odom_base is None
    assert 'altitude' in state.reason
    assert observe(ego, vehicle, vehicle.pose(0.9), 1.3).T_odom_base is not None


def test_an_attitude_that_can_not_be_is_left_out_with_a_reason(vehicle):
    ego = EgoMotion(EgoMotionConfig())
    state = observe(ego, vehicle, vehicle.pose(), 1.0, R_world_base=np.diag([1.0, -1.0, -1.0]))
    assert 'degrees from level' in state.reason
    assert state.T_odom_base is not None
    state = observe(ego, vehicle, vehicle.pose(), 1.1, R_world_base=np.full((3, 3), np.nan))
    assert 'not finite' in state.reason


def test_a_stamp_that_goes_back_changes_nothing(vehicle):
    ego = EgoMotion(EgoMotionConfig())
    for i in range(3):
        observe(ego, vehicle, vehicle.pose(0.3 * i), 1 + 0.1 * i)
    state = observe(ego, vehicle, vehicle.pose(5.0), 1.1)
    assert (state.H_cur_prev, state.T_odom_base) == (None, None)
    assert 'not later' in state.reason
    assert observe(ego, vehicle, vehicle.pose(0.9), 1.3).T_odom_base[0, 3] == pytest.approx(0.9, abs=0.05)


def test_another_image_size_in_mid_stream_is_no_motion_and_odometry_goes_on_with_more_doubt(vehicle, ground):
    from waymark_sim.ortho import OrthoRenderer

    ego, larger = EgoMotion(EgoMotionConfig()), OrthoRenderer(ground, (480, 360), math.radians(60.0))
    for i in range(4):
        before = observe(ego, vehicle, vehicle.pose(0.3 * i), 1 + 0.1 * i)
    states = []
    for i in range(4, 8):
        T = vehicle.pose(0.3 * i)
        frame = Frame(Header(round((1 + 0.1 * i) * 1e9)), larger.render(T))
        states.append(observe(ego, vehicle, T, 0, frame=frame, camera=larger.camera))
    assert states[0].H_cur_prev is None
    assert states[0].T_odom_base is None
    assert 'size changed' in states[0].reason
    assert states[-1].T_odom_base[0, 3] == pytest.approx(2.1, abs=0.3)
    assert states[-1].covariance[0, 0] > before.covariance[0, 0]


def test_a_calibration_of_another_size_is_refused_by_name(vehicle):
    with pytest.raises(MessageError, match='camera_info is for 99x99 px, the images are 320x240'):
        observe(EgoMotion(EgoMotionConfig()), vehicle, vehicle.pose(), 1, camera=CameraModel((99, 99), K, np.zeros(5)))
