# SPDX-License-Identifier: Apache-2.0
"""What is known of cameras beside what they saw: they look down, the lens is a usual one, geotags are about right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.mosaic.poses import Floats, Poses

USUAL_FOCAL = 0.8  # longer sides: between a drone's wide lens and a phone's
_FOCAL_DOUBT = 0.4  # of its logarithm
_K1_DOUBT = 0.2
_TILT_RAD = 0.15  # only what links leave open is decided by it
_FIXED = 1e-4  # rad and shares of the height: the first camera stays where it is


@dataclass(frozen=True, eq=False)
class Known:
    """Where cameras were by their geotags.

    Attributes:
        places: (N, 2) ground units; NaN where a camera has none.
        doubt: Standard deviation, ground units.
    """

    places: Floats
    doubt: float


@dataclass(frozen=True, eq=False)
class PerCamera:
    """Residuals that depend on one camera each.

    Attributes:
        cameras: (M,) which.
        residual: (M, Q) in standard deviations.
        jacobian: (M, Q, 6) by a camera's turn and shift, as the adjustment counts them.
        robust: Whether large ones are doubted (Cauchy).
    """

    cameras: NDArray[np.intp]
    residual: Floats
    jacobian: Floats
    robust: bool = False

    def loss(self) -> float:
        """Sum over cameras."""
        squares = (self.residual**2).sum(axis=1)
        return float((np.log1p(squares) if self.robust else squares).sum())

    def add(self, normal: Floats, gradient: Floats) -> None:
        """Add to the normal matrix and the gradient of all unknowns."""
        weight = 1 / (1 + (self.residual**2).sum(axis=1)) if self.robust else np.ones(len(self.cameras))
        turned = self.jacobian.transpose(0, 2, 1) * weight[:, None, None]
        index = 6 * self.cameras[:, None] + np.arange(6)
        np.add.at(normal, (index[:, :, None], index[:, None, :]), turned @ self.jacobian)
        np.add.at(gradient, index, (turned @ self.residual[..., None])[..., 0])


def priors(poses: Poses, start: Poses, height: float, known: Known | None) -> list[PerCamera]:
    """Say what is known of each camera.

    Args:
        poses: Now.
        start: When the adjustment began.
        height: Ground units of a shift by 1.
        known: Geotags; None: the first camera holds place, size and heading.
    """
    place = _gauge(poses, start, height) if known is None else _geotags(poses, known, height)
    return [_tilt(poses), place]


def lens_prior(poses: Poses) -> tuple[Floats, Floats]:
    """Residuals (2,) of log focal length and k1, and their slopes by these."""
    residual = np.array([np.log(poses.phi[0] / USUAL_FOCAL) / _FOCAL_DOUBT, poses.k1[0] / _K1_DOUBT])
    return residual, np.array([1 / _FOCAL_DOUBT, 1 / _K1_DOUBT])


def _tilt(poses: Poses) -> PerCamera:
    # A turn d changes the matrix by d x R: its last row by d_x R[1] - d_y R[0].
    jacobian = np.zeros((len(poses), 2, 6))
    jacobian[:, :, 0], jacobian[:, :, 1] = poses.R[:, 1, :2], -poses.R[:, 0, :2]
    return PerCamera(np.arange(len(poses)), poses.R[:, 2, :2] / _TILT_RAD, jacobian / _TILT_RAD)


def _gauge(poses: Poses, start: Poses, height: float) -> PerCamera:
    """The first camera keeps place, heading, and height by focal length."""
    R, c, c0 = poses.R[0], poses.c[0], start.c[0]
    size = start.phi[0] / poses.phi[0]
    turned = start.R[0] @ R.T  # off by a small turn; the third component is the heading's
    residual = np.r_[(c[:2] - c0[:2]) / height, (c[2] * size - c0[2]) / height, turned[0, 1]]
    jacobian = np.zeros((4, 6))
    jacobian[0, 3] = jacobian[1, 4] = 1.0
    jacobian[2, 5], jacobian[3, 2] = size, 1.0
    return PerCamera(np.zeros(1, np.intp), residual[None] / _FIXED, jacobian[None] / _FIXED)


def _geotags(poses: Poses, known: Known, height: float) -> PerCamera:
    tagged = np.flatnonzero(np.isfinite(known.places).all(axis=1))
    jacobian = np.zeros((len(tagged), 2, 6))
    jacobian[:, 0, 3] = jacobian[:, 1, 4] = height / known.doubt
    residual = (poses.c[tagged, :2] - known.places[tagged]) / known.doubt
    return PerCamera(tagged, residual, jacobian, robust=True)
