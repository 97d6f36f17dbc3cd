# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes followed from image to image: stable ids, velocities, covariances."""

from waymark.detection.tracks.camera import CameraMotion
from waymark.detection.tracks.config import BoxTrackerConfig
from waymark.detection.tracks.track import OrientedTrack
from waymark.detection.tracks.tracker import BoxTracker

__all__ = ['BoxTracker', 'BoxTrackerConfig', 'CameraMotion', 'OrientedTrack']
