# SPDX-License-Identifier: Apache-2.0
"""The flown path seen from above: where it was localized, where keyframes lie, which views were matched."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.report.pictures import spread
from waymark.report.plots import Tick, clock, counted, round_step
from waymark.report.run import LOCALIZATION_STATES, Run
from waymark.report.track import Track, lap_starts

_MAX_POINTS = 3000
_MAX_CLOSURES = 150
_WIDTH = 1000.0  # of the drawing; its height follows from the extent in metres
_ARROWS = 6
_ARROW_SIZE = 13.0  # half its length, drawing units
_MARGIN = 0.06  # of the larger side, around the path


@dataclass(frozen=True)
class Dot:
    """A marked position, in drawing units, with the text that hovering shows."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Line:
    """A loop closure from a query to its keyframe, in drawing units."""

    x1: float
    y1: float
    x2: float
    y2: float
    title: str


@dataclass(frozen=True)
class FlownPath:
    """What the template draws; `strokes` are (state, SVG path) pairs, `arrows` SVG paths."""

    topic: str
    height: float
    strokes: list[tuple[str, str]]
    keyframes: list[Dot]
    closures: list[Line]
    arrows: list[str]
    start: Dot
    end: Dot
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    grid_m: float
    summary: str


@dataclass(frozen=True)
class _Canvas:
    """Metres to drawing units: east to the right, north up."""

    left_m: float
    top_m: float
    width_m: float
    height_m: float

    @property
    def height(self) -> float:
        return round(_WIDTH * self.height_m / self.width_m, 1)

    def point(self, x_m: float, y_m: float) -> tuple[float, float]:
        scale = _WIDTH / self.width_m
        return round((x_m - self.left_m) * scale, 1), round((self.top_m - y_m) * scale, 1)

    def ticks(self, step: float) -> tuple[list[Tick], list[Tick]]:
        def along(start: float, length: float, is_down: bool) -> list[Tick]:
            first, last = math.ceil(start / step), math.floor((start + length) / step)
            places = [(k * step, 100 * (k * step - start) / length) for k in range(first, last + 1)]
            return [Tick(round(100 - p if is_down else p, 2), f'{m:g}'.replace('-', '−')) for m, p in places]

        return along(self.left_m, self.width_m, False), along(self.top_m - self.height_m, self.height_m, True)


def flown_path(run: Run, track: Track | None) -> FlownPath | None:
    """Lay out the map, None where no positions were recorded."""
    if track is None:
        return None
    canvas = _canvas(track.xyz_m[:, :2])
    step = round_step(max(canvas.width_m, canvas.height_m) / 10)
    x_ticks, y_ticks = canvas.ticks(step)
    ends = [canvas.point(*track.xyz_m[i, :2]) for i in (0, -1)]
    start, end = (Dot(*xy, name) for xy, name in zip(ends, ('start', 'end'), strict=True))
    return FlownPath(
        topic=track.topic,
        height=canvas.height,
        strokes=_strokes(run, track, canvas),
        keyframes=_keyframes(run, track, canvas),
        closures=_closures(run, track, canvas),
        arrows=_arrows(track, canvas),
        start=start,
        end=end,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        grid_m=step,
        summary=_summary(run, track),
    )


def match_distances_m(run: Run, track: Track | None) -> list[float]:
    """Distance over ground between query and keyframe of each match inside the track, m."""
    if track is None:
        return []
    pairs = [(track.at(m.stamp_ns), track.at(m.keyframe_stamp_ns)) for m in run.matches]
    return [math.dist(a, b) for a, b in pairs if a and b]


def _canvas(xy: NDArray[np.float64]) -> _Canvas:
    low, high = xy.min(axis=0), xy.max(axis=0)
    width, height = (max(float(v), 1.0) for v in high - low)
    margin = _MARGIN * max(width, height)
    width, height = width + 2 * margin, height + 2 * margin
    # Neither a thread nor a tower: the drawing is between 5:2 and 5:4.
    width, height = max(width, 1.25 * height), max(height, 0.4 * width)
    centre = (low + high) / 2
    return _Canvas(float(centre[0]) - width / 2, float(centre[1]) + height / 2, width, height)


