# SPDX-License-Identifier: Apache-2.0
"""Configuration of the node place_recognition: places, and the scene boundaries that it tells on the way."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.pipeline.motion_masks import MotionMaskInputConfig
from waymark.places.config import PlacesConfig
from waymark.places.watching import WatchConfig
from waymark.shots.config import ShotsConfig


@dataclass(frozen=True)
class PlaceRecognitionConfig(PlacesConfig, WatchConfig, ShotsConfig, MotionMaskInputConfig):
    """When a view is kept, when it counts as the same place as a kept one, what is waited for, when a scene begins."""
