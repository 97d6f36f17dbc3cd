# SPDX-License-Identifier: Apache-2.0
"""Configuration of the boundary detector."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class ShotsConfig(Config):
    """When a change of the picture is a new scene. Names begin with `boundary_`: place_recognition has them, too."""

    boundary_delay: int = param(
        8,
        'Frames that the detector waits after a sudden change: a view that is back by then was a flash or something '
        'that passed by.',
        ge=2,
        le=60,
    )
    boundary_ratio: float = param(
        1.5,
        'How many times the change between frames must exceed the motion before and after it; up to three times as '
        'much where the picture is unclear.',
        gt=1.0,
    )
    boundary_change: float = param(
        0.12, "Least change between frames, as a share of the picture's contrast.", gt=0.0, le=2.0
    )
    boundary_likeness: float = param(
        0.45,
        'Views at least this alike are one scene, whatever the light; 1: light and motion may count as cuts.',
        ge=0.0,
        le=1.0,
    )
    boundary_gradual: bool = param(True, 'Whether dissolves are looked for; they are told later than cuts.')
    boundary_longest: int = param(
        48, 'Frames of the longest dissolve that is found. Memory: 11 kB for each.', ge=12, le=500
    )
