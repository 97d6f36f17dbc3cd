# SPDX-License-Identifier: Apache-2.0
"""A scripted expert without a memory: what it does depends on nothing but what is seen, so that it can be learned.

It knows a table of pushes and what each does to the T, in the T's own frame; at every step it takes the one that
brings the T nearest to its mark for the way there, and goes on towards it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark_sim.pusht.expert import CORNERS, placed, straight
from waymark_sim.pusht.world import DISC_PX, SIDE_PX, PushTrial, Seen, Vector

_MIDDLE = np.array([0.0, 45.0])
_RING_PX = 120.0
_CLEAR_PX = 6.0
_TOUCH_PX = DISC_PX + 3.0  # nearer to the T than this, a way is not free
_AT_START_PX = 11.0
_WALL_PX = DISC_PX + 8.0
_TRAVEL_COST = 0.0008  # per px: a way of 100 px is worth 8 % of what is left to do
_ASKEW_COST = 0.05
_STRIDE_PX = 60.0
_PUSH_PX = 20.0
_TURN_RAD = 0.5
_NARROW_PX = 98.0
_RING_STEPS = 32
_RING_STEP = 2 * math.pi / _RING_STEPS
_BLOCKED_PX = 300.0
_DONE_PX = 2.0
_LOYAL_COST = 0.1


@dataclass(frozen=True, eq=False)
class PushTable:
    """Pushes and what they do, in the frame of the T before the push.

    Attributes:
        starts_px: (N, 2) where the disc begins.
        ends_px: (N, 2) where it ends.
        moved: (N, 3) the T's pose afterwards: x, y in px, angle in rad.
        askew_rad: (N,) angle between a push and the edge's normal.
    """

    starts_px: Vector
    ends_px: Vector
    moved: Vector
    askew_rad: Vector

    @classmethod
    def tried(cls, count: int = 1500, seed: int = 0) -> PushTable:
        """Try random pushes, half of them short."""
        rng, trial = np.random.default_rng(seed), PushTrial()
        middle = np.array([256.0, 256.0, 0.0])
        rows: list[tuple[Vector, Vector, Vector, float]] = []
        while len(rows) < count:
            start, end, askew = _some_push(rng, short=len(rows) % 2 == 0)
            if clearance_px(start[None], CORNERS)[0] < _TOUCH_PX:
                continue  # in the corner between the bars
            moved = trial.push(middle, straight(start + middle[:2], end + middle[:2])) - middle
            if np.abs(moved).max() > 0.05:
                rows.append((start, end, moved, askew))
        starts, ends, moved_all, askews = (np.array(column) for column in zip(*rows, strict=True))
        return cls(starts, ends, moved_all, askews)


class ServoExpert:
    """Gives the next place of the disc for what is seen, of itself and nothing before."""

    def __init__(self, mark: Vector, table: PushTable) -> None:
        """Take a table.

        Args:
            mark: (3,) where the T belongs.
            table: What pushes do.
        """
        self._mark, self._table = placed(mark), table
        self._last: int | None = None

    def act(self, seen: Seen) -> Vector:
        """The next place, (2,) px."""
        disc, tee, table = seen.disc_px, seen.tee, self._table
        R = _rotation(tee[2])
        starts, ends = table.starts_px @ R.T + tee[:2], table.ends_px @ R.T + tee[:2]
        travel, sides = _travel_px(disc, starts, tee)
        cost = self._costs(tee, starts, ends) + _TRAVEL_COST * travel
        cost[np.linalg.norm(ends - disc, axis=1) < _DONE_PX] = np.inf  # it was made, whatever came of it
        if self._last is not None:
            cost[self._last] -= _LOYAL_COST  # or it would turn back and forth between two that are nearly as good
        best = self._last = int(np.argmin(cost))
        start, end = starts[best], ends[best]
        if np.linalg.norm(disc - start) < _AT_START_PX or _is_beyond(disc, start, end):
            return towards(disc, end, _PUSH_PX)
        if _is_free(disc, start, placed(tee)):
            return towards(disc, start, _STRIDE_PX)
        return _around(disc, start, tee, float(sides[best]))

    def _costs(self, tee: Vector, starts: Vector, ends: Vector) -> Vector:
        table = self._table
        error = float(np.linalg.norm(placed(tee) - self._mark, axis=1).mean()) + 1e-6
        R = _rotation(tee[2])
        at = table.moved[:, :2] @ R.T + tee[:2]
        cos, sin = np.cos(tee[2] + table.moved[:, 2]), np.sin(tee[2] + table.moved[:, 2])
        x = at[:, :1] + cos[:, None] * CORNERS[:, 0] - sin[:, None] * CORNERS[:, 1]
        y = at[:, 1:] + sin[:, None] * CORNERS[:, 0] + cos[:, None] * CORNERS[:, 1]
        left = np.hypot(x - self._mark[:, 0], y - self._mark[:, 1]).mean(axis=1) / error
        inside = (np.minimum(starts, ends).min(axis=1) > _WALL_PX) & (
            np.maximum(starts, ends).max(axis=1) < SIDE_PX - _WALL_PX
        )
        cost = left + _ASKEW_COST * np.abs(table.askew_rad)
        return np.asarray(np.where(inside, cost, np.inf))


def clearance_px(points: Vector, corners: Vector) -> Vector:
    """Distance of points (N, 2) from the outline of a polygon (M, 2), px."""
    a, b = corners, np.roll(corners, -1, axis=0)
    along = b - a
    share = np.clip(((points[:, None] - a) * along).sum(-1) / (along**2).sum(-1), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points[:, None] - (a + share[..., None] * along), axis=-1).min(axis=1))


def towards(disc: Vector, place: Vector, stride_px: float) -> Vector:
    """A place on the way from the disc, at most a stride away."""
    way = place - disc
    return np.asarray(disc + way * min(1.0, stride_px / (float(np.linalg.norm(way)) + 1e-9)))


def _some_push(rng: np.random.Generator, short: bool) -> tuple[Vector, Vector, float]:
    edge = int(rng.integers(8))
    a, b = CORNERS[edge], CORNERS[(edge + 1) % 8]
    along = (b - a) / np.linalg.norm(b - a)
    outward = np.array([along[1], -along[0]])
    start = a + rng.uniform(0.05, 0.95) * (b - a) + outward * (DISC_PX + _CLEAR_PX)
    askew = float(rng.uniform(-0.6, 0.6))
    length = _CLEAR_PX + float(rng.uniform(0.3, 15.0) if short else rng.uniform(10.0, 130.0))
    return start, start + _rotation(askew) @ -outward * length, askew


def _rotation(angle: float) -> NDArray[np.float64]:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _is_beyond(disc: Vector, start: Vector, end: Vector) -> bool:
    """Whether the disc is on a push already: near its line, behind its start."""
    way = end - start
    length = float(np.linalg.norm(way))
    off = disc - start
    along, across = float(off @ way) / length, float(way[0] * off[1] - way[1] * off[0]) / length
    return 0 <= along <= length and abs(across) < 5.0 and along < 2 * _CLEAR_PX


def _is_free(disc: Vector, start: Vector, corners: Vector) -> bool:
    """Whether the straight way touches the T nowhere, but for leaving it."""
    points = disc + np.linspace(0.0, 1.0, 12)[:, None] * (start - disc)
    room = clearance_px(points, corners)
    return bool((room >= min(_TOUCH_PX, room[0] + 0.5)).all() if room[0] < _TOUCH_PX else (room >= _TOUCH_PX).all())


def _travel_px(disc: Vector, starts: Vector, tee: Vector) -> tuple[Vector, Vector]:
    """Length of the ways to starts (N, 2), and which way around the T (1 or -1): walls may leave only one."""
    middle = _rotation(tee[2]) @ _MIDDLE + tee[:2]
    a, b = disc - middle, starts - middle
    at = math.atan2(a[1], a[0])
    turn = (np.arctan2(b[:, 1], b[:, 0]) - at) % (2 * math.pi)
    angles = at + _RING_STEP * np.arange(_RING_STEPS)
    ring = middle + _NARROW_PX * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    blocked = (ring.min(axis=1) < DISC_PX) | (ring.max(axis=1) > SIDE_PX - DISC_PX)
    up, down = np.cumsum(blocked), np.cumsum(np.roll(blocked[::-1], 1))
    steps = (turn / _RING_STEP).astype(int)
    left = _RING_PX * turn + _BLOCKED_PX * up[steps % _RING_STEPS]
    right = _RING_PX * (2 * math.pi - turn) + _BLOCKED_PX * down[(_RING_STEPS - 1 - steps) % _RING_STEPS]
    straight_px = np.linalg.norm(starts - disc, axis=1)
    around = np.maximum(straight_px, np.minimum(left, right))
    return np.where(straight_px < 2 * _AT_START_PX, straight_px, around), np.where(left < right, 1.0, -1.0)


def _around(disc: Vector, start: Vector, tee: Vector, side: float) -> Vector:
    """Out to a ring around the T, then along it, towards a start that is not in sight."""
    middle = _rotation(tee[2]) @ _MIDDLE + tee[:2]
    a, b = disc - middle, start - middle
    at = math.atan2(a[1], a[0])
    turn = side * (math.atan2(b[1], b[0]) - at) % (2 * math.pi)
    if float(np.linalg.norm(a)) >= _NARROW_PX or _is_at_wall(disc):
        at += side * min(turn, _TURN_RAD)
    place = middle + _RING_PX * np.array([math.cos(at), math.sin(at)])
    return np.clip(towards(disc, place, _STRIDE_PX), _WALL_PX, SIDE_PX - _WALL_PX)


def _is_at_wall(disc: Vector) -> bool:
    return bool((disc < _WALL_PX + 8).any() or (disc > SIDE_PX - _WALL_PX - 8).any())
