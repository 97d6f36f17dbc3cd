# SPDX-License-Identifier: Apache-2.0
"""Where a vehicle may be: a polygon on the ground, an altitude band, the range of a joint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.safety.limits import Array

MOST_CORNERS = 64  # each is looked at for each tick of each way to brake


class Fence:
    """A polygon that the vehicle stays inside of, at a distance from its border; it need not be convex."""

    def __init__(self, corners_xy_m: Sequence[float], margin_m: float) -> None:
        """Check the polygon.

        Args:
            corners_xy_m: x0, y0, x1, y1, ... in the frame of the odometry; closed by itself, either way round.
            margin_m: Distance that is kept from the border.

        Raises:
            ConfigError: Odd count, fewer than 3 corners or more than MOST_CORNERS, a doubled one, borders that cross.
        """
        if len(corners_xy_m) % 2 or not 6 <= len(corners_xy_m) <= 2 * MOST_CORNERS:
            raise ConfigError(
                f'fence_xy_m: expected x and y of 3 to {MOST_CORNERS} corners, got {len(corners_xy_m)} numbers.'
            )
        self.margin_m = float(margin_m)
        self.corners = np.array(corners_xy_m, np.float64).reshape(-1, 2)
        self._along = np.roll(self.corners, -1, axis=0) - self.corners
        self._square = (self._along**2).sum(axis=1)
        if (self._square == 0).any():
            corner = self.corners[int(np.argmin(self._square))]
            raise ConfigError(f'fence_xy_m: the corner ({corner[0]:g}, {corner[1]:g}) stands twice in a row.')
        _refuse_crossing(self.corners, self._along)
        self._run_share, self._rise_share = (self._along / self._square[:, None]).T[..., None]

    def clearance(self, points: Array) -> Array:
        """Distance that is left to the margin, m: negative within it or outside.

        Args:
            points: (P, 2).

        Returns:
            (P,).
        """
        x, y = points[:, 0] - self.corners[:, :1], points[:, 1] - self.corners[:, 1:]  # (E, P), from each corner
        run, rise = self._along[:, :1], self._along[:, 1:]
        share = x * self._run_share
        share += y * self._rise_share
        np.maximum(share, 0.0, out=share)
        np.minimum(share, 1.0, out=share)
        away = (x - share * run) ** 2
        away += (y - share * rise) ** 2
        distance = np.sqrt(away.min(axis=0))
        # Even-odd rule: how many borders a ray towards +x crosses.
        passes = (y >= 0) != (y >= rise)
        passes &= (x * rise < y * run) == (rise > 0)
        is_inside = np.logical_xor.reduce(passes, axis=0)
        return np.where(is_inside, distance, -distance) - self.margin_m  # type: ignore[no-any-return]

    def directions(self, point: Array, count: int) -> Array:
        """(C, 2) unit vectors along the nearest borders of a point (2,), C at most `count`."""
        offset = point - self.corners
        share = np.clip((offset * self._along).sum(axis=1) / self._square, 0.0, 1.0)
        away = ((offset - share[:, None] * self._along) ** 2).sum(axis=1)
        nearest = np.argsort(away)[:count]
        units: Array = self._along[nearest] / np.sqrt(self._square[nearest])[:, None]
        return units

    def outside(self, points: Array) -> Array:
        """How far (P, 2) points are beyond what is allowed, m; 0 where they may be."""
        return np.maximum(0.0, -self.clearance(points))

    def outside_from(self, origin: Array, points: Array) -> Array:
        """As `outside`, faster for (P, 2) points around an origin (2,): it looks only at the borders near by.

        Beyond a border the distance to a nearer one that is further from the origin may be overlooked; the result is
        then too large, and always more than the margin.
        """
        offset = origin - self.corners
        share = np.clip((offset * self._along).sum(axis=1) / self._square, 0.0, 1.0)
        away = np.sqrt(((offset - share[:, None] * self._along) ** 2).sum(axis=1))
        reach = float(np.sqrt(((points - origin) ** 2).sum(axis=1).max(initial=0.0)))
        near = np.flatnonzero(away <= reach + self.margin_m)
        if self.clearance(origin[None])[0] + self.margin_m < 0:
            return self.outside(points)
        if not len(near):
            return np.zeros(len(points))
        x, y = points[:, 0] - self.corners[near, :1], points[:, 1] - self.corners[near, 1:]  # (N, P)
        run, rise = self._along[near, :1], self._along[near, 1:]
        share = np.minimum(np.maximum(x * self._run_share[near] + y * self._rise_share[near], 0.0), 1.0)
        distance = np.sqrt(((x - share * run) ** 2 + (y - share * rise) ** 2).min(axis=0))
        # Who crosses an odd number of borders on the way from the origin is outside.
        is_across = (run * y >= rise * x) != (run * offset[near, 1:] >= rise * offset[near, :1])
        to_x, to_y = points[:, 0] - origin[0], points[:, 1] - origin[1]
        begin = to_x * -offset[near, 1:] + to_y * offset[near, :1]  # on which side of the way a border begins
        is_across &= (begin >= 0) != (begin + to_x * rise - to_y * run >= 0)
        is_outside = np.logical_xor.reduce(is_across, axis=0)
        outside: Array = np.maximum(0.0, self.margin_m + np.where(is_outside, distance, -distance))
        return outside

    def grid(self, side: int = 120) -> tuple[Array, float]:
        """Clearance on a grid over the polygon's bounding box, (side * side,), and the area of a cell, m^2."""
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        steps = (np.arange(side) + 0.5) / side
        x, y = np.meshgrid(low[0] + steps * (high - low)[0], low[1] + steps * (high - low)[1])
        return self.clearance(np.stack([x.ravel(), y.ravel()], axis=1)), float(np.prod((high - low) / side))

    @property
    def area_m2(self) -> float:
        """Area of the polygon itself, without the margin."""
        x, y = self.corners.T
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2

    def holds(self, other: Fence) -> bool:
        """True when every place that the other allows is allowed here too."""
        if self.margin_m > other.margin_m or (-self.clearance(other.corners) > self.margin_m + 1e-9).any():
            return False
        for a, d in zip(other.corners, other._along, strict=True):
            if _crossings(a, d, self.corners, self._along).any():
                return False
        # No corner of ours inside of it: it has no part of our outside in its middle.
        return bool((other.clearance(self.corners) + other.margin_m <= 1e-9).all())


