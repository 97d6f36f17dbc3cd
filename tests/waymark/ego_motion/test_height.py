# SPDX-License-Identifier: Apache-2.0
"""Heights of a box that stands on textured ground, seen by a camera that passes by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.ego_motion import Altitude, EgoMotion, EgoMotionConfig
from waymark.ego_motion.ground import Pose
from waymark.ego_motion.height import height_image
from waymark.ego_motion.view import View
from waymark.image.camera import CameraModel
from waymark.types import Frame, Header

K = np.array([[280.0, 0, 159.5], [0, 280.0, 119.5], [0, 0, 1]])
CAMERA = CameraModel((320, 240), K, np.zeros(5))
DOWN = np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]])
TALL_M, ALTITUDE_M = 1.5, 10.0
PX_PER_M = 40.0


@pytest.fixture(scope='module')
def pictures(texture):
    """Of the ground and of the roof."""
    return texture(3, (1200, 1200)), texture(4, (1200, 1200))


def image_of(p, pictures):
    """Ground z = 0, and the roof of a box of 3 m x 3 m around (2, 0), 1.5 m up; its walls look like the roof."""
    rgb = np.zeros((240, 320), np.uint8)
    for z in (0.0, *np.linspace(0.1, TALL_M, 15)):
        picture = pictures[0 if z == 0 else 1]
        # (x, y) on the plane to the picture: x up, y left.
        to_picture = np.array([[0, -PX_PER_M, 600.0], [-PX_PER_M, 0, 600.0], [0, 0, 1]])
        to_image = K @ np.c_[DOWN.T[:, :2], -DOWN.T @ (p - (0, 0, z))]
        H = to_image @ np.linalg.inv(to_picture)
        layer = cv2.warpPerspective(picture, H, (320, 240))
        if z == 0:
            rgb = np.asarray(layer, np.uint8)
            continue
        roof = cv2.perspectiveTransform(np.array([[[0.5, -1.5], [3.5, -1.5], [3.5, 1.5], [0.5, 1.5]]]), to_image)
        inside = cv2.fillConvexPoly(np.zeros_like(rgb), np.rint(roof[0]).astype(np.int32), 255)
        rgb = np.where(inside > 0, layer, rgb)
    return np.ascontiguousarray(rgb, np.uint8)


def heights_at(p_reference, p_current, pictures):
    views, poses = zip(
        *(
            (View(image_of(p, pictures), CAMERA, np.zeros((0, 2), np.float32)), Pose(DOWN, p))
            for p in (p_reference, p_current)
        ),
        strict=True,
    )
    return height_image(views[0], poses[0], views[1], poses[1], EgoMotionConfig())


def at(x, y=0.0):
    return np.array([x, y, ALTITUDE_M])


def test_a_box_stands_out_by_its_height_and_the_ground_lies_at_zero(pictures):
    heights = heights_at(at(-0.5), at(1.0), pictures)
    assert heights.shape == (30, 40)
    assert heights.dtype == np.float32
    # The roof's centre is at (2, 0): a metre ahead of the camera, 280 / 8.5 px per m.
    row = int((119.5 - 280 * 1.0 / (ALTITUDE_M - TALL_M)) // 8)
    assert float(np.nanmedian(heights[row - 2 : row + 3, 17:23])) == pytest.approx(TALL_M, abs=0.25)
    ground = heights[22:, :]
    assert float(np.nanmedian(ground)) == pytest.approx(0.0, abs=0.1)
    assert np.isfinite(heights).mean() > 0.5


def test_without_texture_or_beyond_the_reference_nothing_is_claimed(pictures):
    p, q = at(-0.5), at(1.0)
    blank = View(np.full((240, 320), 90, np.uint8), CAMERA, np.zeros((0, 2), np.float32))
    assert np.isnan(height_image(blank, Pose(DOWN, p), blank, Pose(DOWN, q), EgoMotionConfig())).all()
    heights = heights_at(at(-2.0), at(2.0), pictures)  # 4 m of 8.6 m: the upper half was not seen
    assert np.isnan(heights[:12]).all()


def test_too_little_motion_another_size_and_no_calibration_are_reasons(pictures):
    view = View(image_of(at(0.0), pictures), CAMERA, np.zeros((0, 2), np.float32))
    small = View(np.zeros((60, 80), np.uint8), CAMERA, view.points)
    pose, other = Pose(DOWN, at(0.0)), Pose(DOWN, at(2.0))
    config = EgoMotionConfig()
    assert 'not moved far enough' in height_image(view, pose, view, pose, config)
    assert 'size changed' in height_image(small, pose, view, other, config)
    assert 'not calibrated' in height_image(View(view.gray, None, view.points), pose, view, other, config)


def test_ego_motion_gives_heights_of_what_it_flies_over_and_says_when_it_can_not(pictures):
    ego = EgoMotion(EgoMotionConfig())
    assert ego.heights() == 'the pose is not known'
    for i in range(5):
        frame = Frame(Header(round((1 + 0.1 * i) * 1e9)), image_of(at(-0.5 + 0.4 * i), pictures), 'mono')
        state = ego.observe(frame, CAMERA, Altitude(ALTITUDE_M), np.eye(3))
    assert state.T_odom_base[0, 3] == pytest.approx(1.6, abs=0.1)
    heights = ego.heights()
    row = int((119.5 - 280 * 0.9 / (ALTITUDE_M - TALL_M)) // 8)
    assert float(np.nanmedian(heights[row - 2 : row + 3, 17:23])) == pytest.approx(TALL_M, abs=0.3)
