# SPDX-License-Identifier: Apache-2.0
"""What `waymark eval odometry` flies: simulated flights over a picture, or a recording."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from waymark.ego_motion import Altitude, EgoMotionConfig
from waymark.errors import BackendUnavailable, ConfigError
from waymark.evaluation.odometry import FlightRecord, OdometryStep, fly
from waymark.evaluation.settings import config_of
from waymark.evaluation.trajectory import Table, attitude_of, pose_of, read_table, read_truth_table
from waymark.types import NANOSECONDS, Frame, Header

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SimulatedFlights:
    """Flights over a picture.

    Attributes:
        ground: A picture, or 'ground' for a generated one.
        metres_per_pixel: Of the picture.
        altitude_m: Above ground.
        speed_m_s: Along the way.
        distance_m: Of each flight.
        seeds: How many flights, seeds from 0 (or `first_seed`).
        attitude: Whether roll and pitch are measured.
        size_wh, fov_deg, rate_hz, tilt_deg, light, noise: See waymark_sim.flights.FlightPlan.
    """

    ground: str
    metres_per_pixel: float
    altitude_m: float
    speed_m_s: float
    distance_m: float
    seeds: int
    first_seed: int = 0
    attitude: bool = True
    size_wh: tuple[int, int] = (640, 480)
    fov_deg: float = 60.0
    rate_hz: float = 10.0
    tilt_deg: float = 3.0
    light: float = 0.3
    noise: float = 3.0


@dataclass(frozen=True)
class RecordedFlight:
    """A recording with truth.

    Attributes:
        input: Bag or folder of images (or whatever else has an end).
        truth: CSV, see waymark.evaluation.trajectory.
        sensors: CSV of altitude and attitude; None: those of the bag, if it is one.
        altitude_m: Constant height above ground where no sensor says it.
        camera_info: ROS calibration YAML; None: the bag's own.
        attitude: Whether roll and pitch are used.
    """

    input: str
    truth: Path
    sensors: Path | None = None
    altitude_m: float | None = None
    camera_info: Path | None = None
    attitude: bool = True


def config_from(settings: list[str]) -> EgoMotionConfig:
    """Ego-motion's configuration with `PARAMETER=VALUE` texts applied; VALUE is YAML.

    Raises:
        ConfigError: Naming the text that is wrong.
    """
    return config_of(EgoMotionConfig, settings)


def fly_simulated(request: SimulatedFlights, config: EgoMotionConfig, tell: Tell) -> list[FlightRecord]:
    """Fly; sensors err as much as `config` says that they do.

    Raises:
        SourceError: The ground can't be read or is too small.
        BackendUnavailable: The simulator is not installed.
    """
    try:
        from waymark_sim.flights import Flight, FlightPlan, SensorErrors, open_ground
    except ImportError:
        raise BackendUnavailable('simulated flights need waymark_sim. Install the whole of Waymark.') from None
    errors = SensorErrors(
        config.range_noise,
        config.range_bias,
        math.radians(config.attitude_noise_deg),
        math.radians(config.attitude_bias_deg),
    )
    records, ground = [], None
    for index in range(request.seeds):
        seed = request.first_seed + index
        if ground is None or request.ground == 'ground':
            ground = open_ground(request.ground, request.metres_per_pixel, seed)
        plan = FlightPlan(
            request.altitude_m,
            request.speed_m_s,
            request.distance_m,
            seed,
            request.size_wh,
            math.radians(request.fov_deg),
            request.rate_hz,
            math.radians(request.tilt_deg),
            request.light,
            request.noise,
        )
        flight = Flight(ground, plan)
        if flight.room < 1:
            share = 100 * flight.room
            logging.getLogger(__name__).warning('the ground is small: only %.0f %% of the view stay over it', share)
        records.append(fly(_simulated(flight, errors, request.attitude, tell, (index, request.seeds)), config, False))
    return records


def _simulated(flight: Any, errors: Any, attitude: bool, tell: Tell, of: tuple[int, int]) -> Iterator[OdometryStep]:
    for index, step in enumerate(flight.steps(errors)):
        # One second after zero: a stamp of 0 is no stamp.
        header = Header(round((1.0 + step.stamp_s) * NANOSECONDS))
        told = step.R_world_base if attitude else None
        altitude = Altitude(step.range_m, along_beam=True)
        yield OdometryStep(Frame(header, step.rgb), flight.renderer.camera, altitude, told, step.T_map_base)
        tell('flying', of[0] * len(flight) + index + 1, of[1] * len(flight))


def fly_recorded(request: RecordedFlight, config: EgoMotionConfig, tell: Tell) -> list[FlightRecord]:
    """Run over a recording.

    Raises:
        SourceError: It can't be read.
        ConfigError: A table does not fit, or nothing says the altitude or the calibration.
    """
    from waymark.sources.config import ImageSourceConfig
    from waymark.sources.open import is_live, open_source

    if is_live(request.input):
        raise ConfigError(f'{request.input}: a live input has no truth. Record it first.')
    truth = read_truth_table(request.truth)
    sensors = (read_table(request.sensors),) if request.sensors else _sensors_of(request.input)
    if not any({'range_m', 'height_m'} & set(t.columns) for t in sensors) and request.altitude_m is None:
        raise ConfigError('nothing says the altitude. Give --altitude, or --sensors with range_m or height_m.')
    info = str(request.camera_info) if request.camera_info else ''
    source = open_source(ImageSourceConfig(input=request.input, pace='fast', camera_info_file=info))
    try:
        total = source.info.frame_count or 0
        steps = _recorded(source.frames(), truth, sensors, request)
        record = fly(_told(steps, tell, total), config, True)
    finally:
        source.close()
    if len(record.positions_m) < 2:
        why = max(record.reasons, key=lambda r: record.reasons[r], default='no image has a row in the truth')
        raise ConfigError(f'{request.input}: {len(record.positions_m)} of {record.images} images got a pose: {why}.')
    return [record]


def _recorded(
    frames: Iterator[Any], truth: Table, sensors: tuple[Table, ...], request: RecordedFlight
) -> Iterator[OdometryStep]:
    for index, item in enumerate(frames):
        stamp_s = item.frame.header.stamp_s
        row = truth.at(index, stamp_s)
        measured: dict[str, float] = {}
        for table in sensors:
            measured |= table.at(index, stamp_s, 0.1) or {}
        altitude = None if request.altitude_m is None else Altitude(request.altitude_m)
        for name, along_beam in (('height_m', False), ('range_m', True)):
            if np.isfinite(measured.get(name, np.nan)):
                altitude = Altitude(measured[name], along_beam)
        attitude = attitude_of(measured) if request.attitude else None
        yield OdometryStep(item.frame, item.camera, altitude, attitude, pose_of(row) if row else None)


def _told(steps: Iterator[OdometryStep], tell: Tell, total: int) -> Iterator[OdometryStep]:
    for done, step in enumerate(steps, 1):
        yield step
        tell('flying', done, total)


def _sensors_of(uri: str) -> tuple[Table, ...]:
    """Altitude and attitude of a bag; other inputs have none."""
    from waymark.sources.open import kind_of

    if kind_of(uri) != 'bag':
        return ()
    from waymark.evaluation.bag_sensors import read_bag_sensors

    return read_bag_sensors(uri)
