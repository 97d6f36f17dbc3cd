# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the simulator: `sim:GROUND?key=value&key=value`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from waymark.config import Config, ParamSpec, param, specs
from waymark.errors import ConfigError


@dataclass(frozen=True)
class SimulatorConfig(Config):
    """A simulated flight; the part of the URI before the question mark names the ground."""

    seed: int = param(7, 'Decides ground, route, deviations and noise.', ge=0)
    laps: int = param(2, 'Times that the route is flown.', ge=1, le=1000)
    lap_s: float = param(60.0, 'Time for one lap.', ge=1.0, le=3600.0, unit='s')
    width: int = param(640, 'Image width.', ge=16, le=8192, unit='px')
    height: int = param(480, 'Image height.', ge=16, le=8192, unit='px')
    rate: float = param(10.0, 'Images per second.', gt=0.0, le=1000.0, unit='Hz')
    fov_deg: float = param(60.0, 'Vertical field of view.', gt=1.0, lt=170.0, unit='degrees')
    altitude: float = param(20.0, 'Height above the ground.', gt=0.0, le=10000.0, unit='m')
    offset: float = param(0.8, 'Largest deviation to the side.', ge=0.0, unit='m')
    tilt_deg: float = param(1.2, 'Largest deviation in roll, pitch and yaw.', ge=0.0, le=30.0, unit='degrees')
    gain: float = param(1.0, 'Factor on brightness.', gt=0.0, le=10.0)
    noise: float = param(4.0, "Standard deviation of the sensor's noise, levels of 255.", ge=0.0, le=128.0)
    blur: float = param(0.0, 'Standard deviation of a blur.', ge=0.0, le=50.0, unit='px')
    pad: float = param(10.0, 'Side of the landing pad; 0 for none.', ge=0.0, unit='m')
    traffic: int = param(0, 'Vehicles that drive about.', ge=0, le=1000)
    ground_px: int = param(4096, 'Width of the generated ground.', ge=256, le=16384, unit='px')
    metres_per_pixel: float = param(0.0, "Scale of your own ground's picture.", ge=0.0, unit='m')


def parse_sim_uri(uri: str) -> tuple[str, SimulatorConfig]:
    """Split a simulator URI into its ground ('ground' or a path) and its settings.

    Raises:
        ConfigError: An unknown key, a value of the wrong type or out of range.
    """
    ground, _, query = uri.strip().removeprefix('sim:').partition('?')
    known = {spec.name: spec for spec in specs(SimulatorConfig)}
    pairs = parse_qsl(query, keep_blank_values=True)
    if query and len(pairs) != query.count('&') + 1:
        raise ConfigError(f'{uri}: after the question mark come key=value pairs joined by &.')
    values = {key: _value_of(known[key], text, uri) if key in known else text for key, text in pairs}
    return ground, SimulatorConfig.from_mapping(values, where=uri)


def _value_of(spec: ParamSpec, text: str, uri: str) -> int | float:
    try:
        return int(text) if spec.type is int else float(text)
    except ValueError:
        kind = 'a whole number' if spec.type is int else 'a number'
        raise ConfigError(f'{uri}: {spec.name}: expected {kind}, got {text!r}') from None
