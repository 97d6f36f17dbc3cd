# SPDX-License-Identifier: Apache-2.0
"""What is measured of cameras above the plane z = 0, linearized: points seen twice, altitude, attitude.

A camera is a pose; its error is six small numbers: position (m) and a turn about the odom frame's axes (rad, R <-
exp(turn) R). Three numbers are wrong for a whole flight: the scale of altitudes, and roll and pitch (see Biases).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import cross_matrix, rotation_of

Floats = NDArray[np.float64]
UP = np.array([0.0, 0.0, 1.0])
BIASES = 3  # scale of altitudes (a share), roll and pitch (rad)


@dataclass(frozen=True, eq=False)
class Pose:
    """Where a camera is.

    Attributes:
        R: (3, 3) from its optical frame to odom.
        p: (3,) m in odom; the ground is z = 0.
    """

    R: Floats
    p: Floats

    def moved(self, by: Floats) -> Pose:
        """Apply a small change (6,): position, turn."""
        return Pose(rotation_of(by[3:]) @ self.R, self.p + by[:3])


@dataclass(frozen=True, eq=False)
class Equations:
    """Information on small changes x of some variables: minimize x'Nx / 2 - g'x.

    Attributes:
        N: (n, n).
        g: (n,).
    """

    N: Floats
    g: Floats


def equations_of(J: Floats, residual: Floats, weight: Floats | float) -> Equations:
    """Equations of residuals (M,) that J (M, n) x should take away, weights (M,) 1/variance."""
    weighted = J.T * weight
    return Equations(weighted @ J, weighted @ residual)


def project(anchor: Pose, current: Pose, rays: Floats, K: Floats) -> Floats:
    """Where the ground under an anchor's rays appears in the current image.

    Args:
        anchor: Its camera, above the plane.
        current: The other camera.
        rays: (N, 3) in the anchor's optical frame, z = 1.
        K: (3, 3) of the current camera, px.

    Returns:
        (N, 2) px; NaN for rays that meet no ground.
    """
    return seen_at(on_ground(anchor, rays)[0], current, K)


def seen_at(points: Floats, camera: Pose, K: Floats) -> Floats:
    """Where points (N, 3) of odom appear, (N, 2) px; NaN behind the camera."""
    seen = (points - camera.p) @ camera.R
    with np.errstate(divide='ignore', invalid='ignore'):
        pixels = (seen @ K.T)[:, :2] / seen[:, 2:]
    return np.where(seen[:, 2:] > 0, pixels, np.nan)


def on_ground(camera: Pose, rays: Floats) -> tuple[Floats, Floats]:
    """Ground points (N, 3) of rays, and the rays (N, 3) in odom, as long as the way to them."""
    d = rays @ camera.R.T
    with np.errstate(divide='ignore', invalid='ignore'):
        length = np.where(d[:, 2] < -1e-9, -camera.p[2] / d[:, 2], np.nan)
    way = d * length[:, None]
    return camera.p + way, way


def point_jacobians(anchor: Pose, current: Pose, rays: Floats, K: Floats) -> tuple[Floats, Floats]:
    """How `project` changes with the anchor and with the current camera: (N, 2, 6) each, px per m and rad."""
    points, way = on_ground(anchor, rays)
    M, J_current = camera_jacobians(points, current, K)
    # The point slides along the ray so that it stays on the ground: dX = (1 - way UP' / way_z) (dp + turn x way).
    slide = np.eye(3) - way[:, :, None] * UP / way[:, 2, None, None]
    J_point = np.concatenate([slide, -slide @ _crosses(way)], axis=2)
    return np.asarray(M @ J_point), np.asarray(J_current)


def camera_jacobians(points: Floats, camera: Pose, K: Floats) -> tuple[Floats, Floats]:
    """How `seen_at` changes with the points, (N, 2, 3) px per m, and with the camera, (N, 2, 6) px per m and rad."""
    offset = points - camera.p
    seen = offset @ camera.R
    depth = seen[:, 2]
    pixels = (seen @ K.T) / depth[:, None]
    # d pixel / d point: the rows of K R', less the pixel times the optical axis, over the depth.
    M = (K[:2] @ camera.R.T - pixels[:, :2, None] * (K[2] @ camera.R.T)) / depth[:, None, None]
    # The row vector m times [v]x is the cross product of m and v.
    return M, np.concatenate([-M, np.cross(M, offset[:, None])], axis=2)


def _crosses(v: Floats) -> Floats:
    """[v]x of each of (N, 3): (N, 3, 3)."""
    zero = np.zeros(len(v))
    x, y, z = v.T
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)


@dataclass(frozen=True)
class Altitude:
    """A height above ground.

    Attributes:
        value_m: Above 0, m.
        along_beam: True: a range finder that looks along the vehicle's own down; False: straight up from the ground.
    """

    value_m: float
    along_beam: bool = False


def altitude_row(camera: Pose, R_base: Floats, biases: Floats, altitude: Altitude) -> tuple[Floats, float]:
    """How an altitude changes with (biases (3), camera (6)), and how much larger it was measured than expected.

    Args:
        camera: Above the plane.
        R_base: (3, 3) vehicle in odom, belonging to that camera.
        biases: (3,) as they are held to be.
        altitude: Measured: (1 + scale error) times the true one.

    Returns:
        (9,) m per unit, and m.
    """
    beam = R_base[:, 2]  # up in the vehicle; the beam is the other way
    u = beam[2] if altitude.along_beam else 1.0
    predicted = (1 + biases[0]) * camera.p[2] / u
    row = np.zeros(BIASES + 6)
    row[0] = camera.p[2] / u
    row[BIASES + 2] = (1 + biases[0]) / u
    if altitude.along_beam:
        row[BIASES + 3 :] = -predicted / u * np.cross(beam, UP)  # d(beam_z) = (turn x beam)_z
    return row, float(altitude.value_m - predicted)


def altitude_equations(camera: Pose, R_base: Floats, biases: Floats, altitude: Altitude, sigma: float) -> Equations:
    """What an altitude says of (biases (3), camera (6)); `sigma` is its standard deviation, as a share."""
    row, residual = altitude_row(camera, R_base, biases, altitude)
    return equations_of(row[None], np.array([residual]), 1 / (sigma * altitude.value_m) ** 2)


def attitude_equations(R_base: Floats, biases: Floats, up_base: Floats, sigma_rad: float) -> Equations:
    """What a measured direction of up says of (biases (3), camera (6)).

    Args:
        R_base: (3, 3) vehicle in odom.
        biases: (3,) as they are held to be.
        up_base: (3,) unit vector up in the vehicle's frame, turned by the roll and pitch errors.
        sigma_rad: Standard deviation of each of its angles.
    """
    true_up = R_base.T @ UP
    turned = rotation_of(np.array([biases[1], biases[2], 0.0])) @ true_up
    J = np.zeros((2, BIASES + 6))
    J[:, 1:BIASES] = -cross_matrix(true_up)[:2, :2]
    J[:, BIASES + 3 :] = (R_base.T @ cross_matrix(UP))[:2]
    return equations_of(J, (up_base - turned)[:2], 1 / sigma_rad**2)
