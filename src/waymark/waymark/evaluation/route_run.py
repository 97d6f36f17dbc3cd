# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval route` flies: a route is taught in a simulator, then repeated under changed conditions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from waymark.encoding import Encoder, EncoderConfig, load_encoder
from waymark.errors import BackendUnavailable, RouteError
from waymark.evaluation.route import FlightLog, distances
from waymark.evaluation.route_cases import RouteCase
from waymark.evaluation.route_scene import (
    RouteFlights,
    case_of,
    event_of,
    further_along,
    patience,
    simulator_of,
    start_of,
    walls_of,
    way_of,
    wind_of,
)
from waymark.maps import PlaceMap
from waymark.navigation import NavigationConfig, RouteLesson, RouteRepeater
from waymark.routes import Command, FollowState, Guidance, Planar
from waymark.routes.teaching import Passed
from waymark.types import NANOSECONDS, Frame, Header

if TYPE_CHECKING:
    from waymark_sim.ground import Ground
    from waymark_sim.scene import Wall
    from waymark_sim.simulator import SimStep, Simulator

Tell = Callable[[str, int, int], None]
Floats = NDArray[np.float64]
Watch = Callable[['SimStep', Guidance], None]

_TEACH_S = 0.2  # between the images of the teaching
_ROUTE = 'taught'
_TEACH_NOISE = 6.0
_GONE_M = 40.0  # beside the way, where an open loop is given up


@dataclass(frozen=True, eq=False)
class Taught:
    """A route that was taught.

    Attributes:
        place_map: With the route in it.
        poses: (N, 3) exact x m, y m, heading rad that the teaching passed.
        walls: Between which it is, for a camera that looks forward.
    """

    place_map: PlaceMap
    poses: Floats
    walls: tuple[Wall, ...] = ()


def fly_routes(request: RouteFlights, config: NavigationConfig, tell: Tell) -> list[FlightLog]:
    """Teach and repeat once per seed.

    Raises:
        SourceError: The ground can't be read or is too small.
        BackendUnavailable: The simulator is not installed.
    """
    return [logs[0] for logs in flights(request, (request.case,), config, tell)]


def flights(
    request: RouteFlights, cases: Sequence[str], config: NavigationConfig, tell: Tell
) -> Iterator[tuple[FlightLog, ...]]:
    """Teach once per seed, then repeat in each of some cases.

    Yields:
        For each seed the logs, in the order of the cases.

    Raises:
        SourceError, BackendUnavailable: See fly_routes.
    """
    encoder, ground = load_encoder(EncoderConfig(threads=1)), None
    for index in range(request.seeds):
        tell('flying', index, request.seeds)
        seed = request.first_seed + index
        if ground is None or request.ground == 'ground':
            ground = open_ground(request, seed)
        taught = teach(request, config, encoder, ground, seed)
        each = (replace(request, case=case) for case in cases)
        yield tuple(repeat(one, config, encoder, ground, taught, seed) for one in each)
    tell('flying', request.seeds, request.seeds)


def open_ground(request: RouteFlights, seed: int) -> Ground:
    """Load the picture, or make one.

    Raises:
        SourceError: It can't be read.
        BackendUnavailable: The simulator is not installed.
    """
    try:
        from waymark_sim.flights import open_ground as opened
    except ImportError:
        raise BackendUnavailable('simulated flights need waymark_sim. Install the whole of Waymark.') from None
    return opened(request.ground, request.metres_per_pixel, seed)


def teach(
    request: RouteFlights,
    config: NavigationConfig,
    encoder: Encoder,
    ground: Ground,
    seed: int,
    watch: Callable[[SimStep], None] = lambda step: None,
) -> Taught:
    """Have a pilot fly the way once.

    Raises:
        SourceError: The ground has no room for it.
    """
    from waymark_sim.pilot import Pilot
    from waymark_sim.taught_way import pose_at

    way = way_of(request, ground, seed)
    walls = walls_of(request, way, seed)
    simulator = simulator_of(request, ground, RouteCase(noise=_TEACH_NOISE), pose_at(way, 0), 2 * seed, walls=walls)
    with closing(simulator):
        lesson, pilot = RouteLesson(config, encoder, simulator.camera), Pilot(way, request.speed_m_s, config.sideways)
        command, poses = Command(), []
        while not pilot.is_done:
            step = simulator.step(command, _TEACH_S)
            pose = planar_truth(step)
            poses.append(pose.array)
            attitude = step.measured.R_world_base if request.attitude else None
            lesson.observe(frame_of(step), Passed(step.measured.height_m, attitude, step.measured.odometry))
            command = pilot.command(pose)
            watch(step)
    try:
        place_map, _ = lesson.finish(_ROUTE)
    except RouteError as error:
        raise RouteError(
            f'--ground {request.ground} taught nothing over {request.length_m:g} m from {request.altitude_m:g} m: '
            f'{error} Give a ground with more to see, its --metres-per-pixel, a lower --altitude or a longer --length.'
        ) from None
    return Taught(place_map, np.array(poses), walls)


