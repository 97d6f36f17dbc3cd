# SPDX-License-Identifier: Apache-2.0
"""How a map file keeps the steps of a route: the pose of each camera in the levelled frame of the one before.

A levelled frame is the optical frame (right, back, down) of a camera that looks straight down, its image's up where
that of the real one points. A step whose rotation is about the vertical alone says nothing of the next camera's tilt.
"""

from __future__ import annotations

import math

import numpy as np

from waymark.image.rotation import quaternion_xyzw, rotation_matrix
from waymark.maps.keyframe import MapPose
from waymark.routes.levelling import Floats, turn_to_view
from waymark.routes.planar import Planar


def step_of(step: Planar, climb_m: float = 0.0, down: Floats | None = None) -> MapPose:
    """Pack a step.

    Args:
        step: The next keyframe seen from this one, both level; forward is the image's up.
        climb_m: By which the next is higher.
        down: (3,) direction to the ground in the next camera's optical frame; None: unknown.
    """
    half = -step.yaw_rad / 2  # the optical z axis looks down
    orientation = (0.0, 0.0, math.sin(half), math.cos(half))
    if down is not None:
        orientation = quaternion_xyzw(rotation_matrix(orientation) @ turn_to_view(down))
    return MapPose((-step.y_m, -step.x_m, -climb_m), orientation)


def planar_of(step: MapPose) -> Planar:
    """The next keyframe, level, seen from this one."""
    right, back, _ = step.position_m
    R = rotation_matrix(step.orientation_xyzw) @ turn_to_view(_down(step)).T
    return Planar(-back, -right, math.atan2(-R[1, 0], R[0, 0]))


def down_of(step: MapPose) -> Floats | None:
    """(3,) direction to the ground in the next camera's optical frame; None: unknown."""
    x, y, _, _ = step.orientation_xyzw
    return None if x == y == 0.0 else _down(step)


def _down(step: MapPose) -> Floats:
    return np.asarray(rotation_matrix(step.orientation_xyzw)[2])


def seen_from(step: Planar, yaw_rad: float) -> Planar:
    """A step of the camera as one of the vehicle, in which the image's up points at `yaw_rad`; -yaw_rad: back."""
    turn = Planar(0.0, 0.0, yaw_rad)
    return turn @ step @ turn.inverse