def _crossings(start: Array, along: Array, starts: Array, alongs: Array) -> NDArray[np.bool_]:
    """Which of E segments one segment crosses in the inside of both."""

    def side(origin: Array, direction: Array, point: Array) -> Array:
        offset = point - origin
        return direction[..., 0] * offset[..., 1] - direction[..., 1] * offset[..., 0]

    ends = side(start, along, starts) * side(start, along, starts + alongs)
    others = side(starts, alongs, start) * side(starts, alongs, start + along)
    return np.asarray((ends < 0) & (others < 0))


def _refuse_crossing(corners: Array, along: Array) -> None:
    """Refuse a polygon whose borders cross or touch: what is inside of it would be a matter of opinion."""
    count = len(corners)
    for i in range(count):
        crossed = np.flatnonzero(_crossings(corners[i], along[i], corners, along))
        touched = [
            j for j in range(count) if j not in (i, (i + 1) % count) and _touches(corners[i], along[i], corners[j])
        ]
        if len(crossed) or touched:
            other = corners[int(crossed[0]) if len(crossed) else touched[0]]
            raise ConfigError(
                f'fence_xy_m: the border from ({corners[i, 0]:g}, {corners[i, 1]:g}) meets another one near '
                f'({other[0]:g}, {other[1]:g}); give the corners in their order along the border.'
            )


def _touches(start: Array, along: Array, point: Array) -> bool:
    share = float(np.clip(np.dot(point - start, along) / np.dot(along, along), 0.0, 1.0))
    return float(np.linalg.norm(start + share * along - point)) < 1e-6
