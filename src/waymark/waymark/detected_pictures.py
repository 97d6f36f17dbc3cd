# SPDX-License-Identifier: Apache-2.0
"""Oriented boxes in an image or a recording: found, drawn over the images, and told as numbers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.boxes import corners
from waymark.detection import Detections, Detector
from waymark.errors import ConfigError
from waymark.target_video import text_wh, write_text
from waymark.types import Frame

PICTURES = ('.png', '.jpg', '.jpeg', '.bmp', '.webp')
VIDEOS = ('.mp4', '.avi', '.mkv')
COLOURS = ((60, 220, 60), (255, 170, 0), (70, 130, 255), (240, 80, 200), (0, 210, 220), (230, 220, 40))  # RGB

_FEW = 25  # boxes that may all have captions, however small they are


@dataclass
class DetectSummary:
    """What was seen in a recording.

    Attributes:
        frames: Number of images.
        counts: Boxes by class name, over all images.
        best: Best score by class name.
        ms_per_frame: Mean time of the detector, reading and drawing aside.
        rows: Per image, what `as_row` says.
    """

    frames: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    best: dict[str, float] = field(default_factory=dict)
    ms_per_frame: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)


def detect_frames(
    frames: Iterable[Frame],
    detector: Detector,
    show: Callable[[NDArray[np.uint8], Detections], None],
    each: Callable[[], None],
) -> DetectSummary:
    """Look for objects in every image.

    Args:
        frames: The images.
        detector: What finds them.
        show: Called with each image (H, W, 3) RGB and what is in it.
        each: Called after each image.

    Returns:
        The summary.
    """
    summary, spent_s = DetectSummary(), 0.0
    for frame in frames:
        begin = time.perf_counter()
        found = detector.detect(frame.rgb)
        spent_s += time.perf_counter() - begin
        summary.counts.update(found.names)
        for name, score in zip(found.names, found.scores.tolist(), strict=True):
            summary.best[name] = max(score, summary.best.get(name, 0.0))
        summary.rows.append(as_row(summary.frames, frame, found))
        show(frame.rgb, found)
        summary.frames += 1
        each()
    summary.ms_per_frame = 1000 * spent_s / max(summary.frames, 1)
    return summary


def as_row(index: int, frame: Frame, found: Detections) -> dict[str, Any]:
    """What is seen in one image, for JSON: boxes cx, cy, w, h in px, theta in rad (+x towards +y), best first."""
    boxes = zip(found.names, found.scores.tolist(), found.boxes.tolist(), strict=True)
    rows = [{'class': n, 'score': round(s, 4), 'box': [round(v, 4) for v in box]} for n, s, box in boxes]
    return {'frame': index, 'stamp_s': frame.header.stamp_s, 'boxes': rows}


def drawn(rgb: NDArray[np.uint8], found: Detections, track_ids: Sequence[int | None] = ()) -> NDArray[np.uint8]:
    """The image with every box in its class's colour, a thicker side where theta points to, and a caption.

    Captions hide no other: the best box has its own first. Where there are many boxes, only long ones have one.

    Args:
        rgb: (H, W, 3) uint8.
        found: What is in it.
        track_ids: Of each box, for the captions; empty, or None where a box has none.

    Returns:
        (H, W, 3) uint8.
    """
    picture = rgb.copy()
    thick = max(round(max(picture.shape) / 700), 1)
    shift = 4  # sixteenths of a pixel
    outlines = np.clip(corners(found.boxes), -1e5, 1e5)
    for outline, kind in zip(outlines, found.classes.tolist(), strict=True):
        points = np.rint(outline * (1 << shift)).astype(np.int32)
        colour = COLOURS[kind % len(COLOURS)]
        cv2.polylines(picture, [points], True, colour, thick, cv2.LINE_AA, shift)
        cv2.polylines(picture, [points[1:3]], False, colour, 2 * thick + 1, cv2.LINE_AA, shift)
    captions = [caption(found, index, track_ids) for index in range(len(found))]
    for index, at in _places(picture, found, outlines, captions):
        write_text(picture, captions[index], at, COLOURS[int(found.classes[index]) % len(COLOURS)])
    return picture


def caption(found: Detections, index: int, track_ids: Sequence[int | None] = ()) -> str:
    """What is written beside a box: class, score and, where it has one, the track's number."""
    text = f'{found.class_names[found.classes[index]]} {found.scores[index]:.2f}'
    return f'{text} #{track_ids[index]}' if track_ids and track_ids[index] is not None else text


def _places(
    picture: NDArray[np.uint8], found: Detections, outlines: NDArray[np.float64], captions: Sequence[str]
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Boxes that get a caption, and its lower left corner: above the box, or below where another one is in the way."""
    taken = np.empty((0, 4), int)  # left, top, right, bottom
    for index, text in enumerate(captions):
        width, height = text_wh(picture, text)
        if len(found) > _FEW and found.boxes[index, 2] < width / 2:
            continue
        low, high = outlines[index].min(axis=0), outlines[index].max(axis=0)
        start = outlines[index][outlines[index][:, 1].argmin(), 0]
        for x, y in ((start, low[1] - 4), (low[0], high[1] + height + 4)):
            right, bottom = max(picture.shape[1] - width - 2, 2), max(picture.shape[0] - 4, height + 2)
            left, y = int(np.clip(x, 2, right)), int(np.clip(y, height + 2, bottom))
            place = np.array([left, y - height, left + width, y])
            if not ((taken[:, :2] < place[2:]) & (place[:2] < taken[:, 2:])).all(axis=1).any():
                taken = np.vstack([taken, place])
                yield index, (left, y)
                break


def write_picture(picture: NDArray[np.uint8], path: Path) -> None:
    """Write an RGB image.

    Raises:
        ConfigError: The file can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    except (OSError, cv2.error):
        written = False
    if not written:
        raise ConfigError(f'{path} can not be written. Check the folder, or give another name.')
