# SPDX-License-Identifier: Apache-2.0
"""Teach a route and repeat it: what places, routes and the encoder do together."""

from waymark.navigation.config import NavigationConfig
from waymark.navigation.repeating import RouteRepeater
from waymark.navigation.teaching import RouteLesson

__all__ = ['NavigationConfig', 'RouteLesson', 'RouteRepeater']
