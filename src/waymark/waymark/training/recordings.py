# SPDX-License-Identifier: Apache-2.0
"""A user's recording as small pictures in order, and where they were taken when that is known."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.sources.config import ImageSourceConfig
from waymark.sources.open import is_live, open_source

SIZE_WH = (160, 120)  # a little more than encoders take, so that views can be shifted
_FEWEST = 16


@dataclass(frozen=True, eq=False)
class Recording:
    """Frames of one recording.

    Attributes:
        frames: (N, 120, 160, 3) uint8 RGB, whatever their aspect was: encoders stretch, too.
        numbers: (N,) of the frames in the recording, from 0.
        positions_m: (N, 2) where each was taken, None where unknown.
    """

    frames: NDArray[np.uint8]
    numbers: NDArray[np.int64]
    positions_m: NDArray[np.float64] | None = None


def read_recording(uri: str, most: int, truth: str = '') -> Recording:
    """Read the frames of a recording, evenly spread when there are more than `most`.

    Args:
        uri: As image_source takes it; not a live one.
        most: Frames to keep at most.
        truth: CSV with the columns frame, x, y in m; '' takes the simulator's own poses, if it is one.

    Raises:
        SourceError: The recording can't be read.
        ConfigError: It is live, or has too few frames, or the CSV is not what it should be.
    """
    if is_live(uri):
        raise ConfigError(f'images: {uri!r} is live. Record it first.')
    frames: list[NDArray[np.uint8]] = []
    numbers: list[int] = []
    poses: list[NDArray[np.float64] | None] = []
    stride = 1
    source = open_source(ImageSourceConfig(input=uri, pace='fast'))
    try:
        for number, item in enumerate(source.frames()):
            if number % stride:
                continue
            frames.append(np.asarray(cv2.resize(item.frame.rgb, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8))
            numbers.append(number)
            poses.append(None if item.T_map_base is None else item.T_map_base[:2, 3])
            if len(frames) > most:
                frames, numbers, poses, stride = frames[::2], numbers[::2], poses[::2], 2 * stride
    finally:
        source.close()
    if len(frames) < _FEWEST:
        raise ConfigError(f'images: {uri!r} has {len(frames)} frames, needed are at least {_FEWEST}. Record more.')
    known = np.asarray([p for p in poses if p is not None])
    positions = read_truth(Path(truth), np.asarray(numbers)) if truth else known if len(known) == len(frames) else None
    return Recording(np.stack(frames), np.asarray(numbers, np.int64), positions)


def read_truth(path: Path, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Read where frames were taken; (N, 2) m for frames `numbers` (N,), interpolated between the rows.

    Raises:
        ConfigError: It can't be read, or lacks a column.
    """
    try:
        with path.open(newline='', encoding='utf-8') as file:
            rows = [(float(r['frame']), float(r['x']), float(r['y'])) for r in csv.DictReader(file)]
    except OSError as error:
        raise ConfigError(f'truth: {str(path)!r} can not be read: {error.strerror}.') from error
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError(f'truth: {str(path)!r} needs the columns frame, x and y with numbers ({error}).') from error
    if not rows:
        raise ConfigError(f'truth: {str(path)!r} has no rows below its heading frame,x,y.')
    table = np.asarray(sorted(rows))
    return np.column_stack([np.interp(numbers, table[:, 0], table[:, k]) for k in (1, 2)])
