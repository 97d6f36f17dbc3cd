# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.masks import MotionConfig, valid_region
from waymark.masks import motion_mask as any_motion_mask

STILL = np.eye(3)
RESIDUAL = MotionConfig(mask_method='residual', blur_px=1.0)
SHIFT = np.array([[1.0, 0, 12], [0, 1, -7], [0, 0, 1]])  # the picture moves right and up
TURN = np.array([[0.98, -0.09, 20], [0.09, 0.98, -9], [1e-5, 2e-5, 1]])


def motion_mask(previous, current, H, config=RESIDUAL):
    return any_motion_mask(previous, current, H, config)


def seen_through(H, image):
    return cv2.warpPerspective(image, H, image.shape[::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.fixture(scope='module')
def scene(texture):
    return cv2.GaussianBlur(texture(11), (0, 0), 1.0)


def with_square(image, x, y, value=255):
    drawn = image.copy()
    drawn[y : y + 20, x : x + 20] = value
    return drawn


@pytest.mark.parametrize('H', [STILL, SHIFT, TURN])
def test_a_moving_camera_over_a_still_scene_is_no_motion(scene, H):
    mask = motion_mask(scene, seen_through(H, scene), H)
    assert mask.dtype == np.float32 and mask.shape == scene.shape
    assert mask.max() < 0.35 and mask.mean() < 0.005


@pytest.mark.parametrize('H', [STILL, SHIFT, TURN])
def test_what_appears_is_motion_and_the_rest_is_not(scene, H):
    current = with_square(seen_through(H, scene), 200, 100)
    mask = motion_mask(scene, current, H)
    assert mask[103:117, 203:217].mean() > 0.8
    mask[94:126, 194:226] = 0
    assert mask.mean() < 0.005


def test_what_moved_shows_where_it_is_and_where_it_was(scene):
    mask = motion_mask(with_square(scene, 60, 60), with_square(scene, 120, 60), STILL)
    assert mask[64:76, 64:76].mean() > 0.5 and mask[64:76, 124:136].mean() > 0.5


def test_brighter_light_and_another_gain_are_no_motion(scene):
    current = np.clip(scene * 0.8 + 30, 0, 255).astype(np.uint8)
    assert motion_mask(scene, current, STILL).max() < 0.05
    moved = with_square(current, 200, 100, 0)
    assert motion_mask(scene, moved, STILL)[103:117, 203:217].mean() > 0.8


def test_a_homography_out_by_a_pixel_and_a_half_leaves_nothing(scene):
    wrong = SHIFT + [[0, 0, 1.5], [0, 0, -1.5], [0, 0, 0]]
    assert motion_mask(scene, seen_through(SHIFT, scene), wrong).max() < 0.35
    strict = MotionConfig(mask_method='residual', tolerance_px=0, blur_px=1.0)
    assert motion_mask(scene, seen_through(SHIFT, scene), wrong, strict).max() > 0.9


def test_noise_is_measured_and_is_no_motion(scene):
    rng = np.random.default_rng(0)
    frames = [np.clip(scene + rng.normal(0, 12, scene.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert motion_mask(*frames, STILL).mean() < 0.02


def test_what_the_previous_frame_did_not_see_is_no_motion(scene):
    current = seen_through(SHIFT, scene)
    current[:, :12] = 255 - current[:, :12]
    assert motion_mask(scene, current, SHIFT)[:, :12].max() == 0


def test_frames_that_share_nothing_have_no_motion(scene):
    away = np.array([[1.0, 0, 1000], [0, 1, 0], [0, 0, 1]])
    assert motion_mask(scene, scene, away).max() == 0


def test_even_frames_have_no_motion():
    even = np.full((40, 50), 90, np.uint8)
    assert motion_mask(even, even + 20, STILL).max() == 0


def test_colour_frames_and_frames_of_two_sizes_are_taken(scene):
    colour = cv2.cvtColor(scene, cv2.COLOR_GRAY2RGB)
    assert motion_mask(colour, scene, STILL).max() < 0.05
    half = cv2.resize(scene, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    grow = np.array([[2.0, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])  # integers are pixel centres
    assert motion_mask(half, scene, grow).mean() < 0.02


def test_the_identity_sees_all_and_a_shift_by_a_column_all_but_one():
    assert valid_region(STILL, (5, 4), (5, 4)).all()
    seen = valid_region(np.array([[1.0, 0, 1], [0, 1, 0], [0, 0, 1]]), (5, 4), (5, 4))
    assert not seen[:, 0].any() and seen[:, 1:].all()


def test_a_margin_leaves_out_the_edge():
    seen = valid_region(STILL, (6, 5), (6, 5), margin_px=1)
    assert seen.sum() == 4 * 3 and seen[1:4, 1:5].all()


def test_what_lies_behind_the_camera_is_not_seen():
    # y -> y / (1 - y / 60) + 200: rows of the previous frame beyond its horizon, y > 60, would come out below y = 140.
    H = np.array([[1.0, 0, 0], [0, 1, 200], [0, 0, 1]]) @ np.array([[1.0, 0, 0], [0, 1, 0], [0, -1 / 60, 1]])
    seen = valid_region(H, (3, 100), (3, 300))
    assert seen[200:, 0].all()
    assert not seen[:200].any()


def test_what_comes_from_the_edge_of_either_frame_is_left_out():
    seen = valid_region(np.array([[1.0, 0, 3], [0, 1, 0], [0, 0, 1]]), (10, 9), (10, 9), margin_px=2)
    assert np.flatnonzero(seen[4]).tolist() == [5, 6, 7]
    assert np.flatnonzero(seen[:, 6]).tolist() == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ('H', 'message'),
    [
        (np.eye(2), r'H_cur_prev: expected shape \(3, 3\)'),
        (np.full((3, 3), np.nan), 'H_cur_prev: 9 of 9 values are not finite'),
        (np.zeros((3, 3)), 'can not be inverted'),
        (np.ones((3, 3)), 'can not be inverted'),
    ],
)
def test_a_homography_that_is_none_is_refused(scene, H, message):
    with pytest.raises(ValueError, match=message):
        motion_mask(scene, scene, H)


def test_frames_that_are_no_images_are_refused(scene):
    with pytest.raises(ValueError, match='previous: expected dtype uint8'):
        motion_mask(scene.astype(float), scene, STILL)
    with pytest.raises(ValueError, match='current: the image is empty'):
        motion_mask(scene, scene[:0], STILL)
