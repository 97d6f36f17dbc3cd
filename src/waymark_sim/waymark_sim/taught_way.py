# SPDX-License-Identifier: Apache-2.0
"""The way that is taught: an S over the part of the ground that its picture shows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from waymark.errors import SourceError
from waymark.routes.planar import Planar
from waymark_sim.ground import Ground
from waymark_sim.world import clearance_of

_ASPECT = 14.0 / 80.0  # half the width of the S by its length
_TRIED = 400


def s_curve(length_m: float) -> NDArray[np.float64]:
    """An S around the origin: (N, 2) m, `length_m` long, points 0.1 m apart."""
    t = np.linspace(0.0, 1.0, 2001)
    points = np.column_stack([t - 0.5, _ASPECT * np.sin(2 * np.pi * t)])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0.0, way[-1], max(round(length_m / 0.1), 2) + 1)
    shape = np.column_stack([np.interp(at, way, points[:, k]) for k in (0, 1)])
    return np.asarray(shape * (length_m / way[-1]))


def plan_way(ground: Ground, length_m: float, reach_m: float, seed: int) -> NDArray[np.float64]:
    """Lay an S where the ground is known as far as a camera sees.

    Args:
        ground: The ground.
        length_m: Of the way.
        reach_m: How far a camera sees beside the way.
        seed: Decides where, and in which direction.

    Returns:
        (N, 2) m, points 0.1 m apart: the first place found with room for the view, else that with the most room.

    Raises:
        SourceError: The ground has no room for it.
    """
    rng = np.random.default_rng((seed, 12))
    clearance, cell = clearance_of(ground)
    shape, curve = s_curve(length_m), np.zeros((0, 2))
    half = np.array(clearance.shape[::-1]) * cell / 2
    best, most = curve, 0.0
    for _ in range(_TRIED):
        turn, centre = rng.uniform(0, 2 * math.pi), rng.uniform(-half, half)
        c, s = math.cos(turn), math.sin(turn)
        curve = np.asarray(shape @ np.array([[c, s], [-s, c]]) + centre)
        room = _room(curve, clearance, cell)
        if room > reach_m:
            return curve
        if room > most:
            best, most = curve, room
    if most < reach_m / 4:
        raise SourceError(
            f'no room for a way of {length_m:g} m: at best the ground is known {most:.0f} m beside it, from there the '
            f'camera sees {reach_m:.0f} m. Give a larger ground, or a lower altitude.'
        )
    return best


def _room(curve: NDArray[np.float64], clearance: NDArray[np.float32], cell: float) -> float:
    height, width = clearance.shape
    column = np.rint(curve[:, 0] / cell + (width - 1) / 2).astype(int)
    row = np.rint(-curve[:, 1] / cell + (height - 1) / 2).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return float(clearance[row, column].min()) if inside.all() else 0.0


def pose_at(curve: NDArray[np.float64], index: int) -> Planar:
    """Pose on a curve (N, 2), the nose along it."""
    index = min(max(index, 0), len(curve) - 1)
    ahead = curve[min(index + 5, len(curve) - 1)] - curve[max(index - 5, 0)]
    return Planar(float(curve[index, 0]), float(curve[index, 1]), math.atan2(ahead[1], ahead[0]))
