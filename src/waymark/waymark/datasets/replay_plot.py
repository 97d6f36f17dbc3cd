# SPDX-License-Identifier: Apache-2.0
"""A picture of a replayed episode: each element of the action over time, recorded and predicted."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.datasets.replay import ReplayedEpisode
from waymark.errors import ConfigError

Picture = NDArray[np.uint8]
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _HEAD = 380, 190, 64, 30, 24, 44
_INK, _PALE, _RECORDED, _PREDICTED = (40, 40, 40), (222, 222, 222), (40, 130, 60), (205, 60, 30)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def write_replay_plot(path: Path, replayed: ReplayedEpisode, title: str) -> None:
    """Draw every element of the action in a panel of its own.

    Raises:
        ConfigError: The file can't be written.
    """
    picture = replay_picture(replayed, title)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = cv2.imwrite(str(path), picture[:, :, ::-1])
    except (cv2.error, OSError):
        written = False
    if not written:
        raise ConfigError(f'{path}: can not be written. Give a name that ends in .png.')


def replay_picture(replayed: ReplayedEpisode, title: str) -> Picture:
    """RGB; recorded actions green, each answer of the policy red, with a dot where it was asked."""
    count = len(replayed.names)
    columns = min(4, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    picture = np.full((_HEAD + rows * _HEIGHT, max(columns * _WIDTH, 2 * _WIDTH), 3), 255, np.uint8)
    _text(picture, title, (14, 20), 0.55)
    _text(picture, 'recorded', (14, 38), 0.45, _RECORDED)
    _text(picture, 'predicted, a dot where the policy was asked', (90, 38), 0.45, _PREDICTED)
    for index in range(count):
        row, column = divmod(index, columns)
        y, x = _HEAD + row * _HEIGHT, column * _WIDTH
        _panel(picture[y : y + _HEIGHT, x : x + _WIDTH], replayed, index)
    return picture


def _panel(picture: Picture, replayed: ReplayedEpisode, index: int) -> None:
    recorded = replayed.recorded[:, index]
    chunks = [(k, c[:, index]) for k, c in replayed.chunks]
    values = np.concatenate([recorded, *(c for _, c in chunks)])
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    low, high = low - margin, high + margin

    def at(first: int, column: NDArray[np.float32]) -> NDArray[np.float64]:
        x = _LEFT + (first + np.arange(len(column))) / max(len(recorded) - 1, 1) * (_WIDTH - _LEFT - 14)
        y = _TOP + (high - column) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return np.column_stack([x, y])

    error = float(replayed.errors[:, index].mean())
    _text(picture, f'{replayed.names[index]}   mean error {error:.3g}', (_LEFT, 20))
    for share in (0.0, 0.5, 1.0):
        y = round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM))
        cv2.line(picture, (_LEFT, y), (_WIDTH - 14, y), _PALE, 1)
        _text(picture, f'{low + share * (high - low):.3g}', (6, y + 4), 0.36)
    _text(picture, f'{(len(recorded) - 1) / replayed.fps:.1f} s', (_WIDTH - 50, _HEIGHT - 8), 0.36)
    _line(picture, at(0, recorded), _RECORDED)
    for first, column in chunks:
        points = at(first, column)
        _line(picture, points, _PREDICTED)
        centre = np.rint(points[0]).astype(int)
        cv2.circle(picture, (int(centre[0]), int(centre[1])), 3, _PREDICTED, -1, cv2.LINE_AA)


def _line(picture: Picture, points: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    cv2.polylines(picture, [np.rint(points * 16).astype(np.int32)], False, colour, 1, cv2.LINE_AA, 4)


def _text(
    picture: Picture, text: str, at: tuple[int, int], scale: float = 0.42, colour: tuple[int, int, int] = _INK
) -> None:
    cv2.putText(picture, text, at, _FONT, scale, colour, 1, cv2.LINE_AA)
