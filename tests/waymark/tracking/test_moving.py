# SPDX-License-Identifier: Apache-2.0
"""What moves is learnt as no part of a target, and no target is looked for on it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from waymark.tracking import PlanarTracker, TrackerConfig, TrackState
from waymark.tracking.target import with_view
from waymark.types import Frame, Header

CONFIG = TrackerConfig(learn_first_frame=False)
VEHICLE = np.s_[60:140, 90:190]


def texture(seed, shape_hw):
    noise = np.random.default_rng(seed).uniform(0, 255, shape_hw).astype(np.float32)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.5), None, 20, 235, cv2.NORM_MINMAX), np.uint8)


GROUND = texture(1, (240, 320))
MOVING = np.zeros(GROUND.shape, np.float32)
MOVING[VEHICLE] = 1.0


def with_vehicle():
    shown = GROUND.copy()
    shown[VEHICLE] = texture(2, GROUND.shape)[VEHICLE]
    return shown


def frame(gray, stamp_ns=1):
    return Frame(Header(stamp_ns), gray, 'mono')


def states(moving):
    """Of a target that was learnt with the vehicle on it, after that has driven away."""
    tracker = PlanarTracker(CONFIG, ())
    target = tracker.add_target('yard', with_vehicle(), box=(40, 20, 240, 200), moving=moving)
    [state] = tracker.track(frame(GROUND))
    return target, state


def test_a_target_that_is_learnt_with_a_mask_holds_no_keypoint_of_what_moves_and_is_found_without_it():
    target, state = states(MOVING)
    column, row = (target.features.keypoints + (40, 20)).T
    assert not ((row >= 60) & (row < 140) & (column >= 90) & (column < 190)).any()
    assert not target.views[0].templates[0].shown[60:100, 70:130].any()  # the vehicle's middle, in the box's pixels
    assert (state.state, state.agreement > 0.95) == (TrackState.TRACKING, True)
    np.testing.assert_allclose(state.corners_px, [(40, 20), (279, 20), (279, 219), (40, 219)], atol=0.3)


def test_without_a_mask_the_vehicle_is_missed_when_it_has_gone():
    target, state = states(None)
    column, row = (target.features.keypoints + (40, 20)).T
    assert ((row >= 60) & (row < 140) & (column >= 90) & (column < 190)).sum() > 20
    assert state.state is TrackState.SEARCHING


def test_a_further_view_holds_nothing_of_what_moves_either():
    tracker = PlanarTracker(CONFIG, ())
    target = with_view(tracker.add_target('yard', GROUND), with_vehicle(), CONFIG, moving=MOVING)
    column, row = target.views[1].features.keypoints.T
    assert not ((row >= 60) & (row < 140) & (column >= 90) & (column < 190)).any()


@pytest.mark.parametrize(('moving', 'found'), [(None, TrackState.TRACKING), (MOVING, TrackState.SEARCHING)])
def test_a_target_is_not_looked_for_on_what_moves(moving, found):
    tracker = PlanarTracker(CONFIG, ())
    tracker.add_target('sign', texture(2, GROUND.shape), box=(90, 60, 100, 80))
    [state] = tracker.track(frame(with_vehicle()), moving=moving)
    assert state.state is found


def test_a_mask_of_another_size_is_a_bug_of_the_caller():
    tracker = PlanarTracker(CONFIG, ())
    with pytest.raises(ValueError, match='moving'):
        tracker.add_target('yard', GROUND, moving=MOVING[1:])
    with pytest.raises(ValueError, match='moving'):
        tracker.add_target('yard', GROUND) and tracker.track(frame(GROUND), moving=MOVING[1:])
