# SPDX-License-Identifier: Apache-2.0
"""Where a flight has room: a closed curve over the part of the ground that its picture shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark_sim.route import ClosedCurve

_CORNERS = 9


def plan_curve(
    clearance_m: NDArray[np.float32], metres_per_cell: float, reach_m: float, seed: int
) -> ClosedCurve | None:
    """Find a closed curve that keeps its distance from where the ground is unknown.

    Args:
        clearance_m: (H, W) distance from each cell to the nearest unknown one, m; map origin in the middle.
        metres_per_cell: Size of a cell, m.
        reach_m: Distance to keep, m.
        seed: Decides its form.

    Returns:
        A curve, or None where there is no room for one of at least the size of `reach_m` / 2.
    """
    rng = np.random.default_rng((seed, 2))
    free = clearance_m > reach_m
    if not free.any():
        return None
    row, column = np.unravel_index(int(clearance_m.argmax()), clearance_m.shape)
    centre = _metres(np.array([[column, row]]), clearance_m.shape, metres_per_cell)[0]
    angles = np.linspace(0.0, 2 * np.pi, _CORNERS, endpoint=False) + rng.uniform(0.0, 2 * np.pi)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    radii = np.array([_room(centre, d, free, metres_per_cell) for d in directions]) * rng.uniform(0.75, 1.25, _CORNERS)
    while radii.mean() > reach_m / 2:
        curve = ClosedCurve(centre + radii[:, None] * directions)
        if _is_free(curve.points(np.linspace(0, 1, 400)), free, metres_per_cell).all():
            return curve
        radii *= 0.95
    return None


def _room(
    centre: NDArray[np.float64],
    direction: NDArray[np.float64],
    free: NDArray[np.bool_],
    metres_per_cell: float,
) -> float:
    steps = np.arange(1, sum(free.shape)) * metres_per_cell
    blocked = ~_is_free(centre + steps[:, None] * direction, free, metres_per_cell)
    return float(steps[int(blocked.argmax())])


def _is_free(points_m: NDArray[np.float64], free: NDArray[np.bool_], metres_per_cell: float) -> NDArray[np.bool_]:
    height, width = free.shape
    column = np.rint(points_m[:, 0] / metres_per_cell + (width - 1) / 2).astype(int)
    row = np.rint(-points_m[:, 1] / metres_per_cell + (height - 1) / 2).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    result = np.zeros(len(points_m), bool)
    result[inside] = free[row[inside], column[inside]]
    return result


def _metres(cells: NDArray[np.intp], shape_hw: tuple[int, ...], metres_per_cell: float) -> NDArray[np.float64]:
    height, width = shape_hw[:2]
    return np.asarray((cells - ((width - 1) / 2, (height - 1) / 2)) * (metres_per_cell, -metres_per_cell))
