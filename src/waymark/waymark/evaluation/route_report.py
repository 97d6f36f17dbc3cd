# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval route` was asked for, checked; then flown, shown and written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from waymark.errors import ConfigError
from waymark.evaluation.route import FlightLog, figures
from waymark.evaluation.route_cases import route_case
from waymark.evaluation.route_limits import require_within
from waymark.evaluation.route_run import config_for, fly_routes
from waymark.evaluation.route_scene import RouteFlights
from waymark.evaluation.show import progress_bar, require_writable, show_figures, write_figures


@dataclass(frozen=True)
class RouteOptions:
    """The options of the command, under their names; a speed or length of None is the simulator's own.

    A scale of None: the picture is 200 m wide.
    """

    ground: str
    metres_per_pixel: float | None
    altitude: float
    speed: float | None
    case: str
    seeds: int
    first_seed: int
    attitude: bool
    length: float | None
    plot: Path | None
    simulator: str = 'orthophoto'


class _Own(NamedTuple):
    """What a simulator takes where nothing is said: m/s, m, rad, Hz."""

    speed: float
    length: float
    fov_rad: float
    rate_hz: float


_IN_THE_AIR = _Own(3.0, 95.0, math.radians(60.0), 10.0)
_BETWEEN_WALLS = _Own(1.0, 40.0, 2.0 * math.atan(0.75 * math.tan(math.radians(35.0))), 5.0)  # 70 degrees wide


def show_route(options: RouteOptions, out: Path) -> list[FlightLog]:
    """Measure, print, write.

    Raises:
        ConfigError: Options are out of range, or a file can't be written.
        SourceError: The ground can't be read, or has no room for the route.
    """
    require_writable(out)
    if options.plot is not None:
        require_writable(options.plot, '--plot')
        if options.plot.suffix.lower() != '.png':
            raise ConfigError(f'--plot {options.plot}: is drawn as PNG only. Give a name that ends in .png.')
    request = request_of(options)
    with progress_bar() as tell:
        logs = fly_routes(request, config_for(options.simulator), tell)
    values = figures(logs)
    write_figures(out, values)
    show_figures(f'{options.case} over {options.ground}, {options.simulator}', values)
    if options.plot is not None:
        from waymark.evaluation.route_plot import write_route_plot

        write_route_plot(logs, options.plot)
    return logs


def request_of(options: RouteOptions) -> RouteFlights:
    """Check the options.

    Raises:
        ConfigError: One is out of range.
    """
    route_case(options.case, options.simulator)
    own = _BETWEEN_WALLS if options.simulator == 'forward' else _IN_THE_AIR
    speed = own.speed if options.speed is None else options.speed
    length = own.length if options.length is None else options.length
    for name, value in (('altitude', options.altitude), ('speed', speed), ('length', length)):
        require_within(name, value)
    if options.metres_per_pixel is not None:
        require_within('metres-per-pixel', options.metres_per_pixel)
        if options.ground == 'ground':
            raise ConfigError('--metres-per-pixel is of a picture of yours: give it as --ground, or leave this out.')
    return RouteFlights(
        options.ground,
        options.metres_per_pixel or 0.0,
        options.altitude,
        speed,
        options.case,
        options.seeds,
        options.first_seed,
        options.attitude,
        length,
        fov_rad=own.fov_rad,
        rate_hz=own.rate_hz,
        simulator=options.simulator,
    )
