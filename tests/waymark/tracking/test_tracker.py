# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from waymark.errors import ConfigError, MessageError
from waymark.image.camera import CameraModel
from waymark.image.features import detect
from waymark.image.geometry import corner_error, image_corners, transform_points
from waymark.tracking import PlanarTracker, TrackerConfig, TrackState, learn_target
from waymark.tracking.pyramid import FramePyramid
from waymark.tracking.track import Track
from waymark.types import Frame, Header

K = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
# A target 320 x 240 px that is 0.32 m wide, so 1 mm a pixel, half a metre in front of the camera.
T_TRUE = np.eye(4)
T_TRUE[:3, :3] = cv2.Rodrigues(np.array([0.3, -0.25, 0.15]))[0]
T_TRUE[:3, 3] = (0.02, -0.03, 0.5)
H_TRUE = K @ T_TRUE[:3, [0, 1, 3]] @ np.array([[1e-3, 0, -0.1595], [0, 1e-3, -0.1195], [0, 0, 1]])
BOTH = pytest.mark.parametrize('detector', ['orb', 'akaze'])


def frame(gray):
    return Frame(Header(1), gray, 'mono')


@pytest.fixture
def target(texture):
    return texture(1)


@pytest.fixture
def target_file(tmp_path, target):
    path = tmp_path / 'pad.png'
    cv2.imwrite(str(path), target)
    return str(path)


@pytest.fixture
def scene(texture, target):
    """The target, seen through H_TRUE, in front of another picture."""
    background = texture(9, (640, 480))
    warped = cv2.warpPerspective(target, H_TRUE, (640, 480), flags=cv2.INTER_LINEAR)
    shown = cv2.warpPerspective(np.full_like(target, 255), H_TRUE, (640, 480)) == 255
    return np.where(shown, warped, background)


@BOTH
def test_a_target_is_found_where_it_is(target_file, scene, detector):
    tracker = PlanarTracker.from_config(TrackerConfig(target_images=(target_file,), detector=detector))
    (state,) = tracker.track(frame(scene))
    assert (state.target_id, state.state) == ('pad', TrackState.TRACKING)
    assert corner_error(state.homography.H_cur_ref, H_TRUE, (320, 240)) < 0.3
    expected = transform_points(H_TRUE, image_corners((320, 240)))
    np.testing.assert_allclose(state.corners_px, expected, atol=0.6)
    assert state.inliers >= 12 and 0.25 <= state.quality <= 1 and 0.9 < state.agreement <= 1


def test_it_is_searched_then_tracked_then_lost_then_tracked(target_file, scene, texture):
    tracker = PlanarTracker.from_config(TrackerConfig(target_images=(target_file,)))
    empty = texture(9, (640, 480))
    states = [tracker.track(frame(image))[0] for image in (empty, scene, empty, empty, scene)]
    assert [s.state.name for s in states] == ['SEARCHING', 'TRACKING', 'LOST', 'LOST', 'TRACKING']
    for state in (states[0], states[2]):
        assert state.homography is None and state.corners_px is None
        assert state.quality == state.inliers == state.agreement == 0 and state.reason


def test_several_targets_have_a_state_each(target_file, tmp_path, texture, scene):
    other = tmp_path / 'absent_sign.png'
    cv2.imwrite(str(other), texture(4))
    tracker = PlanarTracker.from_config(TrackerConfig(target_images=(target_file, str(other))))
    states = {s.target_id: s.state for s in tracker.track(frame(scene))}
    assert states == {'pad': TrackState.TRACKING, 'absent_sign': TrackState.SEARCHING}


def test_the_centre_of_the_first_textured_image_is_learnt(texture):
    tracker = PlanarTracker.from_config(TrackerConfig())
    image = texture(3, (640, 480))
    assert tracker.track(frame(np.zeros((480, 640), np.uint8))) == ()
    (state,) = tracker.track(frame(image))
    assert state.target_id == 'first_frame' and state.state is TrackState.TRACKING
    np.testing.assert_allclose(state.corners_px[0], [160, 120], atol=0.1)
    (state,) = tracker.track(frame(np.roll(image, (10, 20), (0, 1))))
    np.testing.assert_allclose(state.corners_px[0], [180, 130], atol=0.1)


