# SPDX-License-Identifier: Apache-2.0
"""A scripted expert: tries pushes in a world of its own and makes the one that brings the T nearest to its mark."""

from __future__ import annotations

import math

import numpy as np

from waymark_sim.pusht.world import DISC_PX, SIDE_PX, PushTrial, Seen, Vector

# The T in its own frame, px, in order around it: gym-pusht's two bars.
CORNERS = np.array([(-60, 0), (60, 0), (60, 30), (15, 30), (15, 120), (-15, 120), (-15, 30), (-60, 30)], np.float64)
_MIDDLE = np.array([0.0, 45.0])
_AROUND_PX = 120.0
_STEP_PX = 12.0
_SETTLE = 3
_CLEAR_PX = 6.0


class PushExpert:
    """Gives the next place of the disc for what is seen; keeps a queue of places between pushes."""

    def __init__(self, mark: Vector, seed: int = 0, tries: int = 40) -> None:
        """Begin an episode.

        Args:
            mark: (3,) where the T belongs.
            seed: Decides which pushes are tried.
            tries: Pushes tried before one is made.
        """
        self._mark, self._tries = placed(mark), tries
        self._rng = np.random.default_rng(seed)
        self._trial = PushTrial()
        self._queue: list[Vector] = []

    def act(self, seen: Seen) -> Vector:
        """The next place, (2,) px."""
        if not self._queue:
            path = self._best_push(seen.tee)
            self._queue = [*way_around(seen.disc_px, path[0], seen.tee), *path[1:]]
        return self._queue.pop(0)

    def _best_push(self, tee: Vector) -> Vector:
        error = distance_px(tee, self._mark)
        best, best_cost = None, math.inf
        for _ in range(self._tries):
            path = self._some_push(tee, error)
            cost = distance_px(self._trial.push(tee, path), self._mark)
            if cost < best_cost:
                best, best_cost = path, cost
        assert best is not None
        return best

    def _some_push(self, tee: Vector, error_px: float) -> Vector:
        """From a place beside an edge through it, somewhat askew; short where little is left to do."""
        corners = placed(tee)
        edge = int(self._rng.integers(8))
        a, b = corners[edge], corners[(edge + 1) % 8]
        along = (b - a) / np.linalg.norm(b - a)
        outward = np.array([along[1], -along[0]])
        at = a + self._rng.uniform(0.05, 0.95) * (b - a)
        start = np.clip(at + outward * (DISC_PX + _CLEAR_PX), DISC_PX + 8, SIDE_PX - DISC_PX - 8)
        turn = self._rng.uniform(-0.6, 0.6)
        cos, sin = math.cos(turn), math.sin(turn)
        forward = np.array([[cos, -sin], [sin, cos]]) @ -outward
        length = _CLEAR_PX + self._rng.uniform(0.5, 1.5 * min(error_px, 90.0) + 2.0)
        end = np.clip(start + forward * length, DISC_PX + 8, SIDE_PX - DISC_PX - 8)
        return straight(start, end)


def placed(tee: Vector) -> Vector:
    """The corners of a T, (8, 2) px."""
    cos, sin = math.cos(tee[2]), math.sin(tee[2])
    return CORNERS @ np.array([[cos, sin], [-sin, cos]]) + tee[:2]


def distance_px(tee: Vector, corners: Vector) -> float:
    """Mean distance of the corners of a T from where they belong."""
    return float(np.linalg.norm(placed(tee) - corners, axis=1).mean())


def straight(start: Vector, end: Vector) -> Vector:
    """Places from start to end, (N, 2), the last repeated until the disc has come to rest."""
    count = max(1, math.ceil(float(np.linalg.norm(end - start)) / _STEP_PX))
    path = start + np.linspace(0.0, 1.0, count + 1)[:, None] * (end - start)
    return np.vstack([path, np.repeat(path[-1:], _SETTLE, axis=0)])


def way_around(disc_px: Vector, start: Vector, tee: Vector) -> list[Vector]:
    """Places that lead the disc around the T to where a push begins."""
    cos, sin = math.cos(tee[2]), math.sin(tee[2])
    middle = np.array([[cos, -sin], [sin, cos]]) @ _MIDDLE + tee[:2]
    angles = [math.atan2(*(p - middle)[::-1]) for p in (disc_px, start)]
    turn = (angles[1] - angles[0] + math.pi) % (2 * math.pi) - math.pi
    radius = _AROUND_PX
    if abs(turn) < 0.15:
        arc = [angles[1]]
    else:
        arc = list(angles[0] + np.linspace(0.0, 1.0, max(2, math.ceil(abs(turn) / 0.3))) * turn)
    ring = [middle + radius * np.array([math.cos(a), math.sin(a)]) for a in arc]
    inside = [np.clip(p, DISC_PX + 8, SIDE_PX - DISC_PX - 8) for p in ring]
    return [*inside, *([inside[-1]] * 2), *straight(inside[-1], start)[1:]]
