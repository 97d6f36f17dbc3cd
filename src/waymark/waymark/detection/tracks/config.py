# SPDX-License-Identifier: Apache-2.0
"""Configuration of the tracker of oriented boxes."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class BoxTrackerConfig(Config):
    """Which boxes become tracks, and how they are thought to move."""

    track_score: float = param(0.5, 'Least score of a box that begins a track or is matched first.', ge=0, le=1)
    match_overlap: float = param(0.15, 'Least ProbIoU of a box with where its track is expected.', gt=0, lt=1)
    weak_overlap: float = param(0.5, 'The same for boxes below `track_score`, which only continue tracks.', gt=0, lt=1)
    confirm_after: int = param(2, 'Images in a row in which a new object is seen before it is told.', ge=1, le=100)
    keep_lost_s: float = param(2.0, 'For so long a track that is not seen is remembered.', unit='s', ge=0, le=60)
    match_classes: bool = param(True, 'A box continues only tracks of its own class.')
    box_noise: float = param(
        0.04, 'Standard deviation of the sides and edges of boxes, as a share of the sides; adapts itself.', gt=0, le=1
    )
    slow_noise: float = param(
        0.4, 'Share of the variance of that noise which stays for about half a second: covariances say so.', ge=0, le=1
    )
    speed_change: float = param(
        0.4, 'How much an object may change its speed in a second, as a share of its size.', unit='1/s^2', gt=0, le=100
    )
    turn_change: float = param(0.5, 'How much its turning may change in a second.', unit='rad/s^2', gt=0, le=100)
    sideways: float = param(
        0.3, 'Share of that across the longer side: how much objects go where they point.', gt=0, le=1
    )
