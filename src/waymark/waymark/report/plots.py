# SPDX-License-Identifier: Apache-2.0
"""Geometry of the page's figures: ticks, percent positions and runs of equal states. Labels are HTML text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """A label of an axis, `percent` of its length from the start."""

    percent: float
    label: str


@dataclass(frozen=True)
class StateRun:
    """A stretch of equal states on a time axis; start and width in percent of it."""

    state: str
    percent: float
    width: float
    title: str


@dataclass(frozen=True)
class TimeAxis:
    """Seconds since the start of the run, shown from 0 to `duration_s`."""

    duration_s: float

    def percent(self, seconds: float) -> float:
        """Position of a moment, 0..100."""
        return round(100.0 * min(max(seconds / self.duration_s, 0.0), 1.0), 3) if self.duration_s > 0 else 0.0

    def ticks(self) -> list[Tick]:
        """Up to nine labels at round times."""
        step = round_time_step(self.duration_s / 8)
        count = int(self.duration_s / step + 1e-9) if step else 0
        return [Tick(self.percent(i * step), clock(i * step, decimals_for(step))) for i in range(count + 1)]


def clock(seconds: float, decimals: int = 0) -> str:
    """Seconds as people read them: `0:07`, `1:02.5`, `1:00:00`."""
    whole = round(seconds, decimals)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(int(minutes), 60)
    width = 2 if decimals == 0 else 3 + decimals
    tail = f'{rest:0{width}.{decimals}f}'
    return f'{hours}:{minutes:02d}:{tail}' if hours else f'{minutes}:{tail}'


def decimals_for(step_s: float) -> int:
    """Decimals that times `step_s` apart need so that no two of them read alike."""
    return max(0, math.ceil(-math.log10(step_s) - 1e-9)) if step_s > 0 else 0


def round_step(target: float) -> float:
    """The 1, 2 or 5 times a power of ten that is not below `target`; 0 for 0."""
    if target <= 0 or not math.isfinite(target):
        return 0.0
    power = 10.0 ** math.floor(math.log10(target))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= target * (1 - 1e-9)))


def round_time_step(target_s: float) -> float:
    """The round number of seconds (1, 2, 5, 10, 15, 30, minutes, ...) that is not below `target_s`."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    if target_s <= 1:
        return round_step(target_s)
    return float(next((s for s in steps if s >= target_s), 3600 * math.ceil(target_s / 3600)))


def state_runs(samples: Iterable[tuple[float, str]], axis: TimeAxis, gap_s: float) -> list[StateRun]:
    """Join neighbours of equal state.

    Args:
        samples: Seconds and state, in order of time.
        axis: Where they are drawn.
        gap_s: A state holds until the next sample, but not longer than this.
    """
    pieces: list[tuple[float, float, str]] = []
    ordered = list(samples)
    for i, (start, state) in enumerate(ordered):
        following = ordered[i + 1][0] if i + 1 < len(ordered) else start + gap_s
        end = min(following, start + gap_s)
        if pieces and pieces[-1][2] == state and start - pieces[-1][1] < 1e-6:
            pieces[-1] = (pieces[-1][0], end, state)
        else:
            pieces.append((start, end, state))
    return [_state_run(start, end, state, axis) for start, end, state in pieces]


def _state_run(start: float, end: float, state: str, axis: TimeAxis) -> StateRun:
    left = axis.percent(start)
    # A run of one frame has no length: its state fills the axis.
    width = max(round(axis.percent(end) - left, 3), 0.1) if axis.duration_s > 0 else 100.0
    return StateRun(state, left, width, f'{state} {clock(start, 1)} to {clock(end, 1)}')


def counted(count: int, noun: str) -> str:
    """`1 frame`, `2 frames`, `1,200 frames`, `2 matches`, `1 query`."""
    plural = f'{noun}es' if noun.endswith(('ch', 's', 'x')) else f'{noun}s'
    return f'{count:,} {noun if count == 1 else plural}'
