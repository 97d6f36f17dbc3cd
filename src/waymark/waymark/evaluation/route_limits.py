# SPDX-License-Identifier: Apache-2.0
"""What simulated flights of routes can be asked for, and files that say how one was flown."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from waymark.errors import ConfigError
from waymark.evaluation.route_cases import CASES

if TYPE_CHECKING:
    from waymark.evaluation.route_scene import RouteFlights

LIMITS = {
    'altitude': (0.1, 10_000.0, 'm'),
    'speed': (0.05, 50.0, 'm/s'),
    'length': (5.0, 10_000.0, 'm'),
    'metres-per-pixel': (0.001, 100.0, 'm'),
}
_KINDS: dict[str, type | tuple[type, ...]] = {'str': str, 'float': (float, int), 'int': int, 'bool': bool}
_SIMULATORS = ('orthophoto', 'gazebo', 'mujoco', 'forward')
_LARGEST_PX = 8192


def require_within(option: str, value: float) -> None:
    """Refuse what can't be flown; nan too.

    Raises:
        ConfigError: It is out of range.
    """
    low, high, unit = LIMITS[option]
    if not low <= value <= high:
        raise ConfigError(f'--{option} {value:g}: can not be flown. Give {low:g} to {high:g} {unit}.')


def require_flown(request: RouteFlights) -> None:
    """Refuse what a file says of a flight where it can't have been flown.

    Raises:
        ConfigError: A value is out of range, or of another kind.
    """
    for field in fields(request):
        value: Any = getattr(request, field.name)
        if field.name != 'size_wh' and (
            not isinstance(value, _KINDS[str(field.type)]) or (isinstance(value, bool) != (field.type == 'bool'))
        ):
            raise ConfigError(f'{field.name} is {value!r}, no {field.type}')
    values = {'altitude': request.altitude_m, 'speed': request.speed_m_s, 'length': request.length_m}
    for option, value in values.items():
        require_within(option, value)
    if request.metres_per_pixel:
        require_within('metres-per-pixel', request.metres_per_pixel)
    sizes = len(request.size_wh) == 2 and all(isinstance(n, int) and 16 <= n <= _LARGEST_PX for n in request.size_wh)
    known = request.case in CASES and request.simulator in _SIMULATORS
    if (
        not sizes
        or not known
        or request.first_seed < 0
        or not 0.02 < request.fov_rad < 3
        or not 0 < request.rate_hz <= 50
    ):
        raise ConfigError('sizes, rate, view, case, seed or simulator are none')
