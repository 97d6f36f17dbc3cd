# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval odometry` was asked for, checked; then flown, shown and written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from waymark.errors import ConfigError
from waymark.evaluation.odometry import FlightRecord, figures
from waymark.evaluation.odometry_run import (
    RecordedFlight,
    SimulatedFlights,
    config_from,
    fly_recorded,
    fly_simulated,
)
from waymark.evaluation.show import progress_bar, require_writable, show_figures, write_figures


@dataclass(frozen=True)
class OdometryOptions:
    """The options of the command, under their names."""

    simulator: str | None
    ground: str
    metres_per_pixel: float
    altitude: float | None
    speed: float
    distance: float
    seeds: int
    first_seed: int
    attitude: bool
    size: str
    fov_deg: float
    rate: float
    tilt_deg: float
    light: float
    noise: float
    input: str
    truth: Path | None
    sensors: Path | None
    camera_info: Path | None
    plot: Path | None
    settings: tuple[str, ...]


def show_odometry(options: OdometryOptions, out: Path) -> None:
    """Measure, print, write.

    Raises:
        ConfigError: Options do not go together, are out of range, or a file can't be written.
        SourceError: An input can't be read.
    """
    require_writable(out)
    if options.plot is not None:
        require_writable(options.plot)
    config = config_from(list(options.settings))
    if (options.simulator is None) == (not options.input):
        raise ConfigError('give either --simulator orthophoto or --input, and one of them only.')
    with progress_bar() as tell:
        if options.simulator is not None:
            records = fly_simulated(_simulated(options), config, tell)
        else:
            records = fly_recorded(_recorded(options), config, tell)
    values = figures(records)
    write_figures(out, values)
    show_figures(options.ground or options.input, values)
    _explain(records, values)
    if options.plot is not None:
        from waymark.evaluation.odometry_plot import write_plot

        write_plot(records, options.plot)


def _explain(records: list[FlightRecord], values: dict[str, float]) -> None:
    console = Console(highlight=False)
    reasons: dict[str, int] = {}
    for record in records:
        for reason, count in record.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1])[:3]:
        console.print(f'{count} images without a pose: {reason}')
    if 'nees_mean' in values:
        low, high = values['nees_low'], values['nees_high']
        inside = 'inside' if low <= values['nees_mean'] <= high else 'outside'
        console.print(
            f'nees_mean lies {inside} the bounds of an honest covariance over {values["flights"]} flights: '
            f'{low:.2f} to {high:.2f}.'
        )


def _simulated(options: OdometryOptions) -> SimulatedFlights:
    size = re.fullmatch(r'(\d+)x(\d+)', options.size)
    if size is None:
        raise ConfigError(f'--size {options.size!r}: expected WIDTHxHEIGHT, for example 640x480.')
    if not options.ground:
        raise ConfigError("--simulator needs --ground: a picture, or 'ground' for a generated one.")
    if options.altitude is None:
        raise ConfigError('--simulator needs --altitude.')
    if options.ground != 'ground':
        _require_positive('metres-per-pixel', options.metres_per_pixel)
    for name in ('altitude', 'speed', 'distance', 'rate'):
        _require_positive(name, getattr(options, name))
    for name, highest in (('tilt_deg', 30.0), ('light', 0.9), ('noise', 128.0)):
        _require(name, getattr(options, name), 0.0, highest)
    _require('fov_deg', options.fov_deg, 5.0, 150.0)
    wh = int(size[1]), int(size[2])
    if not 64 <= min(wh) <= max(wh) <= 8192:
        raise ConfigError(f'--size {options.size}: sides must be 64 to 8192 px.')
    return SimulatedFlights(
        options.ground, options.metres_per_pixel, options.altitude, options.speed, options.distance, options.seeds,
        options.first_seed, options.attitude, wh, options.fov_deg, options.rate, options.tilt_deg, options.light,
        options.noise,
    )  # fmt: skip


def _recorded(options: OdometryOptions) -> RecordedFlight:
    if options.truth is None:
        raise ConfigError('--input needs --truth: a CSV with stamp_s (or frame), x_m, y_m, z_m, qx, qy, qz, qw.')
    if options.altitude is not None:
        _require_positive('altitude', options.altitude)
    return RecordedFlight(
        options.input, options.truth, options.sensors, options.altitude, options.camera_info, options.attitude
    )


def _require_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f'--{name} {value:g}: must be above 0.')


def _require(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # NaN too
        raise ConfigError(f'--{name.replace("_", "-")} {value:g}: must be {low:g} to {high:g}.')
