# SPDX-License-Identifier: Apache-2.0
"""What a user of the tracker sees: ids that stay, boxes where objects are, covariances that hold."""

import numpy as np
import pytest

from waymark.boxes import canonical
from waymark.detection import Detections
from waymark.detection.tracks import BoxTracker, BoxTrackerConfig

STEP_NS = 33_333_333
NAMES = 'car', 'ship'


def seen(*boxes, scores=None, classes=None):
    rows = np.array(boxes, float).reshape(-1, 5)
    scores = np.full(len(rows), 0.9) if scores is None else np.array(scores)
    classes = np.zeros(len(rows), int) if classes is None else np.array(classes)
    return Detections(rows, scores, classes, NAMES)


def play(tracker, frames, first=1):
    return [tracker.update(frame, (first + k) * STEP_NS) for k, frame in enumerate(frames)]


def test_an_object_is_told_when_it_is_seen_again_and_keeps_its_id():
    told = play(BoxTracker(), [seen([100 + 2 * k, 50, 40, 20, 0.3]) for k in range(30)])
    assert told[0] == ()
    assert [[t.track_id for t in tracks] for tracks in told[1:]] == [[1]] * 29
    last = told[-1][0]
    assert last.box == pytest.approx([158, 50, 40, 20, 0.3], abs=0.5)
    assert last.velocity[:2] == pytest.approx([60, 0], abs=3)
    assert (last.class_name, last.score, last.is_seen) == ('car', 0.9, True)


def test_a_turning_object_goes_through_every_angle_without_a_jump():
    angles = 0.1 * np.arange(80)  # more than a whole turn
    told = play(BoxTracker(), [seen(canonical([100, 100, 60, 25, a])) for a in angles])
    for tracks, angle in zip(told[20:], angles[20:], strict=True):
        [track] = tracks
        assert track.track_id == 1
        assert (
            track.box == pytest.approx(canonical([100, 100, 60, 25, angle]), abs=0.05)
            or abs(abs(track.box[4]) - np.pi / 2) < 0.06
        )
        assert track.velocity[4] == pytest.approx(3.0, abs=0.2)


def test_a_square_that_noise_makes_wider_or_taller_does_not_spin():
    rng = np.random.default_rng(1)
    frames = [seen(canonical([100, 100, *(40 + rng.normal(0, 1, 2)), 0.2])) for _ in range(60)]
    told = play(BoxTracker(), frames)
    assert {t.track_id for tracks in told for t in tracks} == {1}
    assert abs(told[-1][0].velocity[4]) < 0.3
    assert np.sqrt(told[-1][0].covariance[4, 4]) > 0.1, 'of a square no angle is known'


def test_what_is_hidden_for_a_while_comes_back_under_its_id_and_is_forgotten_after_longer():
    frames = [seen([100 + 3 * k, 80, 50, 25, 0.1]) for k in range(60)]
    hidden = [*frames[:20], *[seen()] * 15, *frames[35:]]
    told = play(BoxTracker(), hidden)
    assert {t.track_id for tracks in told for t in tracks} == {1}
    assert not told[25][0].is_seen and told[25][0].box[0] == pytest.approx(175, abs=6)
    gone = [*frames[:20], *[seen()] * 65, *frames[20:40]]
    assert {t.track_id for tracks in play(BoxTracker(), gone) for t in tracks} == {1, 2}


def test_an_unsure_box_continues_a_track_and_begins_none():
    frames = [seen([100, 80, 50, 25, 0.1]) for _ in range(5)] + [seen([100, 80, 50, 25, 0.1], scores=[0.3])] * 20
    told = play(BoxTracker(), frames)
    assert [t.is_seen for t in told[-1]] == [True]
    assert play(BoxTracker(), [seen([100, 80, 50, 25, 0.1], scores=[0.3])] * 10)[-1] == ()


