# SPDX-License-Identifier: Apache-2.0
"""Which changes of a configuration take protection away."""

from __future__ import annotations

import math

from waymark.errors import ConfigError
from waymark.safety.config import SafetyConfig
from waymark.safety.fence import Fence
from waymark.safety.rules import fence_of

FIXED = ('vehicle', 'rate_hz', 'joints', 'fence_frame', 'latched_at_start', 'output', 'base_frame', 'realtime')
LARGER_IS_LOOSER = (
    'watchdog_s', 'max_command_age_s', 'max_ahead_s', 'max_position_age_s', 'handover_after_s',
)  # fmt: skip


def loosened(old: SafetyConfig, new: SafetyConfig) -> tuple[str, ...]:
    """Names of the parameters that would allow more than before, in the order of their declaration."""
    names = {name for name in LARGER_IS_LOOSER if getattr(new, name) > getattr(old, name)}
    if new.handover_s < old.handover_s:
        names.add('handover_s')
    names |= {name for name in ('max_velocity', 'max_acceleration', 'max_position') if _any_above(old, new, name)}
    names |= {name for name in ('max_deceleration', 'max_jerk') if _optional_above(old, new, name)}
    if any(a < b for a, b in zip(new.min_position, old.min_position, strict=True)):
        names.add('min_position')
    names |= _places(old, new)
    return tuple(name for name in SafetyConfig.__dataclass_fields__ if name in names)


def fixed(old: SafetyConfig, new: SafetyConfig) -> None:
    """Refuse a change of what can't change while the filter runs.

    Raises:
        ConfigError: With the parameter's name.
    """
    changed = [name for name in FIXED if getattr(old, name) != getattr(new, name)]
    if changed:
        raise ConfigError(
            f'{changed[0]}: can not change while the filter runs; clean the node up and configure it anew.'
        )


def _any_above(old: SafetyConfig, new: SafetyConfig, name: str) -> bool:
    return any(b > a for a, b in zip(getattr(old, name), getattr(new, name), strict=True))


def _optional_above(old: SafetyConfig, new: SafetyConfig, name: str) -> bool:
    """Of lists that may be empty: no deceleration means the acceleration, no jerk any."""
    count = len(old.axes)
    before, after = (
        getattr(c, name) or (c.max_acceleration if name == 'max_deceleration' else (math.inf,) * count)
        for c in (old, new)
    )
    return any(b > a for a, b in zip(before, after, strict=True))


def _places(old: SafetyConfig, new: SafetyConfig) -> set[str]:
    names = set()
    before, after = fence_of(old), fence_of(new)
    has_border = before is not None or bool(old.altitude_band_m)
    if has_border and new.fence_margin_m < old.fence_margin_m:
        names.add('fence_margin_m')
    is_moved = before is not None and old.fence_xy_m != new.fence_xy_m
    if before and is_moved and (after is None or not before.holds(Fence(new.fence_xy_m, old.fence_margin_m))):
        names.add('fence_xy_m')
    if old.altitude_band_m and old.altitude_band_m != new.altitude_band_m:
        low, high = new.altitude_band_m or (-math.inf, math.inf)
        if low < old.altitude_band_m[0] or high > old.altitude_band_m[1]:
            names.add('altitude_band_m')
    return names
