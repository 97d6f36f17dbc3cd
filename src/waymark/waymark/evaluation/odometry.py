# SPDX-License-Identifier: Apache-2.0
"""`waymark eval odometry`: how far ego-motion drifts, and whether it knows.

Odometry begins where its first pose is: truth is moved there (x, y and heading; of a recording z too, for nobody knows
what its truth's z begins at). Errors are those of every image with a pose, in that frame.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waymark.ego_motion import Altitude, EgoMotion, EgoMotionConfig
from waymark.image.camera import CameraModel
from waymark.image.rotation import rotation_of, yaw_of
from waymark.types import Frame

Floats = NDArray[np.float64]
DOF = 3  # NEES is that of the position


@dataclass(frozen=True, eq=False)
class OdometryStep:
    """One image of a flight.

    Attributes:
        frame: The image.
        camera: Its calibration.
        altitude: Measured with it.
        R_world_base: (3, 3) measured attitude.
        T_world_base: (4, 4) true pose; None: unknown.
    """

    frame: Frame
    camera: CameraModel | None
    altitude: Altitude | None
    R_world_base: Floats | None
    T_world_base: Floats | None


@dataclass(eq=False)
class FlightRecord:
    """What came of one flight; lists have an entry for each image with a pose and a truth.

    Attributes:
        stamps_s, positions_m (odom), truths_m (odom), yaw_errors_rad, nees: Of those.
        bounds_m: 95 % of errors are to be below, by the covariance.
        ms: Per image, of all.
        images: How many there were.
        distance_m: Flown, by truth.
        reasons: Why images had no pose, and how many.
        anchors, reused: At the end.
    """

    stamps_s: list[float] = field(default_factory=list)
    positions_m: list[Floats] = field(default_factory=list)
    truths_m: list[Floats] = field(default_factory=list)
    yaw_errors_rad: list[float] = field(default_factory=list)
    nees: list[float] = field(default_factory=list)
    bounds_m: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    images: int = 0
    distance_m: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)
    anchors: int = 0
    reused: int = 0

    @property
    def errors_m(self) -> Floats:
        """(N,) distance from the truth."""
        return np.asarray(np.linalg.norm(np.array(self.positions_m) - np.array(self.truths_m), axis=1), np.float64)


def fly(steps: Iterable[OdometryStep], config: EgoMotionConfig, z_is_relative: bool) -> FlightRecord:
    """Run ego-motion over a flight.

    Args:
        steps: Its images.
        config: Of ego-motion.
        z_is_relative: Whether the truth's z begins somewhere else than at the ground.
    """
    record, ego = FlightRecord(), EgoMotion(config)
    T_odom_world: Floats | None = None
    last: Floats | None = None
    for step in steps:
        step.frame.gray  # noqa: B018 - converted before the clock runs: nodes share it
        began = time.perf_counter()
        state = ego.observe(step.frame, step.camera, step.altitude, step.R_world_base)
        record.ms.append(1000 * (time.perf_counter() - began))
        record.images += 1
        truth = step.T_world_base
        if truth is not None:
            record.distance_m += 0.0 if last is None else float(np.linalg.norm(truth[:3, 3] - last))
            last = truth[:3, 3]
        if state.T_odom_base is None or state.covariance is None:
            record.reasons[state.reason] = record.reasons.get(state.reason, 0) + 1
            continue
        if truth is None:
            continue
        if T_odom_world is None:
            T_odom_world = _aligned(state.T_odom_base, truth, z_is_relative)
        _note(record, state.T_odom_base, state.covariance, T_odom_world @ truth, step.frame.header.stamp_s)
    record.anchors, record.reused = len(ego.odometry.map.anchors), ego.odometry.reused
    return record


def _aligned(T_odom_base: Floats, T_world_base: Floats, z_is_relative: bool) -> Floats:
    """T_odom_world (4, 4): heading and place of the first pose."""
    T = np.eye(4)
    turn = yaw_of(T_odom_base[:3, :3]) - yaw_of(T_world_base[:3, :3])
    T[:3, :3] = rotation_of(np.array([0.0, 0.0, turn]))
    T[:3, 3] = T_odom_base[:3, 3] - T[:3, :3] @ T_world_base[:3, 3]
    if not z_is_relative:
        T[2, 3] = 0.0
    return T


def _note(record: FlightRecord, T: Floats, covariance: Floats, truth: Floats, stamp_s: float) -> None:
    error = T[:3, 3] - truth[:3, 3]
    turn = yaw_of(T[:3, :3]) - yaw_of(truth[:3, :3])
    record.stamps_s.append(stamp_s)
    record.positions_m.append(T[:3, 3].copy())
    record.truths_m.append(truth[:3, 3].copy())
    record.yaw_errors_rad.append(float(np.arctan2(np.sin(turn), np.cos(turn))))
    record.bounds_m.append(_bound(covariance[:3, :3]))
    record.nees.append(float(error @ np.linalg.solve(covariance[:3, :3] + 1e-12 * np.eye(3), error)))


def _bound(covariance: Floats) -> float:
    """Length below which 95 % of normal errors (3,) stay; Patnaik's chi-squared by mean and variance of the square."""
    mean, square = float(np.trace(covariance)), float(np.trace(covariance @ covariance))
    if mean <= 0:
        return 0.0
    n = mean**2 / square  # degrees of freedom, 1 to 3
    quantile = n * (1 - 2 / (9 * n) + 1.644854 * np.sqrt(2 / (9 * n))) ** 3  # Wilson and Hilferty
    return float(np.sqrt(square / mean * quantile))


