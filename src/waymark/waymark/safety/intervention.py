# SPDX-License-Identifier: Apache-2.0
"""What the filter changed or refused, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(str, Enum):
    """Why a command did not go through as it was. The first seven change it, the others refuse it as a whole."""

    VELOCITY = 'velocity'
    ACCELERATION = 'acceleration'
    JERK = 'jerk'
    POSITION = 'position'
    FENCE = 'fence'
    ALTITUDE = 'altitude'
    NOT_FINITE = 'not_finite'
    SIZE = 'size'
    JOINTS = 'joints'
    ZERO_STAMP = 'zero_stamp'
    TOO_OLD = 'too_old'
    AHEAD = 'ahead'
    NOT_NEWER = 'not_newer'
    BEFORE_RELEASE = 'before_release'


@dataclass(frozen=True)
class Intervention:
    """One axis that did not get what was asked for.

    Attributes:
        axis: 'linear.x' .. 'angular.z' or a joint; '' for the command as a whole.
        reason: Which limit.
        requested: m/s, rad/s, or rad (m) of a joint's position; for a refusal its age, s.
        allowed: What it got instead; for a refusal the largest age, s.
    """

    axis: str
    reason: Reason
    requested: float
    allowed: float
