# SPDX-License-Identifier: Apache-2.0
"""Routes that were taught: the way through their keyframes, and a follower that says how to fly it again."""

from waymark.routes.config import RouteConfig
from waymark.routes.follower import FollowState, Guidance, RouteFollower
from waymark.routes.path import RoutePath
from waymark.routes.planar import Command, Planar
from waymark.routes.sighting import RouteViews, Sighting

__all__ = [
    'Command',
    'FollowState',
    'Guidance',
    'Planar',
    'RouteConfig',
    'RouteFollower',
    'RoutePath',
    'RouteViews',
    'Sighting',
]
