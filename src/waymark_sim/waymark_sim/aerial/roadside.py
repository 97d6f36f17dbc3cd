# SPDX-License-Identifier: Apache-2.0
"""Traffic as a camera near the ground sees it: vehicles in a line or anywhere, plants and people before them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waymark_sim.aerial.backdrops import stand_up
from waymark_sim.aerial.bodies import Body, Eye
from waymark_sim.aerial.leaves import Light, Picture
from waymark_sim.aerial.thing import Polygon

_LENGTH_M = 4.5
_PIXELS = (30.0, 800.0)  # of a car's length, in the picture painted
_MOST_HIDDEN = 0.6
_TRIES = 80

Labelled = tuple[str, Polygon]


def eye_before(size: int, horizon: float, rng: np.random.Generator) -> Eye:
    """A camera to which a car of some size stands in some row: 0.3 to 40 m above the ground.

    Args:
        size: Of the picture painted, px.
        horizon: Its row, px.
        rng: Decides.
    """
    focal_px, x = size * float(rng.uniform(0.6, 2.2)), size * float(rng.uniform(0.3, 0.7))
    row = max(horizon, 0.0) + (size - max(horizon, 0.0)) * rng.uniform(0.05, 0.9)
    height_m = (row - horizon) * _LENGTH_M / np.exp(rng.uniform(*np.log(_PIXELS)))
    return Eye(focal_px, (x, horizon), float(np.clip(height_m, 0.3, 40)))


def traffic(picture: Picture, eye: Eye, sun: Light, rng: np.random.Generator) -> list[Labelled]:
    """Paint vehicles and what stands between them, the far ones first.

    Returns:
        Of each vehicle that shows: its class, and the corners (4, 2) of the upright rectangle around it, px.
    """
    bodies = _placed(eye, len(picture), rng)
    nearest = min((body.ahead_m for body in bodies), default=10.0)
    clutter = nearest * np.exp(rng.uniform(-0.3, 3, int(rng.poisson(rng.choice([1, 8, 30])))))
    order = sorted([*bodies, *clutter.tolist()], key=lambda one: -(one.ahead_m if isinstance(one, Body) else one))
    shown: list[tuple[Body, Polygon, Picture]] = []
    for one in order:
        if isinstance(one, Body):
            points = one.painted(picture, eye)
            left, top, right, low = _within(points, len(picture))
            shown.append((one, points, picture[top:low, left:right].copy()))
        else:
            foot = eye.seen(np.array([[0.0, 0.0, one]]))[0, 1]
            stand_up(picture, float(rng.uniform(0, len(picture))), float(foot), eye.focal_px / one, sun, rng)
    return [(body.kind, _around(points)) for body, points, was in shown if _shows(picture, points, was)]


def _placed(eye: Eye, size: int, rng: np.random.Generator) -> list[Body]:
    """Vehicles that stand clear of one another."""
    light = rng.normal(0, 1, 3) + (0, 1.2, 0)
    light = np.asarray(light / np.linalg.norm(light))
    wanted = int(np.clip(rng.poisson(np.exp(rng.uniform(0.3, 3.2))), 1, 30))
    line = np.pi / 2 + rng.normal(0, 0.3) if rng.random() < 0.5 else rng.uniform(0, 2 * np.pi)
    heading = line if rng.random() < 0.7 else rng.uniform(0, 2 * np.pi)  # one behind the other, else side by side
    along = np.array([np.cos(line), np.sin(line)])
    spacing, lanes, in_line = rng.uniform(5.5, 16), int(rng.integers(1, 6)), rng.random() < 0.6
    first: NDArray[np.float64] | None = None
    found: list[Body] = []
    for _ in range(_TRIES):
        if len(found) == wanted:
            break
        if first is None or not in_line:
            row = rng.uniform(*_rows(eye, size))
            ahead = eye.focal_px * eye.height_m / max(row - eye.middle[1], 1.0)
            at = np.array([(rng.uniform(0.05, 0.95) * size - eye.middle[0]) * ahead / eye.focal_px, ahead])
            turn = heading if rng.random() < 0.5 else rng.uniform(0, 2 * np.pi)
        else:
            lane = 3.4 * float(rng.integers(-lanes, lanes + 1))
            at = first + spacing * rng.normal(0, 5) * along + lane * along[::-1] * (-1, 1) + rng.normal(0, 0.3, 2)
            turn = heading + rng.normal(0, 0.06) + (np.pi if rng.random() < 0.3 else 0)
        body = Body(float(at[0]), float(at[1]), float(turn), light, rng)
        if _is_in_view(body, eye, size) and all(body.is_clear_of(other) for other in found):
            found.append(body)
            first = at if first is None else first
    return found


def _rows(eye: Eye, size: int) -> tuple[float, float]:
    """Where a car's foot may be: below the horizon, and neither too small nor too large there."""
    per_px = eye.height_m / _LENGTH_M
    low, high = (eye.middle[1] + per_px * length for length in _PIXELS)
    low = min(max(low, 0.02 * size), 0.9 * size)
    return low, max(min(high, 1.1 * size), low + 1)


def _is_in_view(body: Body, eye: Eye, size: int) -> bool:
    if body.ahead_m < 1.3 * body.reach_m + 0.5:
        return False
    x, y = eye.seen(np.array([[body.x_m, 0.8, body.ahead_m]]))[0]
    large = eye.focal_px * _LENGTH_M / body.ahead_m
    return bool(0 < x < size and 0 < y < size and _PIXELS[0] * 0.7 < large < 1.3 * _PIXELS[1])


def _around(points: Polygon) -> Polygon:
    (left, top), (right, low) = points.min(axis=0), points.max(axis=0)
    return np.array([[left, top], [right, top], [right, low], [left, low]])


def _within(points: Polygon, size: int) -> tuple[int, int, int, int]:
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0)) + 1
    left, top, right, bottom = np.clip([*low, *high], 0, size).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _shows(picture: Picture, points: Polygon, was: Picture) -> bool:
    """Whether enough of it is still as it was painted."""
    left, top, right, low = _within(points, len(picture))
    if right - left < 4 or low - top < 4:
        return False
    return bool((picture[top:low, left:right] == was).all(axis=-1).mean() > 1 - _MOST_HIDDEN)
