# SPDX-License-Identifier: Apache-2.0
"""Planar targets through a recording: followed, drawn over the images, and told as numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.sources.base import SourceFrame
from waymark.tracking import PlanarTracker, TargetState, TrackState
from waymark.types import Frame

_COLOURS = ((60, 220, 60), (255, 170, 0), (70, 130, 255), (240, 80, 200), (0, 210, 220), (230, 220, 40))  # RGB
_MISSING = (255, 70, 60)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CODECS = {'.mp4': 'mp4v', '.avi': 'MJPG', '.mkv': 'MJPG'}


@dataclass
class TrackSummary:
    """What became of the targets in a recording.

    Attributes:
        frames: Number of images.
        seen: Images in which each target was TRACKING.
        lost: How often each was lost.
        ms_per_frame: Mean time of the tracker, reading and drawing aside.
        rows: Per image, what `as_row` says.
    """

    frames: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    ms_per_frame: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)


def track_targets(
    items: Iterable[SourceFrame],
    tracker: PlanarTracker,
    show: Callable[[Frame, tuple[TargetState, ...]], None],
    each: Callable[[], None],
) -> TrackSummary:
    """Follow targets through a recording.

    Args:
        items: Its images; a camera of another size than its image gives no poses.
        tracker: Knows the targets.
        show: Called with each image and what is seen in it.
        each: Called after each image.

    Returns:
        The summary.
    """
    summary, spent_s = TrackSummary(), 0.0
    before: dict[str, TrackState] = {}
    for item in items:
        fits = item.camera is not None and tuple(item.camera.size_wh) == tuple(item.frame.size_wh)
        begin = time.perf_counter()
        states = tracker.track(item.frame, item.camera if fits else None)
        spent_s += time.perf_counter() - begin
        for state in states:
            name, is_seen = state.target_id, state.state is TrackState.TRACKING
            summary.seen[name] = summary.seen.get(name, 0) + is_seen
            was_lost = before.get(name) is TrackState.TRACKING and not is_seen
            summary.lost[name] = summary.lost.get(name, 0) + was_lost
            before[name] = state.state
        summary.rows.append(as_row(summary.frames, item.frame, states))
        show(item.frame, states)
        summary.frames += 1
        each()
    summary.ms_per_frame = 1000 * spent_s / max(summary.frames, 1)
    return summary


def as_row(index: int, frame: Frame, states: tuple[TargetState, ...]) -> dict[str, Any]:
    """What is seen in one image, for JSON; a target that is not TRACKING has a reason and no numbers."""
    return {'frame': index, 'stamp_s': frame.header.stamp_s, 'targets': [_state_row(s) for s in states]}


def _state_row(state: TargetState) -> dict[str, Any]:
    row: dict[str, Any] = {'id': state.target_id, 'state': state.state.name}
    if state.homography is None or state.corners_px is None:
        return row | {'reason': state.reason}
    row |= {
        'H': state.homography.H_cur_ref.tolist(),
        'corners_px': state.corners_px.tolist(),
        'inliers': state.inliers,
        'quality': round(state.quality, 4),
        'agreement': round(state.agreement, 4),
    }
    if state.pose is not None:
        row |= {'T_camera_target': state.pose.T_camera_target.tolist(), 'covariance': state.pose.covariance.tolist()}
    return row


def drawn(frame: Frame, states: tuple[TargetState, ...]) -> NDArray[np.uint8]:
    """The image with an outline and a name about each target that is seen, and a line for each that is not.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    picture = frame.rgb.copy()
    thick = max(round(max(picture.shape) / 400), 1)
    for number, state in enumerate(states):
        colour = _COLOURS[number % len(_COLOURS)]
        if state.corners_px is None:
            write_text(picture, f'{state.target_id} {state.state.name}', (8, 24 * thick * (number + 1) // 2), _MISSING)
            continue
        quad = np.rint(np.clip(state.corners_px, -1e5, 1e5)).astype(np.int32)
        cv2.polylines(picture, [quad], True, colour, thick, cv2.LINE_AA)
        cv2.circle(picture, tuple(int(v) for v in quad[0]), 3 * thick, colour, -1, cv2.LINE_AA)  # the top left
        at = tuple(
            int(v) for v in np.clip(quad.min(axis=0) - [0, 6], [2, 16], [frame.size_wh[0] - 2, frame.size_wh[1] - 2])
        )
        write_text(picture, _caption(state), at, colour)
    return picture


def _caption(state: TargetState) -> str:
    text = f'{state.target_id} {state.agreement:.2f}'
    if state.pose is None:
        return text
    return f'{text} {float(np.linalg.norm(state.pose.T_camera_target[:3, 3])):.2f} m'


def write_text(picture: NDArray[np.uint8], text: str, at: tuple[int, ...], colour: tuple[int, int, int]) -> None:
    """Write a text with a dark rim onto an image (H, W, 3) uint8; `at` is its lower left corner, px."""
    for shade, width in (((0, 0, 0), 3), (colour, 1)):
        cv2.putText(picture, text, at, _FONT, _text_scale(picture), shade, width, cv2.LINE_AA)


def text_wh(picture: NDArray[np.uint8], text: str) -> tuple[int, int]:
    """How wide and high `write_text` writes a text onto an image, px."""
    (width, height), _ = cv2.getTextSize(text, _FONT, _text_scale(picture), 3)
    return width, height


def _text_scale(picture: NDArray[np.uint8]) -> float:
    return max(float(max(picture.shape)) / 1300, 0.45)


class VideoFile:
    """Writes a video; its size is that of the first image, and others are fitted into it."""

    def __init__(self, path: Path, rate_hz: float) -> None:
        """Make the folder.

        Raises:
            ConfigError: The name has no suffix of a video.
        """
        if path.suffix.lower() not in _CODECS:
            raise ConfigError(f'{path}: give the overlay a name that ends in {", ".join(_CODECS)}.')
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._rate_hz = path, rate_hz
        self._writer: cv2.VideoWriter | None = None
        self._size_wh = (0, 0)

    def __enter__(self) -> VideoFile:
        """The file is made with the first image."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, also after an error: what was written can be watched."""
        if self._writer is not None:
            self._writer.release()

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Append an image (H, W, 3) uint8 RGB.

        Raises:
            ConfigError: The file can't be written.
        """
        size_wh = (picture.shape[1], picture.shape[0])
        if self._writer is None:
            code = cv2.VideoWriter.fourcc(*_CODECS[self._path.suffix.lower()])
            self._writer, self._size_wh = cv2.VideoWriter(str(self._path), code, self._rate_hz, size_wh), size_wh
            if not self._writer.isOpened():
                raise ConfigError(f'{self._path} can not be written. Check the folder, or give another name.')
        if size_wh != self._size_wh:
            picture = np.asarray(cv2.resize(picture, self._size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        self._writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def first_then_rest(items: Iterator[SourceFrame]) -> tuple[SourceFrame, Iterator[SourceFrame]]:
    """Look at the first image, of which boxes are cut, without losing it.

    Raises:
        ConfigError: There is none.
    """
    first = next(items, None)
    if first is None:
        raise ConfigError('the recording has no image.')

    def chained() -> Iterator[SourceFrame]:
        yield first
        yield from items

    return first, chained()
