# SPDX-License-Identifier: Apache-2.0
"""One description of a simulated scene, for every simulator: ground, vehicles, walls, light, wind."""

from __future__ import annotations

from dataclasses import dataclass

from waymark_sim.ground import Ground
from waymark_sim.look import Look
from waymark_sim.traffic import Vehicle


@dataclass(frozen=True)
class Wall:
    """A wall that stands on the ground.

    Attributes:
        start_m, end_m: (x, y) of its ends, m.
        height_m: Of its upper edge.
        thickness_m: Across; of a wall as thick as long: a box.
        picture: Which one is painted on it, for simulators that see it.
    """

    start_m: tuple[float, float]
    end_m: tuple[float, float]
    height_m: float = 2.5
    thickness_m: float = 0.2
    picture: int = 0


@dataclass(frozen=True, eq=False)
class Scene:
    """What a vehicle flies through. The map is ENU, its origin the middle of the ground's picture.

    Attributes:
        ground: The picture on z = 0.
        vehicles: Boxes that drive about.
        walls: What stands in the way.
        light: Brightness, blur and noise of the camera.
        wind_m_s: (east, north): what the air moves by, and all that flies in it.
        blank_s: From and to: while the camera sees no texture (fog, dusk, water); None: never.
    """

    ground: Ground
    vehicles: tuple[Vehicle, ...] = ()
    walls: tuple[Wall, ...] = ()
    light: Look = Look()
    wind_m_s: tuple[float, float] = (0.0, 0.0)
    blank_s: tuple[float, float] | None = None
