# SPDX-License-Identifier: Apache-2.0
"""What limits mean: how long and how far a vehicle still moves, what a fence leaves of its ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waymark.safety.braking import braking_path
from waymark.safety.config import SafetyConfig
from waymark.safety.rules import band_of, fence_of, limits_of

RATES_HZ = (20.0, 50.0, 100.0)


@dataclass(frozen=True)
class Stop:
    """A stop from one speed of one axis.

    Attributes:
        axis: Its name.
        speed: m/s or rad/s at the begin.
        rate_hz: Of the filter.
        seconds: From the tick that begins to brake to the first at rest.
        distance: m or rad in that time.
    """

    axis: str
    speed: float
    rate_hz: float
    seconds: float
    distance: float


@dataclass(frozen=True)
class Explanation:
    """All that `waymark safety check` says of one filter.

    Attributes:
        stops: From top speed and half of it, at each rate, for each axis that moves.
        blind: Axis to what it moves from the last message (watchdog) and from the last image (command age) to rest.
        notes: Sentences on fence, band, joints and e-stop.
    """

    stops: tuple[Stop, ...]
    blind: dict[str, tuple[float, float]]
    notes: tuple[str, ...]


def explain(config: SafetyConfig) -> Explanation:
    """Simulate the stops of a configuration.

    Raises:
        ConfigError: At one of the rates a stop takes too long.
    """
    rates = sorted({*RATES_HZ, config.rate_hz})
    stops = tuple(stop for rate in rates for stop in _stops(config, rate))
    top: dict[str, Stop] = {}
    for stop in stops:
        if stop.rate_hz == config.rate_hz:
            top.setdefault(stop.axis, stop)  # the first is from top speed
    period_s = 1.0 / config.rate_hz
    oldest_s = config.max_command_age_s + config.max_ahead_s
    blind = {
        axis: (s.distance + s.speed * (config.watchdog_s + period_s), s.distance + s.speed * (oldest_s + period_s))
        for axis, s in top.items()
    }
    return Explanation(stops, blind, (*_fence_notes(config, top), *_other_notes(config, top)))


def _stops(config: SafetyConfig, rate_hz: float) -> list[Stop]:
    limits = limits_of(config, rate_hz)
    speeds = np.stack([limits.velocity, limits.velocity / 2])
    path = braking_path(speeds, np.zeros_like(speeds), limits)
    ticks, distances = (path != 0).sum(axis=0), path[1:].sum(axis=0) / rate_hz
    return [
        Stop(name, float(speeds[k, i]), rate_hz, float(ticks[k, i]) / rate_hz, float(distances[k, i]))
        for i, name in enumerate(config.axes)
        for k in range(2)
        if limits.velocity[i] > 0
    ]


def _fence_notes(config: SafetyConfig, top: dict[str, Stop]) -> list[str]:
    notes: list[str] = []
    fence = fence_of(config)
    if fence is not None:
        clearance, cell_m2 = fence.grid()
        usable = float((clearance >= 0).sum()) * cell_m2
        notes.append(
            f'fence: {usable:.1f} of {fence.area_m2:.1f} m^2 are usable ({100 * usable / fence.area_m2:.0f} %), the '
            f'margin of {fence.margin_m:g} m takes the rest.'
        )
        needed = max((top[a].distance for a in ('linear.x', 'linear.y') if a in top), default=0.0)
        if needed > clearance.max():
            notes.append(
                f'fence: a stop from top speed takes {needed:.2f} m, no place is further than {clearance.max():.2f} m '
                'from the margin; top speed is hardly reached inside.'
            )
        speed = max((top[a].speed for a in ('linear.x', 'linear.y') if a in top), default=0.0)
        if speed * config.max_position_age_s > fence.margin_m:
            notes.append(
                f'fence: at top speed {speed * config.max_position_age_s:.2f} m are driven in max_position_age_s; that '
                'way is calculated, not measured. A vehicle that slips needs a fence_margin_m of as much.'
            )
    band = band_of(config)
    if band is not None:
        notes.append(f'altitude: {band[0]:g} to {band[1]:g} m are usable.')
    return notes


def _other_notes(config: SafetyConfig, top: dict[str, Stop]) -> list[str]:
    notes = []
    for joint, low, high in zip(config.joints, config.min_position, config.max_position, strict=True):
        if joint in top and 2 * top[joint].distance > high - low:
            notes.append(f'{joint}: its range of {high - low:g} is too short to reach top speed and stop again.')
    start = 'latched: ~/release lets it go' if config.latched_at_start else 'unlatched, unless the last run was killed'
    notes.append(f'e-stop: zero within {1000 / config.rate_hz:g} ms of its arrival, past all rates; starts {start}.')
    return notes
