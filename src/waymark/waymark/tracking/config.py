# SPDX-License-Identifier: Apache-2.0
"""Configuration of the planar tracker."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.image.features import FeatureConfig
from waymark.image.homography import HomographyConfig


@dataclass(frozen=True)
class TrackerConfig(FeatureConfig, HomographyConfig):
    """Which planar targets to look for, and when one counts as seen."""

    target_images: tuple[str, ...] = param(
        (), 'Pictures of the targets; a target is named by its file without the extension.', path=True
    )
    target_width_m: float = param(
        0.0, 'Real width of the targets, for their pose; 0: unknown, no pose.', ge=0, unit='m'
    )
    learn_first_frame: bool = param(
        True, 'Without target_images, learn the centre of the first image that has enough texture.'
    )
    min_target_features: int = param(
        50, 'Fewest keypoints that a target needs: one with less texture is refused.', ge=4
    )
