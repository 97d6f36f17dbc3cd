# SPDX-License-Identifier: Apache-2.0
"""Vehicles and walls of a scene as boxes, for simulators with three dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from waymark_sim.scene import Scene, Wall
from waymark_sim.traffic import BODIES, PAINTS, Vehicle

_HEIGHTS_M = {'car': 1.5, 'van': 2.2, 'truck': 3.2, 'bus': 3.1}
_WALL_RGB = (178, 170, 158)


@dataclass(frozen=True)
class Box:
    """A box on the ground.

    Attributes:
        name: Of its own.
        size_m: (along, across, high).
        middle_m: (x, y, z) in the map.
        yaw_rad: Of its length from east.
        rgb: Colour, 0 to 255.
        vehicle: What drives it; None: it stays.
    """

    name: str
    size_m: tuple[float, float, float]
    middle_m: tuple[float, float, float]
    yaw_rad: float
    rgb: tuple[int, int, int]
    vehicle: Vehicle | None = None


def boxes_of(scene: Scene) -> tuple[Box, ...]:
    """All of them, vehicles where they start."""
    vehicles = (_of_vehicle(f'vehicle_{number}', vehicle) for number, vehicle in enumerate(scene.vehicles))
    walls = (_of_wall(f'wall_{number}', wall) for number, wall in enumerate(scene.walls))
    return (*vehicles, *walls)


def moved_to(box: Box, t_s: float) -> Box:
    """The box at a time since the start, s."""
    if box.vehicle is None:
        return box
    x, y, yaw = box.vehicle.pose(t_s)
    return replace(box, middle_m=(x, y, box.middle_m[2]), yaw_rad=yaw)


def _of_vehicle(name: str, vehicle: Vehicle) -> Box:
    height = _HEIGHTS_M[vehicle.kind]
    x, y, yaw = vehicle.pose(0.0)
    return Box(name, (*BODIES[vehicle.kind], height), (x, y, height / 2), yaw, PAINTS[vehicle.paint], vehicle)


def _of_wall(name: str, wall: Wall) -> Box:
    along = np.subtract(wall.end_m, wall.start_m)
    x, y = np.add(wall.start_m, wall.end_m) / 2
    size = float(np.hypot(*along)), wall.thickness_m, wall.height_m
    return Box(name, size, (float(x), float(y), wall.height_m / 2), math.atan2(along[1], along[0]), _WALL_RGB)
