# SPDX-License-Identifier: Apache-2.0
"""The simulated scene that `waymark eval route` makes of a case: vehicle, start, wind, what happens when."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from waymark.errors import RouteError
from waymark.evaluation.route_cases import RouteCase, route_case
from waymark.routes import Planar

if TYPE_CHECKING:
    from waymark_sim.ground import Ground
    from waymark_sim.scene import Wall
    from waymark_sim.simulator import Simulator

Floats = NDArray[np.float64]
_YARD_M = 10.0  # of ground beside a way between walls
_LATEST = 0.45  # of the time that the way takes: until then a case has happened


@dataclass(frozen=True)
class RouteFlights:
    """What is flown.

    Attributes:
        ground: A picture, or 'ground' for a generated one (another one for each seed).
        metres_per_pixel: Of the picture; 0: it is 200 m wide.
        altitude_m: Above ground.
        speed_m_s: Of teaching and repeating.
        case: One of CASES.
        seeds: How many flights; the first has `first_seed`.
        attitude: Whether roll and pitch are measured.
        length_m: Of the route.
        size_wh: Of the images, px.
        fov_rad: Vertical field of view.
        rate_hz: Images per second when repeating.
        simulator: One of waymark_sim.simulators.SIMULATORS: a quadrotor, its camera looks down; or 'forward': a base
            between walls, its camera looks forward.
    """

    ground: str
    metres_per_pixel: float
    altitude_m: float = 20.0
    speed_m_s: float = 3.0
    case: str = 'nominal'
    seeds: int = 1
    first_seed: int = 0
    attitude: bool = True
    length_m: float = 95.0
    size_wh: tuple[int, int] = (320, 240)
    fov_rad: float = math.radians(60.0)
    rate_hz: float = 10.0
    simulator: str = 'orthophoto'


def simulator_of(
    request: RouteFlights,
    ground: Ground,
    case: RouteCase,
    start: Planar,
    seed: int,
    wind: tuple[float, float] = (0.0, 0.0),
    walls: tuple[Wall, ...] = (),
) -> Simulator:
    """Put the vehicle where it starts; `walls` are the base's, `close` ends the simulator.

    Raises:
        BackendUnavailable: The simulator is not installed.
    """
    from waymark_sim.forward import ForwardSimulator
    from waymark_sim.look import Look
    from waymark_sim.quadrotor import QuadrotorConfig
    from waymark_sim.rover import RoverConfig
    from waymark_sim.scene import Scene
    from waymark_sim.simulator import View
    from waymark_sim.simulators import open_simulator

    light = Look(case.gain, 0.0, case.noise)
    if request.simulator == 'forward':
        yard = Scene(ground, walls=walls, light=light, blank_s=case.blank_s)
        return ForwardSimulator(yard, RoverConfig(), start, request.size_wh, request.fov_rad, seed)
    scene = Scene(ground, light=light, wind_m_s=wind, blank_s=case.blank_s)
    vehicle = QuadrotorConfig(altitude_m=request.altitude_m)
    view = View(request.size_wh, request.fov_rad, request.rate_hz)
    return open_simulator(request.simulator, scene, vehicle, start, view, seed)


def start_of(case: RouteCase, poses: Floats, rng: np.random.Generator) -> Planar:
    """Near the beginning (or the end, backwards), as far off as the case says."""
    x, y, yaw = poses[-1 if case.backwards else 0]
    side = rng.choice((-1.0, 1.0))
    near = case.near_m
    off = Planar(float(rng.uniform(-near, near)), float(rng.uniform(-near, near)), float(rng.uniform(-0.1, 0.1)))
    if case.side_m:
        off = Planar(0.0, float(side * case.side_m), case.turn_rad)
    return Planar(float(x), float(y), float(yaw)) @ off


def wind_of(case: RouteCase, rng: np.random.Generator) -> tuple[float, float]:
    """East and north, m/s."""
    angle = rng.uniform(0, 2 * math.pi)
    return case.wind_m_s * math.cos(angle), case.wind_m_s * math.sin(angle)


def case_of(request: RouteFlights) -> RouteCase:
    """The case that is flown; what happens on the way happens before its middle, also where it is flown fast."""
    case = route_case(request.case, request.simulator)
    latest_s = _LATEST * request.length_m / request.speed_m_s
    early_s = max(case.event_s - latest_s, 0.0)
    blank_s = None if case.blank_s is None else (case.blank_s[0] - early_s, case.blank_s[1] - early_s)
    return replace(case, event_s=case.event_s - early_s, blank_s=blank_s)


def event_of(case: RouteCase) -> tuple[float | None, float | None]:
    """When the vehicle is carried off or blinded, and when it can see again; None where neither happens."""
    if case.blank_s is not None:
        return case.blank_s
    return (case.event_s, case.event_s) if case.carried_m else (None, None)


def further_along(poses: Floats, place: Floats, way_m: float, aside_m: float = 1.5) -> Planar:
    """A pose of the teaching, so far (straight) from a place: ahead where the route is long enough, else behind."""
    here = int(np.hypot(*(poses[:, :2] - place).T).argmin())
    far = np.hypot(*(poses[:, :2] - place).T) >= way_m
    ahead = np.flatnonzero(far[here:])
    behind = np.flatnonzero(far[:here])
    if not len(ahead) and not len(behind):
        raise RouteError(f'no place of the route is {way_m:g} m from another. Fly a longer one.')
    at = here + int(ahead[0]) if len(ahead) else int(behind[-1])
    x, y, yaw = poses[at]
    return Planar(float(x), float(y), float(yaw)) @ Planar(0.0, aside_m, 0.2)


def patience(request: RouteFlights, case: RouteCase) -> int:
    """Images after which a flight is given up: three times what it should take, and a minute."""
    seconds = 3 * request.length_m / request.speed_m_s + 60.0
    return round(seconds * request.rate_hz)


def way_of(request: RouteFlights, ground: Ground, seed: int) -> Floats:
    """The way that is taught, (N, 2) m: as far inside the ground as its camera sees.

    Raises:
        SourceError: The ground has no room for it.
    """
    from waymark_sim.taught_way import plan_way

    shape = math.hypot(1, request.size_wh[0] / request.size_wh[1])
    reach = request.altitude_m * math.tan(request.fov_rad / 2) * shape
    return plan_way(ground, request.length_m, _YARD_M if request.simulator == 'forward' else reach, seed)


def walls_of(request: RouteFlights, way: Floats, seed: int) -> tuple[Wall, ...]:
    """What stands beside the way (N, 2) m: walls and boxes for a camera that looks forward, else nothing."""
    from waymark_sim.walls import walled_way

    return walled_way(way, seed) if request.simulator == 'forward' else ()
