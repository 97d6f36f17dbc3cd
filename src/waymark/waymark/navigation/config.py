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
    keyframe_revisits: bool = param(True, 'Keep a view once more where the way crosses itself (camera_looks: down).')
    max_side_px: int = param(
        480, 'Longer side that larger images are reduced to before detection; 0: never.', ge=0, unit='px'
    )
    min_side_px: int = param(
        480, 'Longer side that smaller images are enlarged to before detection; 0: never.', ge=0, le=4096, unit='px'
    )
    # Corners are told by a number of grey levels: bare concrete has none above the noise (docs/routes.md).
    smooth_px: float = param(
        2.0,
        'Standard deviation of the Gaussian that takes noise off before contrast is stretched (camera_looks: down).',
        ge=0,
        le=20,
        unit='px',
    )
    stretch: float = param(
        6.0, 'By how much contrast is stretched before detection (camera_looks: down); 1: not at all.', ge=1, le=50
    )
    keyframe_step_m: float = param(
        1.0, 'Way after which a view forward becomes a keyframe (camera_looks: forward).', gt=0, unit='m'
    )
    keyframe_turn_rad: float = param(
        0.25, 'Turn after which a view forward becomes a keyframe (camera_looks: forward).', gt=0, unit='rad'
    )
