# SPDX-License-Identifier: Apache-2.0
"""A configuration checked as a whole, and what the filter makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from waymark.errors import ConfigError
from waymark.safety.arm import ArmRules
from waymark.safety.braking import StoppingTable
from waymark.safety.fence import Fence
from waymark.safety.limits import AxisLimits
from waymark.safety.sources import Ages
from waymark.safety.twist import TwistRules

if TYPE_CHECKING:
    from waymark.safety.config import SafetyConfig

LISTS = ('max_velocity', 'max_acceleration', 'max_deceleration', 'max_jerk')


def check(config: SafetyConfig) -> None:
    """Refuse a configuration that contradicts itself.

    Raises:
        ConfigError: What does not fit, with its values and what to change.
    """
    _check_lists(config)
    _check_rates(config)
    _check_places(config)
    _check_times(config)
    StoppingTable(limits_of(config))


def limits_of(config: SafetyConfig, rate_hz: float | None = None) -> AxisLimits:
    """The limits of every axis, at the configured rate or another."""
    return AxisLimits.of(
        config.max_velocity,
        config.max_acceleration,
        config.max_jerk or None,
        1.0 / (rate_hz or config.rate_hz),
        config.max_deceleration or None,
    )


def ages_of(config: SafetyConfig) -> Ages:
    """How long commands count."""
    return Ages(config.watchdog_s, config.max_command_age_s, config.max_ahead_s, config.handover_s)


def fence_of(config: SafetyConfig) -> Fence | None:
    """The fence, or None."""
    return Fence(config.fence_xy_m, config.fence_margin_m) if config.fence_xy_m else None


def band_of(config: SafetyConfig) -> tuple[float, float] | None:
    """Lowest and highest z without the margin, m; or None."""
    if not config.altitude_band_m:
        return None
    low, high = config.altitude_band_m
    return low + config.fence_margin_m, high - config.fence_margin_m


def twist_rules(config: SafetyConfig) -> TwistRules:
    """The rules of a base or drone."""
    return TwistRules(limits_of(config), fence_of(config), band_of(config))


def arm_rules(config: SafetyConfig) -> ArmRules:
    """The rules of an arm."""
    return ArmRules(config.joints, limits_of(config), np.array(config.min_position), np.array(config.max_position))


def _check_lists(config: SafetyConfig) -> None:
    if config.is_arm != bool(config.joints):
        raise ConfigError('joints: name the joints of an arm, and of nothing else (vehicle: arm).')
    if len(set(config.joints)) != len(config.joints):
        raise ConfigError(f'joints: {", ".join(config.joints)} names one twice.')
    count, what = len(config.axes), 'joints' if config.is_arm else 'axes of a twist (linear x y z, angular x y z)'
    for name in LISTS:
        values = getattr(config, name)
        if len(values) != count and (values or name in LISTS[:2]):
            raise ConfigError(f'{name}: expected {count} values, one for each of the {what}, got {len(values)}.')
    if not any(config.max_velocity):
        raise ConfigError('max_velocity: every axis is 0, so nothing could ever move; give one a velocity.')


def _check_rates(config: SafetyConfig) -> None:
    for i, axis in enumerate(config.axes):
        if config.max_velocity[i] == 0:
            continue
        for name in LISTS[1:]:
            values: tuple[float, ...] = getattr(config, name)
            if values and values[i] <= 0:
                raise ConfigError(f'{name}: {axis} may move but its value is {values[i]:g}; give it one above 0.')
        slower = config.max_deceleration[i] if config.max_deceleration else config.max_acceleration[i]
        if config.max_jerk and slower != config.max_acceleration[i]:
            raise ConfigError(
                f'max_deceleration: {axis} has {slower:g} and max_acceleration {config.max_acceleration[i]:g}; where '
                'max_jerk is set they must be equal. Leave max_jerk empty, or max_deceleration.'
            )


def _check_places(config: SafetyConfig) -> None:
    if config.is_arm:
        _check_joints(config)
    elif config.min_position or config.max_position:
        raise ConfigError('min_position, max_position: only the joints of an arm have them; a fence is fence_xy_m.')
    if config.is_arm and (config.fence_xy_m or config.altitude_band_m):
        raise ConfigError(
            'fence_xy_m, altitude_band_m: an arm has joint positions instead (min_position, max_position).'
        )
    if config.altitude_band_m:
        _check_band(config.altitude_band_m, config)
    fence = fence_of(config)
    if fence is not None and (fence.grid()[0] < 0).all():
        raise ConfigError(
            f'fence_margin_m: {config.fence_margin_m:g} m leave nothing of the fence; lower it, or widen fence_xy_m.'
        )


def _check_joints(config: SafetyConfig) -> None:
    for name in ('min_position', 'max_position'):
        if len(getattr(config, name)) != len(config.joints):
            raise ConfigError(f'{name}: expected {len(config.joints)} values, got {len(getattr(config, name))}.')
    for joint, low, high in zip(config.joints, config.min_position, config.max_position, strict=True):
        if not low < high:
            raise ConfigError(f'min_position: {joint} has {low:g}, which is not below its max_position {high:g}.')


def _check_band(band: Sequence[float], config: SafetyConfig) -> None:
    if config.vehicle != 'drone':
        raise ConfigError(f'altitude_band_m: a {config.vehicle} has none; leave it empty, or set vehicle: drone.')
    if len(band) != 2 or not band[0] + 2 * config.fence_margin_m < band[1]:
        raise ConfigError(
            f'altitude_band_m: expected [lowest, highest] with more than twice the margin '
            f'({config.fence_margin_m:g} m) between, got {list(band)}.'
        )


def _check_times(config: SafetyConfig) -> None:
    period_s = 1.0 / config.rate_hz
    if config.watchdog_s < 2 * period_s:
        raise ConfigError(
            f'watchdog_s: {config.watchdog_s:g} s are less than two periods of rate_hz {config.rate_hz:g}; every '
            f'command would be dropped at times. Give at least {2 * period_s:g}.'
        )
    if config.handover_s < config.watchdog_s:
        raise ConfigError(
            f'handover_s: {config.handover_s:g} s are less than watchdog_s {config.watchdog_s:g}; sources would take '
            'turns. Give at least as much.'
        )
    if config.max_ahead_s >= config.max_command_age_s:
        raise ConfigError('max_ahead_s: must be below max_command_age_s.')
    if config.vehicle == 'drone' and config.handover_after_s < config.watchdog_s:
        raise ConfigError(
            f'handover_after_s: {config.handover_after_s:g} s are less than watchdog_s {config.watchdog_s:g}; the '
            'autopilot would be called between two commands.'
        )
