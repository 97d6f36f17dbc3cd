# SPDX-License-Identifier: Apache-2.0
"""Traffic as a drone sees it, as geometry: lanes with curves, a roundabout, a bridge, trees, parked rows; exact boxes.

No picture is drawn: for what follows boxes their exact places and how much of them shows is what counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.boxes import from_corners
from waymark.image.rotation import rotation_of
from waymark_sim.ortho import R_BASE_CAMERA
from waymark_sim.route import ClosedCurve, Deviation, Route

Floats = NDArray[np.float64]

BODIES_M = (4.5, 1.85), (5.6, 2.1), (9.0, 2.5), (2.4, 2.2)  # car, van, truck, and a trailer that is nearly square
BODY_SHARES = 0.66, 0.18, 0.11, 0.05
LANE_M = 3.4
_GRID = np.stack(np.meshgrid(np.linspace(-0.45, 0.45, 9), np.linspace(-0.45, 0.45, 5)), axis=-1).reshape(-1, 2)
_CORNERS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
_CLEAR_M = 7.0  # between middles of what is parked and lanes or other rows


@dataclass(frozen=True)
class RoadPlan:
    """What a flight over traffic is like.

    Attributes:
        seed: Of all that is drawn.
        headway_m: Mean distance from middle to middle in a lane.
        parked_pitch_m: Distance of neighbours in parked rows.
        trees: How many stand along the roads.
        altitude_m: Above ground.
        gust_rad: Quick movements of the camera, standard deviation of roll, pitch and yaw.
        size_wh: Of the image, px.
        fov_rad: Vertical.
    """

    seed: int
    headway_m: float = 12.0
    parked_pitch_m: float = 2.7
    trees: int = 40
    altitude_m: float = 60.0
    gust_rad: float = math.radians(0.5)
    size_wh: tuple[int, int] = (1280, 720)
    fov_rad: float = math.radians(50.0)


@dataclass(frozen=True, eq=False)
class Sight:
    """What of the traffic is in one image.

    Attributes:
        ids: (N,) of the vehicles that are in the image with at least a part that nothing hides.
        boxes: (N, 5) their whole boxes, px and rad, canonical.
        visible: (N,) share of each that is in the image and not hidden.
        seen: (N, 5) boxes of the parts that show.
        H_image_from_ground: (3, 3) from m to px.
    """

    ids: NDArray[np.int64]
    boxes: Floats
    visible: Floats
    seen: Floats
    H_image_from_ground: Floats


class Roads:
    """A scene and a flight over it."""

    def __init__(self, plan: RoadPlan) -> None:
        """Draw roads, vehicles, trees and the flight."""
        self.plan = plan
        rng = np.random.default_rng((plan.seed, 7))
        lanes = _lanes(rng)
        self._moving = [_traffic(rng, path, speed, plan.headway_m) for path, speed in lanes]
        self._parked = _parked(rng, plan.parked_pitch_m, np.concatenate([path for path, _ in lanes]))
        bodies = rng.choice(len(BODIES_M), self.count, p=BODY_SHARES)
        self._sizes = np.asarray(BODIES_M)[bodies] * rng.uniform(0.93, 1.07, (self.count, 1))
        self._bridge = np.arange(len(lanes)) >= len(lanes) - 2  # the last road passes over all others
        self._over = np.repeat([*self._bridge, False], [len(m.starts) for m in self._moving] + [len(self._parked)])
        self._bridge_line = lanes[-1][0][[0, -1]]
        self._trees = _trees(rng, [p for p, _ in lanes], plan.trees)
        focal = plan.size_wh[1] / 2 / math.tan(plan.fov_rad / 2)
        self._K = np.array(
            [[focal, 0, (plan.size_wh[0] - 1) / 2], [0, focal, (plan.size_wh[1] - 1) / 2], [0.0, 0.0, 1.0]]
        )
        ring = np.linspace(0, 2 * np.pi, 9, endpoint=False) + rng.uniform(0, 2 * np.pi)
        curve = ClosedCurve(rng.uniform(18, 40, (9, 1)) * np.column_stack([np.cos(ring), np.sin(ring)]))
        self._route = Route(
            curve, plan.altitude_m, curve.length_m / rng.uniform(3, 9), Deviation(2.0, 1.5, math.radians(3)), plan.seed
        )

    @property
    def count(self) -> int:
        """How many vehicles there are."""
        return sum(len(m.starts) for m in self._moving) + len(self._parked)

    def sight(self, index: int, rate_hz: float) -> Sight:
        """What image `index` of a flight shows.

        Args:
            index: From 0 up; the same image is the same whatever was asked before.
            rate_hz: Images per second.
        """
        t_s, H = index / rate_hz, self._homography(index, rate_hz)
        poses = np.concatenate([*(m.poses(t_s) for m in self._moving), self._parked])
        forward = np.column_stack([np.cos(poses[:, 2]), np.sin(poses[:, 2])])
        left = np.column_stack([-forward[:, 1], forward[:, 0]])
        points = self._points(poses, forward, left, _GRID)
        ground = points.reshape(-1, 2)
        shows = self._in_image(ground, H) & ~self._hidden(ground, np.repeat(self._over, len(_GRID)))
        shows = shows.reshape(len(poses), len(_GRID))
        which = np.flatnonzero(shows.any(axis=1))
        outline = self._points(poses, forward, left, _CORNERS)
        boxes = from_corners(_projected(outline[which].reshape(-1, 2), H).reshape(-1, 4, 2))
        parts = np.array([_extent(_GRID[shows[k]]) for k in which]).reshape(-1, 4, 2)
        at = poses[which, None, :2] + _along(parts, self._sizes[which], forward[which], left[which])
        seen = from_corners(_projected(at.reshape(-1, 2), H).reshape(-1, 4, 2))
        return Sight(which.astype(np.int64), boxes, shows[which].mean(axis=1), seen, H)

    def _points(self, poses: Floats, forward: Floats, left: Floats, shares: Floats) -> Floats:
        places = np.broadcast_to(shares, (len(poses), *shares.shape))
        return np.asarray(poses[:, None, :2] + _along(places, self._sizes, forward, left))

    def _in_image(self, ground: Floats, H: Floats) -> NDArray[np.bool_]:
        at = _projected(ground, H)
        return np.asarray(((at >= -0.5) & (at <= np.array(self.plan.size_wh) - 0.5)).all(axis=1))

    def _hidden(self, ground: Floats, is_over: NDArray[np.bool_]) -> NDArray[np.bool_]:
        first, last = self._bridge_line
        along = (last - first) / np.linalg.norm(last - first)
        across = (ground - first) @ np.array([-along[1], along[0]])
        below = (np.abs(across + LANE_M / 2) < LANE_M + 1) & ~is_over
        apart = np.linalg.norm(ground[:, None] - self._trees[None, :, :2], axis=2)
        return np.asarray(below | (apart < self._trees[:, 2]).any(axis=1))

    def _homography(self, index: int, rate_hz: float) -> Floats:
        T = self._route.pose(index / rate_hz)
        gust = np.random.default_rng((self.plan.seed, 11, index)).normal(0, self.plan.gust_rad, 3)
        R = T[:3, :3] @ rotation_of(gust) @ R_BASE_CAMERA
        H = self._K @ np.column_stack([R.T[:, 0], R.T[:, 1], -R.T @ T[:3, 3]])
        return np.asarray(H / H[2, 2])


@dataclass(frozen=True, eq=False)
class _Lane:
    """Vehicles that follow a path one behind the other; at its end they begin anew."""

    path: Floats
    starts: Floats
    speed_m_s: float
    wave: tuple[float, float]  # m, rad/s: the queue stretches and shrinks

    def poses(self, t_s: float) -> Floats:
        """(N, 3) x, y in m, heading in rad."""
        steps = np.linalg.norm(np.diff(self.path, axis=0), axis=1)
        lengths = np.r_[0.0, np.cumsum(steps)]
        size, rate = self.wave
        s = np.mod(self.starts + self.speed_m_s * t_s + size * math.sin(rate * t_s), lengths[-1])
        near = [np.column_stack([np.interp(s + d, lengths, self.path[:, k]) for k in (0, 1)]) for d in (-0.4, 0, 0.4)]
        ahead = near[2] - near[0]
        return np.column_stack([near[1], np.arctan2(ahead[:, 1], ahead[:, 0])])


def _lanes(rng: np.random.Generator) -> list[tuple[Floats, float]]:
    """Paths (M, 2) in m and their speeds: a winding road, a roundabout, and a straight road over a bridge."""
    turn = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-140, 140, 561)
    bend = rng.uniform(8, 16) * np.sin(x / rng.uniform(14, 24) + rng.uniform(0, 6))
    middle = np.column_stack([x, bend]) @ _turned(turn).T
    speeds = rng.uniform(7, 13, 2)
    lanes = [(_beside(middle, k * LANE_M), speeds[0]) for k in (-1.5, -0.5)]
    lanes += [(_beside(middle, k * LANE_M)[::-1], speeds[1]) for k in (0.5, 1.5)]
    centre = _turned(turn + np.pi / 2) @ [rng.uniform(34, 44), 0]
    angle = np.linspace(0, 2 * np.pi, 181)
    for radius in (9.0, 9.0 + LANE_M):
        circle = centre + radius * np.column_stack([np.cos(angle), np.sin(angle)])
        lanes.append((circle, rng.uniform(4.5, 6.5)))
    straight = np.column_stack([x, np.zeros_like(x)]) @ _turned(turn + rng.uniform(0.8, 1.4)).T
    speed = rng.uniform(8, 15)
    return [*lanes, (straight, speed), (_beside(straight, -LANE_M)[::-1], speed)]


def _traffic(rng: np.random.Generator, path: Floats, speed: float, headway_m: float) -> _Lane:
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    gaps = 10.5 + rng.exponential(max(headway_m - 10.5, 0.1), int(length / headway_m) + 1)
    starts = np.cumsum(gaps)
    starts = starts[starts < length - 10.5]
    return _Lane(path, starts, speed, (float(rng.uniform(0.5, 2.5)), float(rng.uniform(0.2, 0.6))))


def _parked(rng: np.random.Generator, pitch_m: float, taken: Floats) -> Floats:
    """(N, 3) five rows of slanted vehicles, with gaps, clear of points (M, 2) that are taken."""
    rows: list[Floats] = []
    for _ in range(60):
        where, along, slant = rng.uniform(-60, 60, 2), rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.57)
        steps = np.arange(12)[rng.random(12) < 0.85] * pitch_m / math.sin(slant)
        places = where + steps[:, None] * [math.cos(along), math.sin(along)]
        apart = np.linalg.norm(places[:, None] - taken[None], axis=2)
        if len(rows) < 5 and len(places) and apart.min() > _CLEAR_M:
            rows.append(np.column_stack([places, np.full(len(places), along + slant)]))
            taken = np.concatenate([taken, places])
    return np.concatenate(rows) if rows else np.empty((0, 3))


def _trees(rng: np.random.Generator, paths: list[Floats], count: int) -> Floats:
    """(N, 3) x, y, radius in m."""
    points = np.concatenate(paths)
    places = points[rng.integers(0, len(points), count)] + rng.normal(0, 5, (count, 2))
    return np.column_stack([places, rng.uniform(1.2, 3.2, count)])


def _beside(path: Floats, offset_m: float) -> Floats:
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    return np.asarray(path + offset_m * np.column_stack([-ahead[:, 1], ahead[:, 0]]))


def _turned(angle: float) -> Floats:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]])


def _along(shares: Floats, sizes: Floats, forward: Floats, left: Floats) -> Floats:
    """(N, M, 2) shares of length and width as metres from the middle."""
    lengths = shares * sizes[:, None]
    return np.asarray(lengths[..., :1] * forward[:, None] + lengths[..., 1:] * left[:, None])


def _extent(points: Floats) -> Floats:
    """(4, 2) corners around the points of the grid that show, the cells they stand for included."""
    low, high = points.min(axis=0) / 0.9, points.max(axis=0) / 0.9
    return np.array([low, (high[0], low[1]), high, (low[0], high[1])])


def _projected(ground: Floats, H: Floats) -> Floats:
    at = np.column_stack([ground, np.ones(len(ground))]) @ H.T
    return np.asarray(at[:, :2] / at[:, 2:])
