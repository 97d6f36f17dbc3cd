# SPDX-License-Identifier: Apache-2.0
"""From matches with anchors, altitude and attitude to a fix of the current camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from waymark.ego_motion.anchors import Anchor, Fix
from waymark.ego_motion.config import EgoMotionConfig
from waymark.ego_motion.ground import (
    BIASES,
    Altitude,
    Equations,
    Floats,
    Pose,
    altitude_equations,
    attitude_equations,
    camera_jacobians,
    equations_of,
    on_ground,
    point_jacobians,
    project,
    seen_at,
)
from waymark.ego_motion.view import Match
from waymark.image.rotation import rotation_rpy

_STEPS = 8
_SMALL = 0.05  # squared standard deviations: the step after such a one is smaller still, and AnchorMap.locate makes it
_HUBER = 2.0  # standard deviations from which a point counts less and less
_CELLS = 6  # per side, in which points may share their error
_FEWEST_CELLS = 8
_EXACT = 1e-6  # m and rad of what is zero by definition: where the flight began


@dataclass(frozen=True, eq=False)
class Sensors:
    """What came with an image.

    Attributes:
        altitude: None: unknown.
        up_base: (3,) unit vector up in the vehicle's frame (from attitude); None: unknown.
    """

    altitude: Altitude | None = None
    up_base: Floats | None = None


class Fixer:
    """Builds fixes for one camera and one set of sensors."""

    def __init__(self, config: EgoMotionConfig) -> None:
        self._config = config
        self.R_base_camera = config.T_base_camera[:3, :3]

    def begin(self, sensors: Sensors, biases: Floats) -> Fix | None:
        """Fix the first camera: above the origin, heading along x; None without altitude."""
        if sensors.altitude is None:
            return None
        R_base = _levelled(sensors.up_base)
        height = sensors.altitude.value_m * (float(R_base[2, 2]) if sensors.altitude.along_beam else 1.0)
        pose = Pose(R_base @ self.R_base_camera, np.array([0.0, 0.0, height]))
        # x, y and heading are zero by definition.
        weights = np.zeros(6)
        weights[[0, 1, 5]] = 1 / _EXACT**2
        known = _placed(Equations(np.diag(weights), np.zeros(6)), BIASES, BIASES + 6)
        return Fix(pose, (), _sum(known, self._sensed(pose, biases, sensors, 0, is_anchor=True)))

    def fix(
        self,
        matches: list[tuple[Anchor, Match]],
        start: Pose,
        K: Floats,
        sensors: Sensors,
        biases: Floats,
    ) -> Fix | None:
        """Fix the current camera against anchors.

        Args:
            matches: Anchors and what of them is seen.
            start: Near the solution.
            K: (3, 3) intrinsics, px.
            sensors: Of this image; the altitude is left to AnchorMap.weigh.
            biases: (3,) as they are held to be.

        Returns:
            The fix; None where the points do not fix it.
        """
        seen = [(a, rays_of(a, m.points_ref), m.points_cur) for a, m in matches]
        ground, pose = [(on_ground(a.pose, rays)[0], points) for a, rays, points in seen], start
        for _ in range(_STEPS):
            about = self._about_current(ground, pose, K, sensors, biases)
            if about is None:
                return None
            step = np.asarray(np.linalg.lstsq(about.N, about.g, rcond=None)[0], np.float64)
            pose = pose.moved(step)
            if float(step @ about.N @ step) < _SMALL:
                break
        equations = self._all(seen, pose, K, sensors, biases)
        if equations is None or pose.p[2] <= 0:
            return None
        return Fix(pose, tuple(a for a, _ in matches), equations)

    def coasted(self, anchor: Anchor, guess: Pose, gap_s: float, sensors: Sensors, biases: Floats) -> Fix:
        """Fix a camera that saw nothing since an anchor: it flew on, more or less."""
        move = 0.5 * self._config.coast_acceleration_m_s2 * gap_s**2 + 0.1
        turn = self._config.coast_turn_rad_s * gap_s + 0.02
        J = np.hstack([-np.eye(6), np.eye(6)])
        weights = np.repeat([1 / move**2, 1 / turn**2], 3)
        moved = _placed(equations_of(J, np.zeros(6), weights), BIASES, BIASES + 12)
        return Fix(guess, (anchor,), _sum(moved, self._sensed(guess, biases, sensors, 1, is_anchor=True)))

    def with_level(self, fix: Fix) -> Fix:
        """Add that vehicles are more or less level: for what becomes an anchor without attitude."""
        size = len(fix.equations.g)
        level = self._level(fix.pose, np.zeros(BIASES))
        extra = _scattered(level, [*range(BIASES), *range(size - 6, size)], size)
        return Fix(fix.pose, fix.near, _sum(fix.equations, extra))

    def _about_current(
        self, ground: list[tuple[Floats, Floats]], pose: Pose, K: Floats, sensors: Sensors, biases: Floats
    ) -> Equations | None:
        """Equations on the current camera alone, the anchors being where they are: ground points (N, 3), seen at px."""
        N, g = np.zeros((6, 6)), np.zeros(6)
        if sensors.up_base is not None:
            told = self._attitude(pose, biases, sensors.up_base)
            N, g = told.N[BIASES:, BIASES:], told.g[BIASES:]
        for points, pixels in ground:
            residual = pixels - seen_at(points, pose, K)
            if not np.isfinite(residual).all():
                return None
            J = camera_jacobians(points, pose, K)[1]
            of_points = equations_of(J.reshape(-1, 6), residual.ravel(), np.repeat(self._weights(residual, pixels), 2))
            N, g = N + of_points.N, g + of_points.g
        return Equations(N, g)

    def _all(
        self,
        seen: list[tuple[Anchor, Floats, Floats]],
        pose: Pose,
        K: Floats,
        sensors: Sensors,
        biases: Floats,
    ) -> Equations | None:
        # The altitude is none of it: the anchors learn from that (AnchorMap.weigh).
        total = self._sensed(pose, biases, Sensors(up_base=sensors.up_base), len(seen))
        size = len(total.g)
        for k, (anchor, rays, points) in enumerate(seen):
            of_points = self._points(anchor.pose, pose, rays, points, K)
            if of_points is None:
                return None
            at = BIASES + 6 * k
            total = _sum(total, _scattered(of_points, [*range(at, at + 6), *range(size - 6, size)], size))
        return total

    def _points(self, anchor: Pose, current: Pose, rays: Floats, points: Floats, K: Floats) -> Equations | None:
        """Equations on (anchor, current)."""
        residual = points - project(anchor, current, rays, K)
        if not np.isfinite(residual).all():
            return None
        J = np.concatenate(point_jacobians(anchor, current, rays, K), axis=2)
        return equations_of(J.reshape(-1, 12), residual.ravel(), np.repeat(self._weights(residual, points), 2))

    def _weights(self, residual: Floats, points: Floats) -> Floats:
        """1 / variance (N,) of residuals (N, 2) px at points (N, 2) px."""
        distance = np.linalg.norm(residual, axis=1)
        # The median distance of two normal errors is 1.1774 standard deviations.
        sigma = max(float(np.median(distance)) / 1.1774, self._config.match_noise_px)
        weight = np.minimum(1.0, _HUBER * sigma / np.maximum(distance, 1e-12)) / sigma**2
        return np.asarray(weight / shared_error(residual * np.sqrt(weight)[:, None], points), np.float64)

    def _attitude(self, pose: Pose, biases: Floats, up_base: Floats) -> Equations:
        """Equations of attitude on (biases, current)."""
        sigma = math.radians(self._config.attitude_noise_deg)
        return attitude_equations(pose.R @ self.R_base_camera.T, biases, up_base, sigma)

    def _sensed(self, pose: Pose, biases: Floats, sensors: Sensors, anchors: int, is_anchor: bool = False) -> Equations:
        """Equations of altitude and attitude on (biases, anchors, current)."""
        config, R_base = self._config, pose.R @ self.R_base_camera.T
        size = BIASES + 6 * anchors + 6
        at = [*range(BIASES), *range(size - 6, size)]
        total = Equations(np.zeros((size, size)), np.zeros(size))
        if sensors.altitude is not None:
            told = altitude_equations(pose, R_base, biases, sensors.altitude, config.range_noise)
            total = _sum(total, _scattered(told, at, size))
        if sensors.up_base is not None:
            total = _sum(total, _scattered(self._attitude(pose, biases, sensors.up_base), at, size))
        elif is_anchor:
            total = _sum(total, _scattered(self._level(pose, np.zeros(BIASES)), at, size))
        return total

    def _level(self, pose: Pose, no_biases: Floats) -> Equations:
        """That the vehicle is level; the sensor's errors have no part in it."""
        sigma = math.radians(self._config.level_sigma_deg)
        up = np.array([0.0, 0.0, 1.0])
        told = attitude_equations(pose.R @ self.R_base_camera.T, no_biases, up, sigma)
        N, g = told.N.copy(), told.g.copy()
        N[:BIASES], N[:, :BIASES], g[:BIASES] = 0.0, 0.0, 0.0
        return Equations(N, g)


