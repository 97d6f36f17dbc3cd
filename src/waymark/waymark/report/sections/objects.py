# SPDX-License-Identifier: Apache-2.0
"""Oriented objects: how many of each class were seen and followed, and frames with their outlines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from waymark.boxes import corners
from waymark.report.pictures import Picture, fetch, shown_stamps, spread
from waymark.report.plots import clock
from waymark.report.run import BoxesSample, Run

_FRAMES = 6
_CLASSES = 20
_OUTLINES = 200  # in one frame
_WIDTH_PX = 400


@dataclass(frozen=True)
class ClassRow:
    """One class over the run; `share` of the looked at frames that show it."""

    name: str
    boxes: int
    tracks: int
    share: str


@dataclass(frozen=True)
class ObjectFrame:
    """One frame and the outlines in it, each as SVG points; `heads` are the sides that theta points to."""

    picture: Picture
    outlines: list[str]
    heads: list[str]
    time: str
    caption: str


@dataclass(frozen=True)
class Objects:
    """What the template draws: the classes with most boxes, how many more there are, and frames."""

    rows: list[ClassRow]
    more: int
    frames: int
    shown: list[ObjectFrame]


def objects(run: Run) -> Objects | None:
    """Count boxes and tracks by class and pick frames, None where nothing looked for objects."""
    if not run.boxes:
        return None
    boxes: dict[str, int] = defaultdict(int)
    tracks: dict[str, set[str]] = defaultdict(set)
    frames: dict[str, int] = defaultdict(int)
    for sample in run.boxes:
        for name in set(sample.names):
            frames[name] += 1
        for name, track in zip(sample.names, sample.track_ids, strict=True):
            boxes[name] += 1
            tracks[name] |= {track} - {''}
    names = sorted(boxes, key=lambda name: (-boxes[name], name))
    count = len(run.boxes)
    rows = [ClassRow(n, boxes[n], len(tracks[n]), f'{100 * frames[n] / count:.0f} %') for n in names[:_CLASSES]]
    return Objects(rows, len(names) - len(rows), count, _shown(run))


def _shown(run: Run) -> list[ObjectFrame]:
    stamps = set(shown_stamps(run).tolist())
    seen = [s for s in run.boxes if len(s.boxes) and s.stamp_ns in stamps]
    order = {id(s): i for i, s in enumerate(seen)}
    chosen = spread(seen, _FRAMES, key=lambda s: order[id(s)])
    pictures = fetch(run, {s.stamp_ns for s in chosen}, _WIDTH_PX)
    return [_frame(run, s, pictures[s.stamp_ns]) for s in chosen if s.stamp_ns in pictures]


def _frame(run: Run, sample: BoxesSample, picture: Picture) -> ObjectFrame:
    outlines = np.asarray(corners(sample.boxes[:_OUTLINES]))
    kinds = sorted(set(sample.names), key=lambda name: (-sample.names.count(name), name))
    return ObjectFrame(
        picture=picture,
        outlines=[_points(outline) for outline in outlines.tolist()],
        heads=[_points(outline[1:3]) for outline in outlines.tolist()],
        time=clock(run.seconds(sample.stamp_ns), 1),
        caption=', '.join(f'{sample.names.count(name)} {name}' for name in kinds[:4]),
    )


def _points(points: list[list[float]]) -> str:
    return ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
