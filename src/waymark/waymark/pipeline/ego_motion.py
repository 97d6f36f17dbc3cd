# SPDX-License-Identifier: Apache-2.0
"""Configuration of the node ego_motion: the core's, where altitude and attitude come from, and what is published."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.ego_motion import EgoMotionConfig, SensingConfig
from waymark.masks.motion import MotionConfig


@dataclass(frozen=True)
class EgoMotionNodeConfig(EgoMotionConfig, SensingConfig, MotionConfig):
    """How the ground moves under the camera, in metres where calibration and altitude are known."""

    odom_frame: str = param('odom', 'Frame of the odometry: x and y from where it began, z above the ground.')
    base_frame: str = param('base_link', 'Frame of the vehicle.')
    publish_tf: bool = param(False, 'Publish odom_frame -> base_frame on /tf.')
    publish_mask: bool = param(True, 'Publish `motion_mask` while somebody listens.')
    publish_height: bool = param(False, 'Publish `height`: what stands out of the ground, 32FC1, m.')
