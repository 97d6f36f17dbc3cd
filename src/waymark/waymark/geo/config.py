# SPDX-License-Identifier: Apache-2.0
"""What geo-localization looks at, and what an answer must show to be believed."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.image.registration_gates import GateConfig


@dataclass(frozen=True)
class GeoConfig(GateConfig):
    """How a photo is found on a map, and the gates."""

    tiles: int = param(12, 'Tiles of the map most like the photo that are looked at; 0: votes of features alone.', ge=0)
    headings: int = param(8, 'Directions in which the photo is compared with tiles.', ge=1, le=36)
    votes: int = param(3, 'Places that most features of the photo vote for that are looked at.', ge=1, le=20)
    min_votes: int = param(8, 'Fewest features of the photo that must agree on a place before it is looked at.', ge=4)
    max_rival_share: float = param(
        0.5,
        'Votes of another place that would also pass, relative to the best one: above it neither is believed.',
        ge=0,
    )
    min_inliers: int = param(10, 'Fewest matched features that must agree with the final homography.', ge=4)
    min_support: float = param(
        0.12, 'Smallest share of textured points that must be tracked to where the homography puts them.', ge=0, le=1
    )
    sure_support: float = param(
        0.3, 'Below this support a place is believed only with `sure_inliers`: hills and other seasons cost support.',
        ge=0, le=1,
    )  # fmt: skip
    sure_inliers: int = param(20, 'See `sure_support`.', ge=4)
    min_side_px: int = param(64, 'Shortest side of the photo on the map, in px of the map.', ge=16, unit='px')
    max_stretch: float = param(
        2.5, 'Largest ratio of the two scales in the middle of the photo: 2.5 is a camera 66 degrees off vertical.',
        ge=1,
    )  # fmt: skip
    max_tilt_deg: float = param(
        60.0, "Largest angle of the camera's axis with straight down that an answer may mean.", gt=0, le=85, unit='deg'
    )
    max_sigma_m: float = param(
        15.0, 'Largest standard deviation of the position in any direction that is still reported.', gt=0, unit='m'
    )
    scale_tolerance: float = param(
        0.35, "Share by which the photo's scale may differ from what altitude and camera say, where both are known.",
        gt=0, lt=1,
    )  # fmt: skip
    min_coverage: float = param(0.1, 'Smallest share of the photo that the agreeing points must span.', ge=0, le=1)
