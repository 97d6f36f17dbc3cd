# SPDX-License-Identifier: Apache-2.0
"""Configuration of the node route_follower: how routes are taught and followed, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.ego_motion import SensingConfig
from waymark.navigation import NavigationConfig


@dataclass(frozen=True)
class RouteFollowerConfig(SensingConfig, NavigationConfig):
    """A way that was led once is flown again, by camera and odometry."""

    routes: str = param('routes', 'Folder of taught routes: one map file for each, ROUTE_ID.wmap.', path=True)
    encoder: str = param('waymark-place-1', "As image_encoder's; a route is followed with the one that made its map.")
    backend: str = param('auto', "As image_encoder's.")
    patience_s: float = param(
        15.0,
        'A goal is given up, with the reason, after so long without an image that can be used (none comes, or none '
        'with a calibration); not a lesson that has seen something: it is kept until it is cancelled. 0: never.',
        ge=0.0,
        unit='s',
    )
    base_frame: str = param('base_link', 'Frame of the commands.')
