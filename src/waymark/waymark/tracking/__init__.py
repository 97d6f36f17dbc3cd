# SPDX-License-Identifier: Apache-2.0
"""Planar targets followed by homographies."""

from waymark.tracking.config import TrackerConfig
from waymark.tracking.pictures import load_targets, read_picture
from waymark.tracking.pose import TargetPose
from waymark.tracking.target import Box, Target, learn_target
from waymark.tracking.track import TrackState
from waymark.tracking.tracker import PlanarTracker, TargetState

__all__ = [
    'Box',
    'PlanarTracker',
    'Target',
    'TargetPose',
    'TargetState',
    'TrackState',
    'TrackerConfig',
    'learn_target',
    'load_targets',
    'read_picture',
]
