# SPDX-License-Identifier: Apache-2.0
"""Rotations: as vectors, matrices and quaternions."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

_SMALL = 1e-3  # rad: the angle is its sine and a sixth of the sine's cube, to 1e-13 of it


def quaternion_xyzw(R: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Unit quaternion (x, y, z, w), w >= 0, of a rotation matrix.

    Source: Bar-Itzhack, "New method for extracting the quaternion from a rotation matrix", 2000 (eigenvector form,
    stable for every angle).
    """
    m = R
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], m[1, 0] + m[0, 1], m[2, 0] + m[0, 2], m[2, 1] - m[1, 2]],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], m[2, 1] + m[1, 2], m[0, 2] - m[2, 0]],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    vector = np.linalg.eigh(k)[1][:, -1]
    x, y, z, w = (float(v) for v in (vector if vector[3] >= 0 else -vector))
    return x, y, z, w


def rotation_matrix(xyzw: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Rotation matrix (3, 3) of a unit quaternion (x, y, z, w): the inverse of quaternion_xyzw."""
    x, y, z, w = xyzw
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def measured_rotation(xyzw: tuple[float, float, float, float]) -> NDArray[np.float64] | None:
    """As `rotation_matrix`, of a quaternion that somebody measured.

    Returns:
        None where it is not finite or its length is not 0.9 to 1.1: nobody filled it.
    """
    length = math.hypot(*xyzw)
    if not (math.isfinite(length) and 0.9 < length < 1.1):
        return None
    x, y, z, w = (v / length for v in xyzw)
    return rotation_matrix((x, y, z, w))


def cross_matrix(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix (3, 3) that takes a vector u to the cross product v x u."""
    x, y, z = v
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def rotation_of(vector_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix (3, 3) about the axis of a vector (3,), by its length in rad (Rodrigues)."""
    return np.asarray(cv2.Rodrigues(np.asarray(vector_rad, np.float64))[0], np.float64)


def rotation_vector(R: NDArray[np.float64]) -> NDArray[np.float64]:
    """Axis times angle (3,), rad, of a rotation matrix: the inverse of `rotation_of`, angle 0 to pi."""
    sines = 0.5 * np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])  # sine of the angle times axis
    square = float(sines @ sines)
    if square < _SMALL**2 and R[0, 0] + R[1, 1] + R[2, 2] > 0:  # below 1e-5 rad cv2.Rodrigues says 0
        return np.asarray((1.0 + square / 6.0) * sines)
    return np.asarray(cv2.Rodrigues(np.asarray(R, np.float64))[0], np.float64).ravel()


def yaw_of(R_map_base: NDArray[np.float64]) -> float:
    """Heading of the base's x axis about the map's z axis, rad from -pi to pi (REP-103)."""
    return float(np.arctan2(R_map_base[1, 0], R_map_base[0, 0]))


def rotation_rpy(roll_rad: float, pitch_rad: float, yaw_rad: float) -> NDArray[np.float64]:
    """Rotation matrix (3, 3) Rz(yaw) Ry(pitch) Rx(roll), as REP-103 and tf order them."""
    x, y, z = np.eye(3)
    return np.asarray(rotation_of(yaw_rad * z) @ rotation_of(pitch_rad * y) @ rotation_of(roll_rad * x))


def rpy_of(R: NDArray[np.float64]) -> tuple[float, float, float]:
    """Roll, pitch, yaw in rad of a rotation matrix (3, 3): the inverse of `rotation_rpy`, pitch -pi/2 to pi/2."""
    pitch = float(np.arcsin(np.clip(-R[2, 0], -1.0, 1.0)))
    return float(np.arctan2(R[2, 1], R[2, 2])), pitch, yaw_of(R)
