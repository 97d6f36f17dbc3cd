# SPDX-License-Identifier: Apache-2.0
"""Localization over time: states, the similarity behind them, and arcs from each query to its keyframe."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from waymark.report.pictures import spread
from waymark.report.plots import StateRun, Tick, TimeAxis, clock, counted, state_runs
from waymark.report.run import LOCALIZATION_STATES, LocalizationSample, Run, was_compared

_MAX_ARCS = 60
_MAX_POINTS = 600
_STALE_S = 2.0  # a state is not drawn longer than this past its message


@dataclass(frozen=True)
class Lane:
    """One state on its own line."""

    state: str
    runs: list[StateRun]
    share: str


@dataclass(frozen=True)
class Localization:
    """What the template draws, x in percent of the time axis.

    `similarity` is an SVG path over a box of 100 x 100, `arcs` are (SVG path, title) in the same box.
    """

    lanes: list[Lane]
    ticks: list[Tick]
    similarity: str
    similarity_range: tuple[float, float]
    arcs: list[tuple[str, str]]
    keyframe_marks: list[float]
    summary: str


def localization(run: Run, axis: TimeAxis) -> Localization | None:
    """Lay out the timeline, None where no Localization was recorded."""
    samples = sorted(run.localizations, key=lambda s: s.stamp_ns)
    if not samples:
        return None
    low, high, path = _similarity(run, samples, axis)
    return Localization(
        lanes=_lanes(run, samples, axis),
        ticks=axis.ticks(),
        similarity=path,
        similarity_range=(low, high),
        arcs=_arcs(run, axis),
        keyframe_marks=[axis.percent(run.seconds(k.stamp_ns)) for k in run.keyframes],
        summary=_summary(run, samples),
    )


def _lanes(run: Run, samples: list[LocalizationSample], axis: TimeAxis) -> list[Lane]:
    timed = [(run.seconds(s.stamp_ns), LOCALIZATION_STATES[min(s.state, 2)]) for s in samples]
    runs = state_runs(timed, axis, _STALE_S)
    counts = Counter(state for _, state in timed)
    return [
        Lane(state, [r for r in runs if r.state == state], f'{100 * counts[state] / len(timed):.0f} %')
        for state in reversed(LOCALIZATION_STATES)
    ]


def _similarity(run: Run, samples: list[LocalizationSample], axis: TimeAxis) -> tuple[float, float, str]:
    # 0 stands for "nothing to compare with yet", until a keyframe is old enough.
    known = [s for s in samples if s.keyframe_count and np.isfinite(s.best_similarity)]
    if len(known) < 2 or not was_compared(known):
        return 0.0, 1.0, ''
    values = np.array([s.best_similarity for s in known])
    low = float(np.floor(values.min() * 10) / 10)
    high = max(float(np.ceil(values.max() * 10) / 10), low + 0.1)
    keep = np.unique(np.linspace(0, len(known) - 1, min(_MAX_POINTS, len(known))).astype(int))
    x = [axis.percent(run.seconds(known[i].stamp_ns)) for i in keep]
    y = 100 * (high - values[keep]) / (high - low)
    return low, high, 'M' + 'L'.join(f'{a:g} {b:.1f}' for a, b in zip(x, y, strict=True))


def _arcs(run: Run, axis: TimeAxis) -> list[tuple[str, str]]:
    arcs = []
    inside = [m for m in run.matches if run.span_ns[0] <= m.keyframe_stamp_ns <= run.span_ns[1]]
    chosen = spread(inside, _MAX_ARCS, key=lambda m: m.stamp_ns)
    longest_ns = max((abs(m.stamp_ns - m.keyframe_stamp_ns) for m in chosen), default=0) or 1
    for match in chosen:
        query, keyframe = (run.seconds(s) for s in (match.stamp_ns, match.keyframe_stamp_ns))
        x1, x2 = axis.percent(keyframe), axis.percent(query)
        # A curve reaches 3/4 of the way to its control points: the longest arc fills the box.
        top = 100 - 126 * abs(match.stamp_ns - match.keyframe_stamp_ns) / longest_ns
        title = f'{clock(query, 1)} shows the place of keyframe {match.keyframe_id} ({clock(keyframe, 1)})'
        arcs.append((f'M{x1:g} 100C{x1:g} {top:.1f} {x2:g} {top:.1f} {x2:g} 100', title))
    return arcs


def _summary(run: Run, samples: list[LocalizationSample]) -> str:
    first = next((s for s in samples if s.state == 2), None)
    if first is None and was_compared(samples):
        return 'No place was recognized.'
    if first is None and not max(s.keyframe_count for s in samples):
        return 'There was no keyframe: no image had anything in view.'
    if first is None:
        return 'No keyframe became old enough to be compared with (place recognition leaves the latest ones out).'
    text = f'First localized at {clock(run.seconds(first.stamp_ns), 1)}'
    if run.matches:
        inliers = np.median([m.inliers for m in run.matches])
        keyframes = len({m.keyframe_id for m in run.matches})
        text += (
            f'; {counted(len(run.matches), "verified match")} with {counted(keyframes, "keyframe")}, '
            f'{inliers:.0f} inliers in the median'
        )
        earlier = sum(m.keyframe_stamp_ns < run.span_ns[0] for m in run.matches)
        if earlier:
            text += f'; {counted(earlier, "match")} with keyframes of an earlier run, which have no arc'
    return text + '.'
