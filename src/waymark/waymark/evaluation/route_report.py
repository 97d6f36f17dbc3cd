# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval route` was asked for, checked; then flown, shown and written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from waymark.errors import ConfigError
from waymark.evaluation.route import FlightLog, figures
from waymark.evaluation.route_run import fly_routes
from waymark.evaluation.route_scene import RouteFlights
from waymark.evaluation.show import progress_bar, require_writable, show_figures, write_figures
from waymark.navigation import NavigationConfig


@dataclass(frozen=True)
class RouteOptions:
    """The options of the command, under their names."""

    ground: str
    metres_per_pixel: float
    altitude: float
    speed: float
    case: str
    seeds: int
    first_seed: int
    attitude: bool
    length: float
    plot: Path | None
    simulator: str = 'orthophoto'


def show_route(options: RouteOptions, out: Path) -> list[FlightLog]:
    """Measure, print, write.

    Raises:
        ConfigError: Options are out of range, or a file can't be written.
        SourceError: The ground can't be read, or has no room for the route.
    """
    require_writable(out)
    if options.plot is not None:
        require_writable(options.plot)
    request = request_of(options)
    with progress_bar() as tell:
        logs = fly_routes(request, NavigationConfig(), tell)
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
    for name, value in (('altitude', options.altitude), ('speed', options.speed), ('length', options.length)):
        _require_positive(name, value)
    if options.ground != 'ground':
        _require_positive('metres-per-pixel', options.metres_per_pixel)
    return RouteFlights(
        options.ground,
        options.metres_per_pixel,
        options.altitude,
        options.speed,
        options.case,
        options.seeds,
        options.first_seed,
        options.attitude,
        options.length,
        simulator=options.simulator,
    )


def _require_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f'--{name} {value:g}: must be above 0.')
