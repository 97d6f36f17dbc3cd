# SPDX-License-Identifier: Apache-2.0
"""What happens to a vehicle that repeats a route: the cases of `waymark eval route`."""

from __future__ import annotations

from dataclasses import dataclass

CASES = ('nominal', 'offset', 'wind', 'light', 'kidnap', 'reverse', 'blank', 'season')
_EVENT_S = 14.0  # when a vehicle is carried off, or blinded: past the first third of the default route
_BLIND_S = 20.0


@dataclass(frozen=True)
class RouteCase:
    """One case.

    Attributes:
        side_m: By which the start lies beside the route, to a side of the seed's choice; others start up to 1 m off.
        turn_rad: By which the nose is wrong there.
        wind_m_s: From a direction of the seed's choice.
        gain: Of the light when repeating.
        noise: Of the camera when repeating, grey levels.
        carried_m: Along the route, by which the vehicle is carried off at `event_s`.
        backwards: Whether it is flown from its end.
        blank_s: From and to: no texture.
        other_season: Whether the ground has changed since it was taught.
        event_s: When it is carried off.
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


def route_case(name: str) -> RouteCase:
    """The case of a name; KeyError for another."""
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