def repeat(
    request: RouteFlights,
    config: NavigationConfig,
    encoder: Encoder,
    ground: Ground,
    taught: Taught,
    seed: int,
    watch: Watch = lambda step, guidance: None,
) -> FlightLog:
    """Fly the route again, under the conditions of the case; then once more without the camera."""
    case, rng = case_of(request), np.random.default_rng((seed, 15))
    if case.other_season:
        from waymark_sim.season import another_season

        ground = another_season(ground, seed)
    wind = wind_of(case, rng)
    start = start_of(case, taught.poses, rng)
    limits = replace(config, max_speed=request.speed_m_s)
    with closing(simulator_of(request, ground, case, start, 2 * seed + 1, wind, taught.walls)) as simulator:
        repeater = RouteRepeater(limits, taught.place_map, _ROUTE, encoder, simulator.camera, case.backwards)
        log = _flown(request, case, repeater, simulator, taught, watch)
    with closing(simulator_of(request, ground, case, start, 2 * seed + 1, wind, taught.walls)) as simulator:
        blind = RouteRepeater(limits, taught.place_map, _ROUTE, encoder, simulator.camera, case.backwards)
        log.open_loop_m = _open_loop(request, case, blind, simulator, taught)
    return log


def _flown(
    request: RouteFlights,
    case: RouteCase,
    repeater: RouteRepeater,
    simulator: Simulator,
    taught: Taught,
    watch: Watch,
) -> FlightLog:
    ways = taught.poses[::-1] if case.backwards else taught.poses
    log = FlightLog(taught.poses[:, :2], ways[-1, :2], largest_m=case.largest_m)
    log.event_s, log.sight_s = event_of(case)
    command, carried = Command(), case.carried_m == 0.0
    for _ in range(patience(request, case)):
        if not carried and simulator_time(log) >= case.event_s:
            carried, log.event_s, log.sight_s = True, simulator_time(log), simulator_time(log)
            simulator.carry(further_along(ways, np.array(log.places_m[-1]), case.carried_m, case.aside_m))
        step = simulator.step(command, 1 / request.rate_hz)
        start = time.perf_counter()
        attitude = step.measured.R_world_base if request.attitude else None
        said = repeater.observe(frame_of(step), step.measured.odometry, step.measured.height_m, attitude)
        log.vision_ms.append(1000 * (time.perf_counter() - start))
        _note(log, step, said.state in (FollowState.FOLLOWING, FollowState.DONE), said.sighting is not None)
        watch(step, said)
        command = said.command
        if said.state is FollowState.DONE:
            log.is_done = True
            break
    return log


def _open_loop(
    request: RouteFlights, case: RouteCase, repeater: RouteRepeater, simulator: Simulator, taught: Taught
) -> Floats:
    """The same vehicle, told that it stands at the beginning, by its odometry alone."""
    follower, path = repeater.follower, repeater.path
    follower.begin_at(path.poses[-1 if case.backwards else 0], np.zeros((3, 3)))
    log = FlightLog(taught.poses[:, :2], taught.poses[-1, :2])
    command = Command()
    for _ in range(patience(request, case)):
        step = simulator.step(command, 1 / request.rate_hz, sees=False)
        _note(log, step, True, False)
        said = follower.observe(step.stamp_s, (), step.measured.odometry)
        command = said.command
        gone = float(distances(np.array(log.places_m[-1:]), log.taught_m)[0]) > _GONE_M
        if gone or said.state is FollowState.DONE:
            break
    return np.asarray(log.lateral_m[log.converged])


def _note(log: FlightLog, step: SimStep, follows: bool, sees: bool) -> None:
    log.stamps_s.append(step.stamp_s)
    log.places_m.append((float(step.T_map_base[0, 3]), float(step.T_map_base[1, 3])))
    log.follows.append(follows)
    log.sees.append(sees)


def config_for(simulator: str) -> NavigationConfig:
    """How routes are followed in a simulator."""
    return NavigationConfig(camera_looks='forward', sideways=False) if simulator == 'forward' else NavigationConfig()


def simulator_time(log: FlightLog) -> float:
    """Stamp of the last image, 0 before the first."""
    return log.stamps_s[-1] if log.stamps_s else 0.0


def frame_of(step: SimStep) -> Frame:
    """The image with its stamp: one second later, as a stamp of 0 is none."""
    if step.rgb is None:
        raise RouteError('the simulator was not asked for an image. Ask it.')
    return Frame(Header(round((1.0 + step.stamp_s) * NANOSECONDS)), step.rgb)


def planar_truth(step: SimStep) -> Planar:
    """Exact x, y and heading."""
    T = step.T_map_base
    return Planar(float(T[0, 3]), float(T[1, 3]), math.atan2(T[1, 0], T[0, 0]))