def test_the_camera_s_motion_is_taken_out():
    H = np.array([[1, 0, 25.0], [0, 1, -10], [0, 0, 1]])  # the picture jumps by more than half a box each time
    boxes = [[100 + 25 * k, 300 - 10 * k, 40, 20, 0.4] for k in range(12)]
    still, moved = BoxTracker(), BoxTracker()
    for k, box in enumerate(boxes):
        lost = still.update(seen(box), (k + 1) * STEP_NS)
        kept = moved.update(seen(box), (k + 1) * STEP_NS, H)
    assert [t.track_id for t in kept] == [1]
    assert kept[0].velocity == pytest.approx(np.zeros(5), abs=1.0), 'it stands on the ground'
    assert [t.track_id for t in lost] != [1] or not lost[0].is_seen or lost[0].velocity[0] > 300


def test_a_turned_and_nearer_camera_turns_and_enlarges_what_is_expected():
    tracker = BoxTracker()
    play(tracker, [seen([50, 0, 40, 20, 0.2])] * 10)
    angle, scale = 0.5, 1.5
    H = np.array(
        [
            [scale * np.cos(angle), -scale * np.sin(angle), 0],
            [scale * np.sin(angle), scale * np.cos(angle), 0],
            [0, 0, 1],
        ]
    )
    [track] = tracker.update(seen(), 11 * STEP_NS, H)
    middle = scale * 50 * np.array([np.cos(angle), np.sin(angle)])
    assert track.box == pytest.approx([*middle, 60, 30, 0.7], abs=0.3)


def test_a_track_says_which_box_it_is():
    boxes = [[100, 80, 50, 25, 0.1], [300, 80, 50, 25, 0.1]]
    told = play(BoxTracker(), [seen(*boxes), seen(*boxes[::-1]), seen(boxes[1])])
    assert {t.track_id: t.detection for t in told[1]} == {1: 1, 2: 0}
    assert {t.track_id: t.detection for t in told[2]} == {1: None, 2: 0}


