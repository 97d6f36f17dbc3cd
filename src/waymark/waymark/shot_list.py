# SPDX-License-Identifier: Apache-2.0
"""`waymark shots`: the shots of a recording as a table, CSV, JSON and a contact sheet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.contact_sheet import contact_sheet, write_picture
from waymark.errors import ConfigError
from waymark.listing import clock, csv_text, json_text, write_file
from waymark.shots import Boundary, BoundaryDetector, ShotsConfig
from waymark.types import NANOSECONDS, Frame

PICTURE_PX = 320  # longer side of the pictures on the sheet
_CANDIDATES = 16  # pictures kept of the shot that is going on


@dataclass(frozen=True, eq=False)
class Shot:
    """Frames between two boundaries.

    Attributes:
        first, last: Its frames, both included; they count from 0.
        start_s, end_s: Time of these frames since the recording's first.
        begin: The boundary that it begins with; None for the first shot.
        picture: RGB, at most 320 px, of a frame about its middle.
    """

    first: int
    last: int
    start_s: float
    end_s: float
    begin: Boundary | None
    picture: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ShotList:
    """What was found in a recording.

    Attributes:
        shots: In order; at least one.
        frames: Number of frames.
        ms_per_frame: Time that the detector took, reading aside.
    """

    shots: tuple[Shot, ...]
    frames: int
    ms_per_frame: float

    @property
    def boundaries(self) -> list[Boundary]:
        """In order of their frames."""
        return [shot.begin for shot in self.shots if shot.begin is not None]


@dataclass
class _Pictures:
    """A few small pictures, spread over the shot that is going on: where its middle is shows only at its end."""

    kept: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    step: int = 1

    def offer(self, index: int, frame: Frame) -> None:
        if index % self.step == 0:
            self.kept[index] = _small(frame)
        if len(self.kept) > _CANDIDATES:
            self.step *= 2
            self.kept = {i: p for i, p in self.kept.items() if i % self.step == 0}

    def of(self, first: int, last: int) -> NDArray[np.uint8] | None:
        inside = [i for i in self.kept if first <= i <= last]
        return self.kept[min(inside, key=lambda i: abs(2 * i - first - last))] if inside else None

    def forget_before(self, index: int) -> None:
        self.kept = {i: p for i, p in self.kept.items() if i >= index}
        self.step = 1


def list_shots(frames: Iterable[Frame], config: ShotsConfig, each: Callable[[], None] = lambda: None) -> ShotList:
    """Find the shots of a recording.

    Args:
        frames: In order.
        config: Of the detector.
        each: Called after each frame.

    Raises:
        ConfigError: There is no frame.
    """
    detector, pictures = BoundaryDetector(config), _Pictures()
    stamps: list[int] = []
    found: list[Boundary] = []
    shown: dict[int, NDArray[np.uint8]] = {}
    spent_s = 0.0
    for index, frame in enumerate(frames):
        pictures.offer(index, frame)
        stamps.append(frame.header.stamp_ns)
        began = time.perf_counter()
        boundary = detector.observe(frame)
        spent_s += time.perf_counter() - began
        if boundary is not None:
            _close(found, boundary, pictures, shown)
        each()
    if not stamps:
        raise ConfigError('the recording holds no image. Give one that does.')
    for boundary in detector.finish():
        _close(found, boundary, pictures, shown)
    shots = _shots(sorted(found, key=lambda b: b.frame_index), stamps, pictures, shown)
    return ShotList(shots, len(stamps), 1000 * spent_s / len(stamps))


def _close(found: list[Boundary], boundary: Boundary, pictures: _Pictures, shown: dict[int, NDArray[np.uint8]]) -> None:
    """Choose the picture of the shot that this boundary ends."""
    first = max((b.frame_index for b in found), default=0)
    picture = pictures.of(first, boundary.start_index - 1)
    if picture is not None:
        shown[first] = picture
    pictures.forget_before(boundary.frame_index)
    found.append(boundary)


def _shots(
    found: list[Boundary], stamps: list[int], pictures: _Pictures, shown: dict[int, NDArray[np.uint8]]
) -> tuple[Shot, ...]:
    firsts = [0, *(b.frame_index for b in found)]
    lasts = [*(b.frame_index - 1 for b in found), len(stamps) - 1]
    shots = []
    for first, last, begin in zip(firsts, lasts, [None, *found], strict=True):
        picture = shown.get(first)
        if picture is None:
            picture = pictures.of(first, last)
        if picture is None:  # it was too short for a picture of its own
            picture = np.zeros((PICTURE_PX * 3 // 4, PICTURE_PX, 3), np.uint8)
        times = [(stamps[i] - stamps[0]) / NANOSECONDS for i in (first, last)]
        shots.append(Shot(first, last, times[0], times[1], begin, picture))
    return tuple(shots)


def _small(frame: Frame) -> NDArray[np.uint8]:
    scale = min(1.0, PICTURE_PX / max(frame.size_wh))
    size_wh = max(1, round(frame.size_wh[0] * scale)), max(1, round(frame.size_wh[1] * scale))
    return np.asarray(cv2.resize(frame.rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


COLUMNS = 'shot', 'first_frame', 'last_frame', 'start_s', 'end_s', 'begins_with', 'change_from_frame', 'score'


def rows(found: ShotList) -> list[tuple[Any, ...]]:
    """One row per shot, as COLUMNS says; a cut changes from the frame that it is at."""
    table = []
    for number, shot in enumerate(found.shots, start=1):
        begin = shot.begin
        times = round(shot.start_s, 3), round(shot.end_s, 3)
        what = (begin.kind, begin.start_index, round(begin.score, 3)) if begin else ('', '', '')
        table.append((number, shot.first, shot.last, *times, *what))
    return table


def as_csv(found: ShotList) -> str:
    """The rows with a line of names."""
    return csv_text(COLUMNS, rows(found))


def as_json(found: ShotList, name: str) -> str:
    """The same for programs; `cuts` and `gradual` are what `waymark eval shots` reads as truth."""
    boundaries = [
        {'frame': b.frame_index, 'kind': b.kind, 'change_from_frame': b.start_index, 'stamp_ns': b.stamp_ns,
         'score': round(b.score, 4)}
        for b in found.boundaries
    ]  # fmt: skip
    content = {
        'input': name,
        'frames': found.frames,
        'ms_per_frame': round(found.ms_per_frame, 4),
        'cuts': [b.frame_index for b in found.boundaries if b.kind == 'cut'],
        'gradual': [[b.start_index, b.frame_index] for b in found.boundaries if b.kind != 'cut'],
        'boundaries': boundaries,
        'shots': [dict(zip(COLUMNS, (v if v != '' else None for v in row), strict=True)) for row in rows(found)],
    }
    return json_text(content)


def sheet_of(found: ShotList, name: str) -> NDArray[np.uint8]:
    """A picture of each shot with its number, frames, time and beginning, RGB."""
    items = []
    for row, shot in zip(rows(found), found.shots, strict=True):
        begin = f'{row[5]}, score {row[7]}' if shot.begin else 'beginning'
        items.append((shot.picture, f'{row[0]}: {clock(shot.start_s)}, {begin}\nframes {shot.first} to {shot.last}'))
    return contact_sheet(items, title=f'{name}: {len(items)} shots, {found.frames} frames')


def write_shots(found: ShotList, name: str, folder: Path) -> list[Path]:
    """Write shots.csv, shots.json and shots.jpg; returns them.

    Raises:
        ConfigError: A file can't be written.
    """
    written = [write_file(folder / 'shots.csv', as_csv(found)), write_file(folder / 'shots.json', as_json(found, name))]
    sheet = folder / 'shots.jpg'
    write_picture(sheet, sheet_of(found, name))
    return [*written, sheet]
