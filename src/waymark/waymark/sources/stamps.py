# SPDX-License-Identifier: Apache-2.0
"""Stamps of inputs that have no clock of their own."""

from __future__ import annotations

from waymark.types import NANOSECONDS

# Zero means "no stamp" to ROS, so that recorded time begins at one second.
FIRST_STAMP_NS = NANOSECONDS


def stamp_of(index: int, rate_hz: float) -> int:
    """Return the stamp of frame `index` (from 0), ns: 1 s + index / rate; rounding errors do not add up."""
    return FIRST_STAMP_NS + round(index * NANOSECONDS / rate_hz)