def figures(records: list[FlightRecord]) -> dict[str, float]:
    """Figures of some flights, as JSON holds them.

    drift_percent: the largest position error of a flight over the distance flown until its end, mean of all flights;
    drift_percent_worst: of the worst flight; end_drift_percent: the error at the end, mean. flights_lost: flights with
    a pose for less than half of their images; their figures are those of the rest. nees_mean: mean of the squared
    position error over its covariance, 3 where the covariance is right; nees_low and nees_high: its 95 % bounds for so
    many independent flights (images of one flight share their errors).
    """
    flown = [r for r in records if len(r.positions_m) > 1]  # the first is right by definition
    images = sum(r.images for r in records)
    total = sum(len(r.positions_m) for r in flown)
    values: dict[str, float] = {'flights': len(records), 'images': images}
    values['without_pose'] = images - total
    values['flights_lost'] = sum(2 * len(r.positions_m) < r.images for r in records)
    if not flown:
        return values
    worst = [100 * float(r.errors_m.max()) / max(r.distance_m, 1e-9) for r in flown]
    end = [100 * float(r.errors_m[-1]) / max(r.distance_m, 1e-9) for r in flown]
    errors = np.concatenate([r.errors_m for r in flown])
    yaw = np.concatenate([r.yaw_errors_rad for r in flown])
    low, high = nees_bounds(len(flown))
    values |= {
        'distance_m': float(np.mean([r.distance_m for r in flown])),
        'drift_percent': float(np.mean(worst)),
        'drift_percent_worst': max(worst),
        'end_drift_percent': float(np.mean(end)),
        'position_rmse_m': float(np.sqrt((errors**2).mean())),
        'yaw_rmse_rad': float(np.sqrt((yaw**2).mean())),
        'nees_mean': float(np.mean([np.mean(r.nees) for r in flown])),
        'nees_dof': DOF,
        'nees_low': low,
        'nees_high': high,
        'ms_per_frame': float(np.median(np.concatenate([r.ms for r in records]))),
        'anchors': sum(r.anchors for r in flown),
        'anchors_taken_again': sum(r.reused for r in flown),
    }
    return values


def nees_bounds(flights: int) -> tuple[float, float]:
    """Bounds that the mean of `flights` independent NEES of 3 numbers keeps in 95 % of all cases.

    The chi-squared distribution of 3 * flights degrees of freedom, by Wilson and Hilferty (1931): off by less than 1 %.
    """
    n, z = DOF * flights, 1.959964
    middle, spread = 1 - 2 / (9 * n), float(np.sqrt(2 / (9 * n)))
    low, high = (n * (middle + s * z * spread) ** 3 / flights for s in (-1, 1))
    return float(low), float(high)
