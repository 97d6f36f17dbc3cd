# SPDX-License-Identifier: Apache-2.0
"""How a policy's chunks become motion."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import Config, param


@dataclass(frozen=True)
class PilotConfig(Config):
    """Time limits between an observation and an action."""

    max_observation_age_s: float = param(
        0.3, 'An image or state that is older is not shown to the policy.', gt=0.0, le=10.0, unit='s'
    )
    watchdog_s: float = param(
        1.0,
        'An action counts until the observation behind it is this old; then the safe action, whatever the policy does.',
        gt=0.0,
        le=10.0,
        unit='s',
    )
    replan_s: float = param(
        0.4, 'The next chunk is asked for when the last observation is this old; 0: at once.', ge=0.0, unit='s'
    )
    blend_s: float = param(
        0.3, 'Time in which one chunk goes over into the next, where the policy does not continue it.', ge=0.0, unit='s'
    )
    seed: int = param(-1, 'Makes answers repeatable, for tests; -1: left to chance.', ge=-1)
