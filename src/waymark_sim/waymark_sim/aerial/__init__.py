# SPDX-License-Identifier: Apache-2.0
"""Pictures from above with vehicles, ships, aircraft, containers and landing pads, and exactly where these are."""

from waymark_sim.aerial.layouts import LAYOUTS
from waymark_sim.aerial.scene import CLASS_NAMES, AerialScene, make_scene

__all__ = ['CLASS_NAMES', 'LAYOUTS', 'AerialScene', 'make_scene']
