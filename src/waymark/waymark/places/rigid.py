# SPDX-License-Identifier: Apache-2.0
"""Small pieces of rigid motion: directions and 4x4 transforms, float64, and rotations by the names used here."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import cross_matrix as cross
from waymark.image.rotation import rotation_of as turned
from waymark.image.rotation import rotation_vector as turn_of

Floats = NDArray[np.float64]
__all__ = [
    'Floats',
    'between',
    'cross',
    'inverse',
    'projected',
    'rays_of',
    'tangents',
    'transform',
    'turn_of',
    'turned',
]


def tangents(direction: Floats) -> Floats:
    """(3, 2) orthonormal, both perpendicular to a unit vector (Duff et al., JCGT 2017)."""
    x, y, z = (float(v) for v in direction)
    sign = math.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    return np.array([[1.0 + sign * x * x * a, b], [sign * b, sign + y * y * a], [-sign * x, -y]])


def transform(R: Floats, position: Floats) -> Floats:
    """(4, 4) of a rotation and a position."""
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, position
    return T


def inverse(T: Floats) -> Floats:
    """The inverse (4, 4) of a rigid transform."""
    return transform(T[:3, :3].T, -T[:3, :3].T @ T[:3, 3])


def between(T_a: Floats, T_b: Floats, share: float) -> Floats:
    """The transform (4, 4) at a share of the way from one to the other, straight and turning evenly; outside too."""
    R = turned(share * turn_of(T_b[:3, :3] @ T_a[:3, :3].T)) @ T_a[:3, :3]
    return transform(R, T_a[:3, 3] + share * (T_b[:3, 3] - T_a[:3, 3]))


def projected(points: Floats, K: Floats) -> Floats:
    """Pixels (N, 2) of points (N, 3) in a camera with intrinsics K (3, 3)."""
    pixels = points @ K.T
    return np.asarray(pixels[:, :2] / pixels[:, 2:])


def rays_of(points_px: Floats, K: Floats) -> Floats:
    """Rays (N, 3) with z = 1 of pixels (N, 2)."""
    return np.asarray(np.c_[points_px, np.ones(len(points_px))] @ np.linalg.inv(K).T)
