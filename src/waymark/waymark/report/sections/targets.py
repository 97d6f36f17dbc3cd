# SPDX-License-Identifier: Apache-2.0
"""Planar targets: when each was tracked, and frames with its corners drawn."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from waymark.report.pictures import Picture, fetch, shown_stamps, spread
from waymark.report.plots import StateRun, Tick, TimeAxis, clock, state_runs
from waymark.report.run import TARGET_STATES, Run, TargetSample

_FRAMES = 6
_MAX_LANES = 20
_WIDTH_PX = 400
_STALE_S = 2.0
_TRACKING = 1
LEARNT = 'first_frame'  # the tracker's name for what it learnt because it was given no target


@dataclass(frozen=True)
class TargetLane:
    """One target over time."""

    target_id: str
    runs: list[StateRun]
    share: str


@dataclass(frozen=True)
class Overlay:
    """One frame with a target in it; `points` are its corners as SVG points, `first` the first of them."""

    picture: Picture
    target_id: str
    points: str
    first: tuple[float, float]
    time: str
    inliers: int
    quality: str


@dataclass(frozen=True)
class Targets:
    """What the template draws: the targets tracked longest, how many more there are, whether one was learnt."""

    lanes: list[TargetLane]
    more: int
    is_learnt: bool
    ticks: list[Tick]
    overlays: list[Overlay]


def targets(run: Run, axis: TimeAxis) -> Targets | None:
    """Lay out the timelines and pick frames, None where no targets were recorded."""
    if not run.targets:
        return None
    by_id: dict[str, list[TargetSample]] = defaultdict(list)
    for sample in run.targets:
        by_id[sample.target_id].append(sample)
    counts = tracked_frames(run)
    shown = sorted(by_id, key=lambda name: (-counts[name], name))[:_MAX_LANES]
    lanes = [_lane(run, name, by_id[name], axis) for name in shown]
    return Targets(lanes, len(by_id) - len(shown), LEARNT in by_id, axis.ticks(), _overlays(run))


def shown_name(target_id: str) -> str:
    """What to call a target; the page explains the one that the tracker learnt by itself."""
    return {'': 'the target', LEARNT: 'first view'}.get(target_id, target_id)


def tracked_frames(run: Run) -> dict[str, int]:
    """Frames in which each target was tracked."""
    counts = {t.target_id: 0 for t in run.targets}
    for target in run.targets:
        counts[target.target_id] += target.state == _TRACKING
    return counts


def _lane(run: Run, name: str, samples: list[TargetSample], axis: TimeAxis) -> TargetLane:
    timed = [(run.seconds(s.stamp_ns), TARGET_STATES[min(s.state, 2)]) for s in samples]
    timed.sort(key=lambda t: t[0])
    share = Counter(state for _, state in timed)['TRACKING'] / len(timed)
    return TargetLane(shown_name(name), state_runs(timed, axis, _STALE_S), f'{100 * share:.0f} %')


def _overlays(run: Run) -> list[Overlay]:
    stamps = set(shown_stamps(run).tolist())
    tracked = [t for t in run.targets if t.corners_px is not None and t.stamp_ns in stamps]
    # Spread over the tracked frames, not over time: a target is in view only for moments.
    order = {id(t): i for i, t in enumerate(tracked)}
    chosen = spread(tracked, _FRAMES, key=lambda t: order[id(t)])
    pictures = fetch(run, {t.stamp_ns for t in chosen}, _WIDTH_PX)
    return [_overlay(run, t, pictures[t.stamp_ns]) for t in chosen if t.stamp_ns in pictures]


def _overlay(run: Run, target: TargetSample, picture: Picture) -> Overlay:
    corners = [] if target.corners_px is None else target.corners_px.tolist()
    return Overlay(
        picture=picture,
        target_id=shown_name(target.target_id),
        points=' '.join(f'{x:.1f},{y:.1f}' for x, y in corners),
        first=(round(corners[0][0], 1), round(corners[0][1], 1)),
        time=clock(run.seconds(target.stamp_ns), 1),
        inliers=target.inliers,
        quality=f'{target.quality:.2f}',
    )
