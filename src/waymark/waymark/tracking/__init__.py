# SPDX-License-Identifier: Apache-2.0
"""Planar targets followed by homographies."""

from waymark.tracking.config import TrackerConfig
from waymark.tracking.target import Target, learn_target
from waymark.tracking.track import TrackState
from waymark.tracking.tracker import PlanarTracker, TargetState

__all__ = ['PlanarTracker', 'Target', 'TargetState', 'TrackState', 'TrackerConfig', 'learn_target']
