# SPDX-License-Identifier: Apache-2.0
"""One shot: a set, a camera that moves, and things that happen which are no cuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.films.moves import CALM, MOVES, Path, draw_path
from waymark_sim.films.sets import CANVAS_WH, paint_set

Frames = NDArray[np.uint8]  # (n, h, w, 3) RGB
_MOST_LOST = 8  # frames
_QUIET = 14  # frames at both ends in which nothing but motion happens


@dataclass(frozen=True, eq=False)
class Shot:
    """Frames in a row.

    Attributes:
        names: Of the motion, and of what happens.
        frames: (n, h, w, 3) uint8 RGB.
        periods: (n,) time before each frame, in frames: more than 1 where some were dropped.
    """

    names: str
    frames: Frames
    periods: NDArray[np.float64]


def shoot(rng: np.random.Generator, frames: int, size_wh: tuple[int, int], eventful: bool) -> Shot:
    """Film one shot.

    Args:
        rng: Decides everything.
        frames: Length.
        size_wh: px.
        eventful: Whether something happens, in the middle.
    """
    canvas = paint_set(rng)
    event = list(EVENTS)[int(rng.integers(len(EVENTS)))] if eventful and frames > 2 * _QUIET + 30 else ''
    move, path = draw_path(rng, frames + _MOST_LOST, _MOVES_WITH.get(event, MOVES))
    periods = np.ones(frames)
    if event == 'dropped':
        path = _dropped(rng, path, periods)
    path = path[:frames]
    shot = np.stack([_looked(canvas, row, size_wh) for row in path])
    if event:
        EVENTS[event](rng, shot)
    return Shot(' '.join(name for name in (move, event) if name), shot, periods)


def _looked(canvas: NDArray[np.uint8], row: NDArray[np.float64], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut the view out of the canvas: the whole height would be zoom 0.5."""
    x, y, zoom, turn = row
    scale = 2.0 * size_wh[1] / CANVAS_WH[1] * max(zoom, 0.75)
    free = (np.array(CANVAS_WH) - np.array(size_wh) / scale) / 2
    middle = np.array(CANVAS_WH) / 2 + np.array([x, y]) * free
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    M = np.array([[c, -s, 0.0], [s, c, 0.0]])
    M[:, 2] = np.array(size_wh) / 2 - M[:, :2] @ middle
    return np.asarray(cv2.warpAffine(canvas, M, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))


def _dropped(rng: np.random.Generator, path: Path, periods: NDArray[np.float64]) -> Path:
    """The camera's driver loses some frames, which shows in the stamps, or repeats one while it hangs."""
    at, lost = _middle(rng, len(periods), 12), int(rng.integers(3, _MOST_LOST + 1))
    later = np.arange(len(periods)) + lost * (np.arange(len(periods)) >= at)
    if rng.random() < 0.4:
        later[at - lost : at] = at - lost
    else:
        periods[at] += lost
    return path[later]


def _middle(rng: np.random.Generator, frames: int, length: int) -> int:
    return int(rng.integers(_QUIET, max(frames - _QUIET - length, _QUIET + 1)))


def _lit(shot: Frames, at: slice, gain: float, gamma: float = 1.0, white: float = 0.0) -> None:
    shot[at] = np.clip(255 * (shot[at] / 255.0) ** gamma * gain + white, 0, 255)


def _flash(rng: np.random.Generator, shot: Frames) -> None:
    """One to three flashes of one to four frames, up to all white, with or without an afterglow."""
    for _ in range(int(rng.integers(1, 4))):
        length = int(rng.integers(1, 5))
        at = _middle(rng, len(shot), length + 4)
        _lit(shot, slice(at, at + length), rng.uniform(1.5, 4.0), rng.uniform(0.5, 1.0), rng.uniform(0, 120))
        if rng.random() < 0.3:
            for k in range(3):
                _lit(shot, slice(at + length + k, at + length + k + 1), 1 + 0.8 / (k + 1), 1.0, 30 / (k + 1))


def _light(rng: np.random.Generator, shot: Frames) -> None:
    """The light goes out, or another one on, for a while or for good."""
    length = int(rng.integers(5, 25))
    at = _middle(rng, len(shot), length)
    end = at + length if rng.random() < 0.6 else len(shot)
    gain = rng.uniform(0.05, 0.5) if rng.random() < 0.6 else rng.uniform(1.4, 2.2)
    _lit(shot, slice(at, end), gain, rng.uniform(0.8, 1.3))


def _black_out(rng: np.random.Generator, shot: Frames) -> None:
    """Fade to black (or white) and back in the same scene."""
    out, hold, back = (int(v) for v in rng.integers((1, 0, 1), (12, 10, 12)))
    at = _middle(rng, len(shot), out + hold + back)
    level = np.concatenate([np.linspace(1, 0, out + 1)[1:], np.zeros(hold), np.linspace(0, 1, back + 1)[:-1]])
    white = 255.0 if rng.random() < 0.25 else 0.0
    part = slice(at, at + len(level))
    level = level[: len(shot[part]), None, None, None]
    shot[part] = np.clip(shot[part] * level + white * (1 - level), 0, 255)


def _vehicle(rng: np.random.Generator, shot: Frames) -> None:
    """Something large passes close by: it fills the picture, and goes."""
    h, w = shot.shape[1:3]
    body = cv2.resize(paint_set(rng), (int(w * rng.uniform(0.8, 1.6)), h))
    speed = w * rng.uniform(0.06, 0.25) * rng.choice([-1, 1])
    frames = int((body.shape[1] + w) / abs(speed))
    at = _middle(rng, len(shot), min(frames, len(shot) // 2))
    for k in range(min(frames, len(shot) - _QUIET - at)):
        left = (k * speed - body.shape[1]) if speed > 0 else w + k * speed
        M = np.array([[1, 0, left], [0, 1, 0.0]])
        cv2.warpAffine(body, M, (w, h), dst=shot[at + k], borderMode=cv2.BORDER_TRANSPARENT)


def _exposure(rng: np.random.Generator, shot: Frames) -> None:
    """Automatic exposure swings."""
    gains = np.exp(np.cumsum(rng.normal(0, 0.06, len(shot))))
    shot[:] = np.clip(shot * np.clip(gains, 0.4, 2.2)[:, None, None, None], 0, 255)


def _stay(rng: np.random.Generator, shot: Frames) -> None:
    """Dropped frames are made in the path."""


# What is in view after a camera swung round in the dark is another scene to anyone.
_MOVES_WITH = {'black_out': CALM, 'light': CALM, 'dropped': (*CALM, 'pan')}
EVENTS: dict[str, Callable[[np.random.Generator, Frames], None]] = {
    'flash': _flash,
    'light': _light,
    'black_out': _black_out,
    'vehicle': _vehicle,
    'exposure': _exposure,
    'dropped': _stay,
}
