# SPDX-License-Identifier: Apache-2.0
"""Planar targets followed by homographies."""

from waymark.tracking.config import TrackerConfig
from waymark.tracking.tracker import PlanarTracker, TargetState, TrackState

__all__ = ['PlanarTracker', 'TargetState', 'TrackState', 'TrackerConfig']
