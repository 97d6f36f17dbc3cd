# SPDX-License-Identifier: Apache-2.0
"""Flights over an orthophoto to measure odometry on: exact poses, sensors that err, light that changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waymark.errors import SourceError
from waymark.image.rotation import rotation_of
from waymark.sources.paths import existing_path
from waymark_sim.ground import Ground, generate_ground, load_ground
from waymark_sim.look import Look
from waymark_sim.ortho import OrthoRenderer
from waymark_sim.planning import plan_curve
from waymark_sim.route import ClosedCurve, Deviation, Route
from waymark_sim.world import clearance_of

GENERATED = 'ground'
# Of the view's reach, what stays over known ground: less where the picture is too small for more.
_ROOM = 1.0, 0.7, 0.5, 0.35, 0.2
_SIDE_M = 0.8  # by which a second lap may lie beside the first


@dataclass(frozen=True)
class FlightPlan:
    """What is flown.

    Attributes:
        altitude_m: Above ground.
        speed_m_s: Along the way.
        distance_m: In all; a closed route is flown again until it is reached.
        seed: Of route, deviations, light and errors.
        size_wh: Of the images, px.
        fov_rad: Vertical field of view.
        rate_hz: Images per second.
        tilt_rad: Roll, pitch and yaw waver by this much, beside the bank of turns.
        light: Brightness wavers by this share.
        noise: Of the sensor, grey levels.
    """

    altitude_m: float
    speed_m_s: float
    distance_m: float
    seed: int = 0
    size_wh: tuple[int, int] = (640, 480)
    fov_rad: float = math.radians(60.0)
    rate_hz: float = 10.0
    tilt_rad: float = math.radians(3.0)
    light: float = 0.3
    noise: float = 3.0


@dataclass(frozen=True)
class SensorErrors:
    """Standard deviations: noise anew each time, bias once per flight.

    Attributes:
        range_noise: Share of the range. range_bias: the same.
        attitude_noise_rad: Of roll and pitch. attitude_bias_rad: the same.
    """

    range_noise: float
    range_bias: float
    attitude_noise_rad: float
    attitude_bias_rad: float


@dataclass(frozen=True, eq=False)
class FlightStep:
    """One image and what else was measured with it.

    Attributes:
        stamp_s: Since the start.
        rgb: (H, W, 3).
        T_map_base: (4, 4) exact pose.
        range_m: Measured from the vehicle along its down.
        R_world_base: (3, 3) measured attitude.
    """

    stamp_s: float
    rgb: NDArray[np.uint8]
    T_map_base: NDArray[np.float64]
    range_m: float
    R_world_base: NDArray[np.float64]


class Flight:
    """A closed route over a ground, flown until the distance is reached."""

    def __init__(self, ground: Ground, plan: FlightPlan) -> None:
        """Plan the route.

        Raises:
            SourceError: The ground is too small even for a part of the view.
        """
        self.plan = plan
        curve, self.room = _curve(ground, plan)
        deviation = Deviation(_SIDE_M, 0.025 * plan.altitude_m, plan.tilt_rad)
        self.route = Route(curve, plan.altitude_m, curve.length_m / plan.speed_m_s, deviation, plan.seed)
        self._count = self._images()
        self.renderer = OrthoRenderer(ground, plan.size_wh, plan.fov_rad, Look(noise=plan.noise), plan.seed)

    def __len__(self) -> int:
        """Number of images."""
        return self._count

    def _images(self) -> int:
        """Count the images until the distance is flown, deviations and all."""
        flown_m, index, last = 0.0, 0, self.route.pose(0.0)[:3, 3]
        while flown_m < self.plan.distance_m:
            index += 1
            here = self.route.pose(index / self.plan.rate_hz)[:3, 3]
            flown_m += float(np.linalg.norm(here - last))
            last = here
        return index + 1

    def steps(self, errors: SensorErrors) -> Iterator[FlightStep]:
        """Fly."""
        plan, rng = self.plan, np.random.default_rng((self.plan.seed, 3))
        period_s, phase = rng.uniform(10.0, 25.0), rng.uniform(0.0, 2 * math.pi)
        scale = 1.0 + rng.normal(0.0, errors.range_bias)
        turn = rng.normal(0.0, errors.attitude_bias_rad, 2)
        for index in range(len(self)):
            t = index / plan.rate_hz
            T = self.route.pose(t)
            gain = 1.0 + plan.light * math.sin(2 * math.pi * t / period_s + phase)
            self.renderer.look = replace(self.renderer.look, gain=gain)
            beam_m = T[2, 3] / T[2, 2]  # to the ground along the vehicle's own down
            range_m = scale * (1.0 + rng.normal(0.0, errors.range_noise)) * beam_m
            error = rotation_of(np.r_[turn + rng.normal(0.0, errors.attitude_noise_rad, 2), 0.0])
            # What the sensor holds to be up is turned in the vehicle; its heading is nobody's business here.
            yield FlightStep(t, self.renderer.render(T, index), T, range_m, T[:3, :3] @ error.T)


def open_ground(name: str, metres_per_pixel: float, seed: int) -> Ground:
    """Load a picture, or make one.

    Args:
        name: A file, or 'ground' for a generated one.
        metres_per_pixel: Of the file; 0: it is 200 m wide.
        seed: Of a generated one.

    Raises:
        SourceError: The file can't be read.
    """
    if name == GENERATED:
        return generate_ground(seed)
    return load_ground(Path(existing_path(name)), metres_per_pixel)


def _curve(ground: Ground, plan: FlightPlan) -> tuple[ClosedCurve, float]:
    half = math.tan(plan.fov_rad / 2)
    reach_m = plan.altitude_m * math.hypot(half, half * plan.size_wh[0] / plan.size_wh[1])
    clearance, metres_per_cell = clearance_of(ground)
    for room in _ROOM:
        curve = plan_curve(clearance, metres_per_cell, room * reach_m + _SIDE_M, plan.seed)
        if curve is not None:
            return curve, room
    raise SourceError(
        f'no room for a flight: from {plan.altitude_m:g} m the camera sees {reach_m:.0f} m around, the ground is known '
        f'{clearance.max():.0f} m around at best. Lower the altitude or the field of view, or give a larger ground.'
    )
