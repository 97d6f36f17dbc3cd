# SPDX-License-Identifier: Apache-2.0
"""Configuration of the node obb_detector: what is found, followed and named, what is waited for, and what is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.objects.config import ObjectsConfig


@dataclass(frozen=True)
class ObbDetectorConfig(ObjectsConfig):
    """Oriented boxes in images, followed, and called by the classes of the model or by your own words."""

    enabled: bool = param(True, 'Look for objects from the start; ~/enable switches while running.')
    use_ego_motion: bool = param(
        True, 'Take the motion of the camera out of the tracks where `ego_homography` tells it for the same images.'
    )
    ego_wait_s: float = param(
        0.1,
        'How long the boxes of an image wait for the `ego_homography` with its stamp; not while nobody sends any.',
        ge=0.0,
        le=10.0,
        unit='s',
    )
    marker_depth_m: float = param(
        1.0, 'How far in front of the camera `markers` are drawn, in the frame of the image.', gt=0, le=1000, unit='m'
    )
    publish_overlay: bool = param(False, 'Publish `overlay` too: the image with the boxes drawn into it.')
