# SPDX-License-Identifier: Apache-2.0
"""Configuration of nodes that leave out what moves by itself."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param
from waymark.tracking.config import TrackerConfig


@dataclass(frozen=True)
class MotionMaskInputConfig(Config):
    """Whether `motion_mask` is used, and how long it is waited for."""

    use_motion_mask: bool = param(
        False, 'Leave out what moves by itself, as `motion_mask` shows it: mono8, by the node ego_motion.'
    )
    mask_wait_s: float = param(
        0.3,
        'use_motion_mask: how long an image waits for the mask with its stamp. Results come later by what the mask '
        'takes; an image without one goes on as it is, and is counted.',
        ge=0.0,
        le=10.0,
        unit='s',
    )


@dataclass(frozen=True)
class HomographyTrackerConfig(TrackerConfig, MotionMaskInputConfig):
    """Which planar targets to look for, when one counts as seen, and whether what moves can be one."""
