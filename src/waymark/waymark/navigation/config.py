# SPDX-License-Identifier: Apache-2.0
"""Configuration of teach and repeat."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.places import PlacesConfig
from waymark.routes import RouteConfig


@dataclass(frozen=True)
class NavigationConfig(PlacesConfig, RouteConfig):
    """Places that are known, and how a route through them is followed."""

    keyframe_overlap: float = param(
        0.85,
        'An image that shows less than this share of the last keyframe, by homography, becomes one; 0: any.',
        ge=0,
        lt=1,
    )
    min_side_px: int = param(
        480, 'Longer side that smaller images are enlarged to before detection; 0: never.', ge=0, le=4096, unit='px'
    )
    smoothing_px: float = param(
        1.0,
        'Standard deviation of the Gaussian that smooths images before detection: corners of noise go, faint ground '
        'stays.',
        ge=0,
        le=5,
        unit='px',
    )
    contrast: float = param(
        40.0,
        'Standard deviation of grey levels that paler images are stretched to before detection, at most fourfold: for '
        'corners of faint ground; 0: as they are.',
        ge=0,
        le=80,
    )
    keyframe_step_m: float = param(
        1.0, 'Way after which a view forward becomes a keyframe (camera_looks: forward).', gt=0, unit='m'
    )
    keyframe_turn_rad: float = param(
        0.25, 'Turn after which a view forward becomes a keyframe (camera_looks: forward).', gt=0, unit='rad'
    )