def test_the_pose_needs_a_calibrated_camera_and_a_width(target_file, scene):
    camera = CameraModel((640, 480), K, np.zeros(5))
    not_finite = K.copy()
    not_finite[0, 2] = np.nan
    wide = PlanarTracker.from_config(TrackerConfig(target_images=(target_file,), target_width_m=0.32))
    unknown = PlanarTracker.from_config(TrackerConfig(target_images=(target_file,)))
    assert unknown.track(frame(scene), camera)[0].pose is None
    assert wide.track(frame(scene))[0].pose is None
    for matrix, distortion in ((K * 0, np.zeros(5)), (not_finite, np.zeros(5)), (K, np.array([0, np.nan, 0, 0, 0]))):
        (state,) = wide.track(frame(scene), CameraModel((640, 480), matrix, distortion))
        assert state.state is TrackState.TRACKING and state.pose is None
    found = wide.track(frame(scene), camera)[0].pose
    np.testing.assert_allclose(found.T_camera_target, T_TRUE, atol=0.003)


def test_a_camera_of_another_size_is_refused(target_file, scene):
    tracker = PlanarTracker.from_config(TrackerConfig(target_images=(target_file,)))
    with pytest.raises(MessageError, match='camera_info is for 320x240 px, the images are 640x480 px'):
        tracker.track(frame(scene), CameraModel((320, 240), K, np.zeros(5)))


def test_a_target_added_live_is_followed_from_the_next_image(texture):
    image = texture(3, (640, 480))
    tracker = PlanarTracker(TrackerConfig(learn_first_frame=False), ())
    assert tracker.track(frame(image)) == ()
    tracker.add_target('door', image, 0.5, (200, 100, 240, 180))
    (state,) = tracker.track(frame(np.roll(image, 7, 1)))
    assert (state.target_id, state.state) == ('door', TrackState.TRACKING)
    np.testing.assert_allclose(state.corners_px[0], [207, 100], atol=0.2)
    assert tracker.has_widths


@pytest.mark.parametrize(
    ('name', 'width_m', 'message'), [('', 0, 'needs a name'), ('a', -1, 'width_m'), ('a', np.nan, 'width_m')]
)
def test_a_target_without_name_or_of_no_width_is_refused(texture, name, width_m, message):
    with pytest.raises(ConfigError, match=message):
        PlanarTracker(TrackerConfig(), ()).add_target(name, texture(1), width_m)


def test_a_known_name_adds_a_view(texture):
    picture = texture(1)
    tracker = PlanarTracker(TrackerConfig(), ())
    tracker.add_target('pad', picture)
    aside = cv2.warpPerspective(picture, np.array([[0.8, 0.05, 20], [0.02, 0.9, 8], [6e-4, 1e-4, 1]]), (320, 240))
    assert len(tracker.add_target('pad', aside).views) == 2
    assert tracker.target_ids == ('pad',)


def test_a_steady_motion_is_foreseen_and_a_jump_is_left_to_the_flow(texture):
    image = texture(3, (640, 480))
    config = TrackerConfig()
    track = Track(learn_target('door', image, config, box=(200, 100, 240, 180)), config)
    frames = [FramePyramid(np.roll(image, shift, 1)) for shift in (0, 18, 36, 54, 10)]
    track.look_for(frames[0], detect(image, config))
    for number, shown in enumerate(frames[1:]):
        track.foresee(shown)
        is_steady = number in (1, 2)
        assert (track.found is not None) == is_steady or number == 0
        assert len(track.points_px) == (0 if track.found is not None else 24)
        track.follow(shown, np.array([[1.0, 0, 18 if number < 3 else -44], [0, 1, 0], [0, 0, 1]]))
        assert track.state is TrackState.TRACKING
        np.testing.assert_allclose(track.found.H_cur_ref[:2, 2], [(18, 36, 54, 10)[number] + 200, 100], atol=0.2)