def _strokes(run: Run, track: Track, canvas: _Canvas) -> list[tuple[str, str]]:
    keep = np.unique(np.linspace(0, len(track.stamps_ns) - 1, min(_MAX_POINTS, len(track.stamps_ns))).astype(int))
    states = _states_at(run, track.stamps_ns[keep])
    points = [canvas.point(*track.xyz_m[i, :2]) for i in keep]
    carried = track.carried
    strokes: list[tuple[str, list[tuple[float, float]]]] = []
    for i, point in enumerate(points):
        was_carried = i > 0 and bool(carried[keep[i - 1] : keep[i]].any())
        if not strokes or strokes[-1][0] != states[i] or was_carried:
            # A stroke starts where the one before ends: the path has a gap only where nobody flew.
            strokes.append((states[i], [points[i - 1]] if i and not was_carried else []))
        strokes[-1][1].append(point)
    # Localized stretches last: a second lap is drawn over the first.
    order = {'none': 0, 'LOST': 0, 'CANDIDATE': 1, 'LOCALIZED': 2}
    strokes.sort(key=lambda s: order[s[0]])
    return [(state, 'M' + 'L'.join(f'{x:g} {y:g}' for x, y in p)) for state, p in strokes]


def _states_at(run: Run, stamps_ns: NDArray[np.int64]) -> list[str]:
    if not run.localizations:
        return ['none'] * len(stamps_ns)
    known = np.array([s.stamp_ns for s in run.localizations])
    index = np.clip(np.searchsorted(known, stamps_ns, side='right') - 1, 0, None)
    return [LOCALIZATION_STATES[min(run.localizations[i].state, 2)] for i in index]


def _keyframes(run: Run, track: Track, canvas: _Canvas) -> list[Dot]:
    dots = []
    for keyframe in run.keyframes:
        at = track.at(keyframe.stamp_ns)
        if at:
            title = f'keyframe {keyframe.keyframe_id}, {clock(run.seconds(keyframe.stamp_ns), 1)}'
            dots.append(Dot(*canvas.point(*at), title))
    return dots


def _closures(run: Run, track: Track, canvas: _Canvas) -> list[Line]:
    lines = []
    for match in spread(run.matches, _MAX_CLOSURES, key=lambda m: m.stamp_ns):
        query, keyframe = track.at(match.stamp_ns), track.at(match.keyframe_stamp_ns)
        if query and keyframe:
            title = (
                f'{clock(run.seconds(match.stamp_ns), 1)} matched keyframe {match.keyframe_id}, '
                f'{math.dist(query, keyframe):.1f} m away'
            )
            lines.append(Line(*canvas.point(*query), *canvas.point(*keyframe), title))
    return lines


def _arrows(track: Track, canvas: _Canvas) -> list[str]:
    """Arrow heads in the direction of flight, evenly spaced along the first lap."""
    starts = lap_starts(track)
    end = int(np.searchsorted(track.stamps_ns, starts[1])) if len(starts) > 1 else len(track.stamps_ns)
    xy = np.array([canvas.point(x, y) for x, y in track.xyz_m[:end, :2]])
    steps = np.where(track.carried[: end - 1], 0.0, np.linalg.norm(np.diff(xy, axis=0), axis=1))
    flown = np.concatenate(([0.0], np.cumsum(steps)))
    arrows = []
    for share in (np.arange(_ARROWS) + 0.5) / _ARROWS:
        i = min(max(int(np.searchsorted(flown, share * flown[-1])), 1), len(xy) - 1)
        along = xy[i] - xy[i - 1]
        length = float(np.linalg.norm(along))
        if length > 0:
            ahead = along / length * _ARROW_SIZE
            side = np.array([-ahead[1], ahead[0]]) * 0.7
            points = (xy[i] + ahead, xy[i] - ahead + side, xy[i] - ahead * 0.4, xy[i] - ahead - side)
            arrows.append('M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in points) + 'Z')
    return arrows


def _summary(run: Run, track: Track) -> str:
    extent = np.ptp(track.xyz_m, axis=0)
    text = f'{track.length_m:,.0f} m flown over an area of {extent[0]:,.0f} m by {extent[1]:,.0f} m'
    distances = match_distances_m(run, track)
    if distances:
        text += (
            f'; query and keyframe of {counted(len(distances), "match")} lie '
            f'{np.median(distances):.1f} m apart in the median, {max(distances):.1f} m at most'
        )
    return text + '.'
