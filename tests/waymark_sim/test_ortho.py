# SPDX-License-Identifier: Apache-2.0
"""The camera over the ground: where things appear is exactly where the mathematics puts them."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from waymark_sim.ground import Ground
from waymark_sim.ortho import R_BASE_CAMERA, SKY, Look, OrthoRenderer
from waymark_sim.route import rotation

FOV_RAD = math.radians(60)


def pose(x=0.0, y=0.0, z=20.0, roll=0.0, pitch=0.0, yaw=0.0) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3] = rotation(roll, pitch, yaw)
    T[:3, 3] = x, y, z
    return T


POSES = [
    pose(),
    pose(3.0, -2.0, 12.0, yaw=2.0),
    pose(-5.0, 4.0, 20.0, 0.1, -0.15, -1.0),
    pose(1.0, 1.0, 30.0, -0.3, 0.25, 3.0),
]


def project(T_map_base, K, points_map):
    """Project the long way: through vehicle and camera frame in three dimensions."""
    p_base = (points_map - T_map_base[:3, 3]) @ T_map_base[:3, :3]
    p_camera = p_base @ R_BASE_CAMERA
    u = p_camera / p_camera[:, 2:]
    return (u @ K.T)[:, :2]


def apply(H, points):
    q = np.column_stack([points, np.ones(len(points))]) @ H.T
    return q[:, :2] / q[:, 2:]


@pytest.fixture(scope='module')
def renderer(checkerboard):
    return OrthoRenderer(checkerboard, (640, 480), FOV_RAD)


@pytest.mark.parametrize('T', POSES)
def test_ground_points_project_alike_by_homography_and_in_three_dimensions(renderer, T):
    points = np.random.default_rng(0).uniform(-8, 8, (50, 2))

    found = apply(renderer.H_image_from_ground(T), points)

    expected = project(T, renderer.camera.K, np.column_stack([points, np.zeros(50)]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize('T_cur', POSES)
@pytest.mark.parametrize('T_ref', POSES)
def test_the_homography_between_two_poses_carries_what_one_sees_to_the_other(renderer, T_ref, T_cur):
    points = np.column_stack([np.random.default_rng(1).uniform(-6, 6, (50, 2)), np.zeros(50)])
    in_ref, in_cur = (project(T, renderer.camera.K, points) for T in (T_ref, T_cur))

    H_cur_ref = renderer.H_cur_ref(T_cur, T_ref)

    np.testing.assert_allclose(apply(H_cur_ref, in_ref), in_cur, atol=1e-6)
    assert H_cur_ref[2, 2] == 1.0


def test_forward_is_up_left_is_left_and_nose_down_looks_back():
    renderer = OrthoRenderer(Ground(np.zeros((8, 8, 3), np.uint8), 1.0, np.ones((8, 8), bool)), (640, 480), FOV_RAD)
    f, c = renderer.camera.K[0, 0], np.array([319.5, 239.5])

    def seen(T, point):
        return apply(renderer.H_image_from_ground(T), np.array([point]))[0] - c

    np.testing.assert_allclose(seen(pose(), (2.0, 0.0)), (0, -f * 2 / 20), atol=1e-9)  # east, forward
    np.testing.assert_allclose(seen(pose(), (0.0, 2.0)), (-f * 2 / 20, 0), atol=1e-9)  # north, left
    np.testing.assert_allclose(seen(pose(yaw=math.pi / 2), (0.0, 2.0)), (0, -f * 2 / 20), atol=1e-9)
    # Nose down by 0.1 rad turns the view back: the point straight below moves up in the image, f * tan(0.1).
    np.testing.assert_allclose(seen(pose(pitch=0.1), (0.0, 0.0)), (0, -f * math.tan(0.1)), atol=1e-9)
    # Right side down by 0.1 rad turns the view to the left: the point below moves right.
    np.testing.assert_allclose(seen(pose(roll=0.1), (0.0, 0.0)), (f * math.tan(0.1), 0), atol=1e-9)


@pytest.mark.parametrize('size_wh', [(640, 480), (1280, 720)])
@pytest.mark.parametrize(
    'T',
    [
        pose(z=10.0),
        pose(0.37, -0.61, 18.0, yaw=0.5),
        pose(0.2, 0.1, 35.0, 0.05, -0.04, 1.0),
        pose(1.0, -2.0, 24.0, 0.2, 0.15, -2.2),
    ],
)
def test_corners_of_a_rendered_checkerboard_lie_where_the_truth_says(checkerboard, size_wh, T):
    renderer = OrthoRenderer(checkerboard, size_wh, FOV_RAD)
    # Squares meet between two pixels of the picture: at 63.5, 127.5, ...
    edges = np.arange(63.5, 1023, 64)
    texture = np.array([(u, v) for u in edges for v in edges])
    ground = apply(np.linalg.inv(checkerboard.H_texture_from_ground), texture)
    expected = apply(renderer.H_image_from_ground(T), ground)
    inside = ((expected > 20) & (expected < np.array(size_wh) - 20)).all(axis=1)
    expected = expected[inside].astype(np.float32)

    gray = cv2.cvtColor(renderer.render(T), cv2.COLOR_RGB2GRAY)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
    found = cv2.cornerSubPix(gray, expected.reshape(-1, 1, 2) + 0.7, (5, 5), (-1, -1), criteria).reshape(-1, 2)

    error = np.linalg.norm(found - expected, axis=1)
    assert len(error) >= 12
    assert np.median(error) < 0.05
    assert error.max() < 0.1


def test_all_scales_of_the_picture_lie_on_one_another():
    """A smooth hill of brightness keeps its centre however far away it is seen."""
    y, x = np.mgrid[:1024, :1024] - 511.5
    hill = (200 * np.exp(-(x**2 + y**2) / (2 * 60.0**2))).astype(np.uint8)
    ground = Ground(np.dstack([hill] * 3), 0.05, np.ones((1024, 1024), bool))
    renderer = OrthoRenderer(ground, (320, 240), FOV_RAD)

    for z in (5.0, 10.0, 20.0, 21.0, 40.0, 80.0):
        image = renderer.render(pose(z=z))[:, :, 0].astype(float)
        v, u = np.mgrid[:240, :320]
        centre = (image * u).sum() / image.sum(), (image * v).sum() / image.sum()
        np.testing.assert_allclose(centre, (159.5, 119.5), atol=0.02)


def test_equal_calls_give_equal_images_and_another_index_other_noise(checkerboard):
    make = [OrthoRenderer(checkerboard, (320, 240), FOV_RAD, Look(noise=6.0), seed=3) for _ in range(2)]

    first, again, other = make[0].render(pose(), 5), make[1].render(pose(), 5), make[0].render(pose(), 6)

    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_noise_has_the_deviation_asked_for(checkerboard):
    clean = OrthoRenderer(checkerboard, (320, 240), FOV_RAD).render(pose()).astype(float)
    noisy = OrthoRenderer(checkerboard, (320, 240), FOV_RAD, Look(noise=6.0)).render(pose()).astype(float)

    assert abs((noisy - clean).std() - 6.0) < 0.2


def test_gain_scales_brightness_and_blur_keeps_it(checkerboard):
    def mean(look):
        return OrthoRenderer(checkerboard, (320, 240), FOV_RAD, look).render(pose()).mean()

    assert mean(Look(gain=0.5)) == pytest.approx(0.5 * mean(Look()), rel=0.01)
    assert mean(Look(blur_px=2.0)) == pytest.approx(mean(Look()), rel=0.01)


def test_above_the_horizon_is_sky(checkerboard):
    image = OrthoRenderer(checkerboard, (320, 240), FOV_RAD).render(pose(pitch=-1.4))

    assert (image[0] == SKY).all()
    assert (image[-1] != SKY).any()


@pytest.mark.parametrize('z', [0.0, -1.0])
def test_a_camera_that_is_not_above_the_ground_is_refused(renderer, z):
    with pytest.raises(ValueError, match='must be above the ground'):
        renderer.render(pose(z=z))


def test_a_pose_of_another_shape_is_refused(renderer):
    with pytest.raises(ValueError, match=r'T_map_base: expected shape \(4, 4\), got \(3, 3\)'):
        renderer.render(np.eye(3))