def shared_error(residual: Floats, points: Floats) -> float:
    """How many points are worth one, because neighbours err alike.

    Windows overlap, pictures are blurred, and ground is not quite flat: then the mean of a cell's residuals varies more
    than single ones would let it. Six numbers were fitted to the residuals, three for each coordinate.

    Args:
        residual: (N, 2) in standard deviations.
        points: (N, 2) px, where.

    Returns:
        1 for independent errors, more for shared ones; 3 where there are too few points to tell.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    column, row = (np.minimum((points - low) / np.maximum(high - low, 1e-9) * _CELLS, _CELLS - 1)).astype(np.intp).T
    cell = row * _CELLS + column
    count = np.bincount(cell, minlength=_CELLS**2)
    crowded = count >= 2
    if np.count_nonzero(crowded) < _FEWEST_CELLS:
        return 3.0
    sums = np.stack([np.bincount(cell, residual[:, k], minlength=_CELLS**2) for k in (0, 1)], axis=1)[crowded]
    between = float((sums**2 / count[crowded, None]).sum()) / (2 * (np.count_nonzero(crowded) - 3))
    return float(np.clip(between, 1.0, 20.0))


def rays_of(anchor: Anchor, points: Floats) -> Floats:
    """Rays (N, 3), z = 1, of an anchor's undistorted pixels (N, 2).

    Raises:
        ValueError: The anchor has no view of a calibrated camera.
    """
    if anchor.view is None or anchor.view.camera is None:
        raise ValueError(f'anchor {anchor.number} has no calibrated view')
    return np.asarray(np.c_[points, np.ones(len(points))] @ np.linalg.inv(anchor.view.camera.K).T)


def _levelled(up_base: Floats | None) -> Floats:
    """R_odom_base (3, 3) of a vehicle with this direction of up that heads along odom's x."""
    if up_base is None:
        return np.eye(3)
    pitch = math.asin(float(np.clip(-up_base[0], -1.0, 1.0)))
    roll = math.atan2(float(up_base[1]), float(up_base[2]))
    return rotation_rpy(roll, pitch, 0.0)


def _scattered(part: Equations, at: list[int], size: int) -> Equations:
    N, g = np.zeros((size, size)), np.zeros(size)
    N[np.ix_(at, at)], g[at] = part.N, part.g
    return Equations(N, g)


def _placed(part: Equations, begin: int, size: int) -> Equations:
    return _scattered(part, list(range(begin, begin + len(part.g))), size)


def _sum(a: Equations, b: Equations) -> Equations:
    return Equations(a.N + b.N, a.g + b.g)
