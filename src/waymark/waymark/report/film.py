# SPDX-License-Identifier: Apache-2.0
"""A film of the routes that were flown: what the camera saw, beside it the way from above; an animated GIF."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.image.gif import GIF_COLOURS
from waymark.report.pictures import data_uri, fetch_bgr, shown_stamps
from waymark.report.plots import clock
from waymark.report.run import RouteSample, Run
from waymark.report.track import Track

_PICTURES, _LENGTH_S = 60, 12.0
_CAMERA_PX, _SIDE_PX, _MARGIN_PX, _HEAD_PX = 240, 180, 12, 14  # the head has the words
_TAUGHT, _FLOWN, _VEHICLE, _PAPER, _INK = (40, 170, 220), (40, 60, 230), (255, 120, 40), (245, 245, 245), (40, 40, 40)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def film_uri(run: Run, track: Track | None, goals: list[list[RouteSample]]) -> str | None:
    """Make the film.

    Args:
        run: Its notes grow where this OpenCV writes no GIF.
        track: Where the vehicle was; without one the film shows the camera alone.
        goals: Samples of each teaching and repetition.

    Returns:
        A data URI; None where there is no image of a route, or no GIF can be written.
    """
    if not goals:
        return None
    stamps = shown_stamps(run)
    inside = stamps[(stamps >= goals[0][0].stamp_ns) & (stamps <= goals[-1][-1].stamp_ns)]
    if not len(inside):
        return None
    if not hasattr(cv2, 'imencodeanimation') or not cv2.haveImageWriter('.gif'):
        run.notes.append(f'no film of the routes: this OpenCV ({cv2.__version__}) writes no GIF, 4.12 and later do.')
        return None
    chosen = inside[np.unique(np.linspace(0, len(inside) - 1, _PICTURES).round().astype(int))]
    images = fetch_bgr(run, [int(s) for s in chosen], _CAMERA_PX)
    pictures = [_picture(run, image, stamp, track, goals) for stamp, (image, _) in sorted(images.items())]
    return _gif(pictures) if pictures else None


def _picture(
    run: Run, image: NDArray[np.uint8], stamp_ns: int, track: Track | None, goals: list[list[RouteSample]]
) -> NDArray[np.uint8]:
    """Camera on the left, on the right the way so far from above, north up; BGR."""
    height, width = image.shape[:2]
    camera = cv2.resize(image, (max(round(width * _SIDE_PX / height), 1), _SIDE_PX), interpolation=cv2.INTER_AREA)
    above = np.full((_SIDE_PX, _SIDE_PX, 3), _PAPER, np.uint8)
    goal = next((g for g in goals if g[0].stamp_ns <= stamp_ns <= g[-1].stamp_ns), None)
    if track is not None:
        _draw(above, track, stamp_ns, goals)
    doing = '' if goal is None else 'teaching' if goal[-1].progress is None else 'repeating'
    cv2.putText(above, f'{clock(run.seconds(stamp_ns))} {doing}', (6, 14), _FONT, 0.42, _INK, 1, cv2.LINE_AA)
    return np.asarray(np.hstack([camera, above]), np.uint8)


def _draw(above: NDArray[np.uint8], track: Track, stamp_ns: int, goals: list[list[RouteSample]]) -> None:
    low, high = track.xyz_m[:, :2].min(axis=0), track.xyz_m[:, :2].max(axis=0)
    scale = (_SIDE_PX - 2 * _MARGIN_PX - _HEAD_PX) / max(float((high - low).max()), 1.0)
    middle_px = (_SIDE_PX / 2, (_SIDE_PX + _HEAD_PX) / 2)
    flights = np.concatenate([[0], np.cumsum(track.carried)])  # a number for each stretch without being carried

    def px(which: NDArray[np.bool_]) -> NDArray[np.int32]:
        points = (track.xyz_m[which, :2] - (low + high) / 2) * (scale, -scale) + middle_px
        return np.asarray(np.rint(points), np.int32)

    past = track.stamps_ns <= stamp_ns
    for goal in goals:
        during = past & (track.stamps_ns >= goal[0].stamp_ns) & (track.stamps_ns <= goal[-1].stamp_ns)
        is_taught = goal[-1].progress is None
        colour, width = (_TAUGHT, 4) if is_taught else (_FLOWN, 1)
        lines = [px(during & (flights == number)) for number in np.unique(flights[during])]
        cv2.polylines(above, lines, False, colour, width, cv2.LINE_AA)
    if past.any():
        x, y = px(past)[-1].tolist()
        cv2.circle(above, (x, y), 5, _VEHICLE, -1, cv2.LINE_AA)


def _gif(pictures: list[NDArray[np.uint8]]) -> str | None:
    size_wh = pictures[0].shape[1::-1]
    animation: Any = cv2.Animation()  # type: ignore[attr-defined,unused-ignore]
    animation.frames = [p if p.shape[1::-1] == size_wh else cv2.resize(p, size_wh) for p in pictures]
    animation.durations = [round(1000 * _LENGTH_S / len(pictures))] * len(pictures)
    done, data = cv2.imencodeanimation('.gif', animation, GIF_COLOURS)  # type: ignore[attr-defined,unused-ignore]
    return data_uri('image/gif', np.asarray(data, np.uint8).tobytes()) if done else None
