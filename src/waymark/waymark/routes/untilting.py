# SPDX-License-Identifier: Apache-2.0
"""How much each keyframe of a route was tilted, where no attitude was measured: found by odometry.

A camera that tilts seems to be where it looks. So what two keyframes show of each other says how their seeming places
lie, and odometry how their true ones do; the difference is the change of tilt. Odometry errs slowly (its scale, the
wind), tilts change from image to image: linear least squares tell the two apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from waymark.routes.levelling import Floats
from waymark.routes.planar import Planar

_ODOMETRY_SIGMA = 0.03  # of a step of odometry, as a share, once its scale is known
_STEP_SIGMA_M = 0.03  # of any step


def seeming_offsets(
    steps: Sequence[Planar],
    odometry: Sequence[Planar],
    seconds: Sequence[float],
    offset_sigma_m: float,
    scale_sigma: float = 0.05,
    wind_sigma_m_s: float = 1.0,
) -> Floats:
    """How far from its true place each camera seems to be.

    Args:
        steps: (N - 1) from each keyframe to the next, as seen: between seeming places.
        odometry: (N - 1) the same by odometry.
        seconds: (N - 1) that each took.
        offset_sigma_m: Standard deviation of what is asked for: height times that of the tilt.
        scale_sigma: Of odometry's scale.
        wind_sigma_m_s: Of the drift that odometry does not see, the same all the way.

    Returns:
        (N, 2) m, forward and left of each keyframe.
    """
    count = len(steps) + 1
    headings = np.concatenate([[0.0], np.cumsum([s.yaw_rad for s in steps])])
    rows, right = [], []

    def equation(coefficients: dict[int, float], value: float, sigma: float) -> None:
        row = np.zeros(2 * count + 3)
        for column, factor in coefficients.items():
            row[column] = factor / sigma
        rows.append(row)
        right.append(value / sigma)

    scale, wind = 2 * count, 2 * count + 1
    for i, (step, own) in enumerate(zip(steps, odometry, strict=True)):
        seen, moved = _turned(step, headings[i]), _turned(own, headings[i])
        sigma = _STEP_SIGMA_M + _ODOMETRY_SIGMA * math.hypot(own.x_m, own.y_m)
        for axis in range(2):  # seen = (1 + scale) moved + wind t + next offset - this offset
            terms = {2 * i + axis: -1.0, 2 * i + 2 + axis: 1.0, scale: moved[axis], wind + axis: seconds[i]}
            equation(terms, float(seen[axis] - moved[axis]), sigma)
    for column in range(2 * count):
        equation({column: 1.0}, 0.0, offset_sigma_m)
    equation({scale: 1.0}, 0.0, scale_sigma)
    equation({wind: 1.0}, 0.0, wind_sigma_m_s)
    equation({wind + 1: 1.0}, 0.0, wind_sigma_m_s)
    found = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    offsets = found[: 2 * count].reshape(-1, 2)
    c, s = np.cos(headings), np.sin(headings)
    return np.column_stack([c * offsets[:, 0] + s * offsets[:, 1], -s * offsets[:, 0] + c * offsets[:, 1]])


def true_step(step: Planar, here: Floats, there: Floats) -> Planar:
    """The step between true places.

    Args:
        step: Between seeming ones.
        here: (2,) offset of this keyframe, forward and left of it, m.
        there: (2,) offset of the next one.
    """
    x, y = _turned(Planar(float(there[0]), float(there[1])), step.yaw_rad)
    return Planar(step.x_m + float(here[0]) - float(x), step.y_m + float(here[1]) - float(y), step.yaw_rad)


def down_by(offset: Floats, height_m: float) -> Floats:
    """Direction (3,) to the ground in the optical frame of a camera that seems to be `offset` m forward and left."""
    down = np.array([offset[1], offset[0], height_m])
    return np.asarray(down / np.linalg.norm(down))


def _turned(step: Planar, yaw_rad: float) -> Floats:
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    return np.array([c * step.x_m - s * step.y_m, s * step.x_m + c * step.y_m])