def test_classes_do_not_take_each_other_s_tracks_unless_asked_to():
    frames = [seen([100, 80, 50, 25, 0.1], classes=[k // 10]) for k in range(20)]
    assert len({t.track_id for tracks in play(BoxTracker(), frames) for t in tracks}) == 2
    both = BoxTracker(BoxTrackerConfig(match_classes=False))
    assert {t.track_id for tracks in play(both, frames) for t in tracks} == {1}


def test_a_stamp_that_is_not_later_begins_anew_with_new_ids():
    tracker = BoxTracker()
    play(tracker, [seen([100, 80, 50, 25, 0.1])] * 5, first=100)
    assert [t.track_id for t in play(tracker, [seen([100, 80, 50, 25, 0.1])] * 3)[-1]] == [2]


def flight(rng, images=100):
    """A vehicle as the filter thinks of one: goes on along its curve, changes speed, less so across; and its boxes."""
    place, speed, angle, turning = np.zeros(2), rng.uniform(-60, 60, 2), 0.0, 0.5
    w, h, share = 60.0, 26.0, BoxTrackerConfig().box_noise
    for _ in range(images):
        axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        speed = speed + axes @ (rng.normal(0, 0.6 * np.sqrt(w * h / 30), 2) * [1, 0.3])
        turning += rng.normal(0, 0.5 / np.sqrt(30))
        step = turning / 30
        speed = np.array([[np.cos(step), -np.sin(step)], [np.sin(step), np.cos(step)]]) @ speed
        place, angle = place + speed / 30, angle + step
        noise = rng.normal(0, share, 5)
        sides = np.array([w, h]) * np.exp(np.sqrt(2) * noise[2:4])
        off = noise[4] / (2 * np.sinh(np.log(w / h)))
        axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        yield canonical([*place, w, h, angle]), canonical([*(place + axes @ (noise[:2] * [w, h])), *sides, angle + off])


def normalised(track, box):
    error = track.box - box
    error[4] = (error[4] + np.pi / 2) % np.pi - np.pi / 2
    return error @ np.linalg.solve(track.covariance, error)


def test_covariances_hold_in_the_mean():
    squares = []
    for seed in range(8):
        tracker = BoxTracker(BoxTrackerConfig(slow_noise=0.0))
        for k, (box, found) in enumerate(flight(np.random.default_rng(seed))):
            told = tracker.update(seen(found), (k + 1) * STEP_NS)
            if k > 20:
                squares.append(normalised(told[0], box))
    assert 4.0 < np.mean(squares) < 6.0, '5 expected'
    assert np.mean(np.array(squares) < 11.07) > 0.92


def test_errors_that_stay_are_told_on_top():
    plain, honest = BoxTracker(BoxTrackerConfig(slow_noise=0.0)), BoxTracker(BoxTrackerConfig(slow_noise=0.6))
    frames = [seen([100, 80, 60, 25, 0.0])] * 20
    [one], [other] = play(plain, frames)[-1], play(honest, frames)[-1]
    assert one.box == pytest.approx(other.box)
    more = 0.3 * plain.noise_share**2  # half of the share
    added = other.covariance - one.covariance
    assert added[:4, :4] == pytest.approx(more * np.diag([60**2, 25**2, 2 * 60**2, 2 * 25**2]), rel=1e-6, abs=1e-9)
    assert added[4, 4] == pytest.approx(more / (2 * np.sinh(np.log(60 / 25))) ** 2, rel=0.2), 'sides are not sure'


def test_the_short_piece_that_shows_of_an_object_does_not_turn_it():
    whole = [seen([100 + 3 * k, 80, 60, 24, 0.1]) for k in range(30)]
    turned = [0.6, -0.7, 0.75, -0.5]  # of a piece that is nearly square the angle is anything
    pieces = [seen(canonical([190 + 3 * k + 18, 80, 26, 24, a])) for k, a in enumerate(turned)]
    tracker = BoxTracker()
    [track] = play(tracker, [*whole, *pieces])[-1]
    assert track.track_id == 1
    assert track.box[4] == pytest.approx(0.1, abs=0.1)
    assert abs(track.velocity[4]) < 0.3


def test_what_goes_under_a_bridge_keeps_its_length_and_comes_out_where_it_is_expected():
    box = np.array([0.0, 100, 60, 26, 0.0])
    frames, edge = [], 300.0  # what lies beyond this column is hidden for 80 px
    for k in range(120):
        left, right = box[0] + 4 * k - 30, box[0] + 4 * k + 30
        parts = [(left, min(right, edge)), (max(left, edge + 80), right)]
        frames.append(seen(*[[(a + b) / 2, 100, b - a, 26, 0] for a, b in parts if b - a > 12]))
    told = play(BoxTracker(), frames)
    assert {t.track_id for tracks in told for t in tracks} == {1}
    hidden = [k for k, frame in enumerate(frames) if not len(frame)]
    assert len(hidden) >= 5
    assert told[hidden[-1]][0].box[0] == pytest.approx(4 * hidden[-1], abs=20), 'a third of its length'
    assert told[hidden[-1]][0].box[1:] == pytest.approx([100, 60, 26, 0], abs=6)
    assert told[-1][0].box == pytest.approx([4 * 119, 100, 60, 26, 0], abs=1.5)


def test_a_jolt_that_all_objects_share_is_not_theirs():
    rng = np.random.default_rng(4)
    boxes = np.column_stack(
        [
            np.argwhere(np.ones((4, 3))) * 150 + rng.uniform(-30, 30, (12, 2)),
            np.full((12, 2), (50, 22)),
            rng.uniform(-1.5, 1.5, 12),
        ]
    )
    tracker = BoxTracker()
    for k in range(30):
        shift = [*rng.uniform(-30, 30, 2), 0, 0, 0]  # more than a box is wide, anew in each image
        told = tracker.update(seen(*(boxes + shift)), (k + 1) * STEP_NS)
    assert sorted(t.track_id for t in told if t.is_seen) == list(range(1, 13))
