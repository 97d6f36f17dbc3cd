# SPDX-License-Identifier: Apache-2.0
"""Scene boundaries on a live stream: hard cuts, dissolves and fades, told from motion, flashes and changes of light."""

from waymark.shots.boundary import Boundary
from waymark.shots.config import ShotsConfig
from waymark.shots.detector import BoundaryDetector

__all__ = ['Boundary', 'BoundaryDetector', 'ShotsConfig']
