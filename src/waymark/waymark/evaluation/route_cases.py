# SPDX-License-Identifier: Apache-2.0
"""What happens to a vehicle that repeats a route: the cases of `waymark eval route`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from waymark.errors import ConfigError

CASES = ('nominal', 'offset', 'wind', 'light', 'kidnap', 'reverse', 'blank', 'season')
BETWEEN_WALLS = ('nominal', 'offset', 'light', 'kidnap', 'reverse', 'blank')  # of a base on the ground
_EVENT_S = 14.0  # when a vehicle is carried off, or blinded: past the first third of the default route
_BLIND_S = 20.0


@dataclass(frozen=True)
class RouteCase:
    """One case.

    Attributes:
        side_m: By which the start lies beside the route, to a side of the seed's choice; others start up to
            `near_m` off.
        turn_rad: By which the nose is wrong there.
        wind_m_s: From a direction of the seed's choice.
        gain: Of the light when repeating.
        noise: Of the camera when repeating, grey levels.
        carried_m: Along the route, by which the vehicle is carried off at `event_s`.
        backwards: Whether it is flown from its end.
        blank_s: From and to: no texture.
        other_season: Whether the ground has changed since it was taught.
        event_s: When it is carried off.
        near_m: Along and beside the beginning, where the start is anywhere.
        aside_m: Left of the route, where it is carried to.
        largest_m: Beside the way after convergence, from its end, and while blind, that still counts as success.
    """

    side_m: float = 0.0
    turn_rad: float = 0.0
    wind_m_s: float = 0.0
    gain: float = 1.0
    noise: float = 6.0
    carried_m: float = 0.0
    backwards: bool = False
    blank_s: tuple[float, float] | None = None
    other_season: bool = False
    event_s: float = _EVENT_S
    near_m: float = 1.0
    aside_m: float = 1.5
    largest_m: float = 5.0


def route_case(name: str, simulator: str = 'orthophoto') -> RouteCase:
    """The case of a name; KeyError for another.

    Raises:
        ConfigError: A base on the ground has no such case.
    """
    if simulator == 'forward':
        return _between_walls(name)
    return {
        'nominal': RouteCase(),
        'offset': RouteCase(side_m=6.0, turn_rad=-0.3),
        'wind': RouteCase(wind_m_s=1.0),
        'light': RouteCase(gain=0.6, noise=10.0),
        'kidnap': RouteCase(carried_m=40.0, event_s=8.0),
        'reverse': RouteCase(backwards=True),
        'blank': RouteCase(blank_s=(_EVENT_S, _EVENT_S + _BLIND_S)),
        'season': RouteCase(other_season=True),
    }[name]


def _between_walls(name: str) -> RouteCase:
    """The same for a base between walls, 2.6 m on either side: nearer to the way, and slower."""
    near = RouteCase(near_m=0.4, aside_m=0.4, largest_m=1.0)
    cases = {
        'nominal': near,
        'offset': replace(near, side_m=1.0, turn_rad=-0.3),
        'light': replace(near, gain=0.6, noise=10.0),
        'kidnap': replace(near, carried_m=15.0, event_s=_EVENT_S),
        'reverse': replace(near, backwards=True),
        'blank': replace(near, blank_s=(_EVENT_S, _EVENT_S + _BLIND_S)),
    }
    if name not in BETWEEN_WALLS:
        raise ConfigError(
            f'--case {name}: no wind moves a base on the ground, and its walls have no seasons. '
            f'With --simulator forward take one of {", ".join(BETWEEN_WALLS)}.'
        )
    return cases[name]
