# SPDX-License-Identifier: Apache-2.0
"""Routes that were taught and repeated: when, how far, and how far beside."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from waymark.report.film import film_uri
from waymark.report.plots import StateRun, Tick, TimeAxis, clock, counted, state_runs
from waymark.report.run import LOCALIZATION_STATES, RouteSample, Run
from waymark.report.track import Track

_MAX_POINTS = 600
_STALE_S = 1.0
_SETTLED = 1 / 3  # of a repetition, after which its distance to the taught way counts


@dataclass(frozen=True)
class Routes:
    """What the template draws, x in percent of the time axis.

    Attributes:
        lanes: (label, stretches, what stands beside) for each teaching and repetition, in order of time.
        ticks: Of the time axis.
        beside: SVG path over a box of 100 x 100: distance to the left of the route as the follower says it.
        beside_m: The box reaches from minus this to plus this.
        sentences: One for each teaching and repetition.
        film: Data URI of an animated GIF; None without images.
    """

    lanes: list[tuple[str, list[StateRun], str]]
    ticks: list[Tick]
    beside: str
    beside_m: float
    sentences: list[str]
    film: str | None = None


def routes(run: Run, track: Track | None, axis: TimeAxis) -> Routes | None:
    """Lay out the section, None where no route was worked on."""
    goals = _goals(run.routes)
    if not goals:
        return None
    way = _way(track, goals)
    lanes, sentences = [], []
    for goal in goals:
        timed = [(run.seconds(s.stamp_ns), _state_of(s)) for s in goal]
        label, share = _label(goal)
        lanes.append((label, state_runs(timed, axis, _STALE_S), share))
        sentences.append(_sentence(run, goal, track, way))
    reach, path = _beside(run, goals, axis)
    return Routes(lanes, axis.ticks(), path, reach, sentences, film_uri(run, track, goals))


def _goals(samples: list[RouteSample]) -> list[list[RouteSample]]:
    """Samples by goal, in order of time."""
    ordered = sorted(samples, key=lambda s: (s.goal, s.stamp_ns))
    found = [list(group) for _, group in groupby(ordered, key=lambda s: s.goal)]
    return sorted(found, key=lambda group: group[0].stamp_ns)


def _state_of(sample: RouteSample) -> str:
    return 'TRACKING' if sample.progress is None else LOCALIZATION_STATES[min(sample.state, 2)]


def _label(goal: list[RouteSample]) -> tuple[str, str]:
    last = goal[-1]
    if last.progress is None:
        return 'taught', f'{last.length_m:.0f} m'
    return 'repeated', f'{100 * last.progress:.0f} %'


def _sentence(run: Run, goal: list[RouteSample], track: Track | None, way: NDArray[np.float64]) -> str:
    last = goal[-1]
    when = f'{clock(run.seconds(goal[0].stamp_ns))} to {clock(run.seconds(last.stamp_ns))}'
    if last.progress is None:
        return f'Taught from {when}: {counted(last.keyframes, "keyframe")}, {last.length_m:.0f} m.'
    beside = np.abs([s.lateral_m for s in goal])
    text = (
        f'Repeated from {when}, to {100 * last.progress:.0f} % of the route; '
        f'by its own account {np.median(beside):.2f} m beside it in the median'
    )
    away = _away(goal, track, way)
    if len(away):
        text += f', in truth {away.mean():.2f} m in the mean and {np.percentile(away, 95):.2f} m at the 95th percentile'
        text += ' after the first third'
    return text + '.'


def _way(track: Track | None, goals: list[list[RouteSample]]) -> NDArray[np.float64]:
    """(N, 2) where the vehicle truly was while the last route was taught; none where the truth is not known."""
    taught = [g for g in goals if g[0].progress is None]
    if track is None or 'ground_truth' not in track.topic or not taught:
        return np.zeros((0, 2))
    return _between(track, taught[-1])


def _between(track: Track, goal: list[RouteSample], share: float = 0.0) -> NDArray[np.float64]:
    first, last = goal[0].stamp_ns, goal[-1].stamp_ns
    inside = (track.stamps_ns >= first + share * (last - first)) & (track.stamps_ns <= last)
    return track.xyz_m[inside, :2]


def _away(goal: list[RouteSample], track: Track | None, way: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) distances to the taught way, m."""
    if track is None or len(way) < 2:
        return np.zeros(0)
    start, step = way[:-1], np.diff(way, axis=0)
    length2 = np.maximum((step**2).sum(axis=1), 1e-12)
    away = []
    for place in _between(track, goal, _SETTLED):
        along = np.clip(((place - start) * step).sum(axis=1) / length2, 0.0, 1.0)
        away.append(float(np.hypot(*(start + along[:, None] * step - place).T).min()))
    return np.array(away)


def _beside(run: Run, goals: list[list[RouteSample]], axis: TimeAxis) -> tuple[float, str]:
    repeated = [g for g in goals if g[-1].progress is not None]
    if not repeated:
        return 0.0, ''
    reach = max(float(np.ceil(2 * max(abs(s.lateral_m) for g in repeated for s in g)) / 2), 0.5)
    paths = []
    for goal in repeated:
        keep = np.unique(np.linspace(0, len(goal) - 1, min(_MAX_POINTS, len(goal))).astype(int))
        points = [(axis.percent(run.seconds(goal[i].stamp_ns)), 50 - 50 * goal[i].lateral_m / reach) for i in keep]
        paths.append('M' + 'L'.join(f'{x:g} {y:.1f}' for x, y in points))
    return reach, ''.join(paths)
