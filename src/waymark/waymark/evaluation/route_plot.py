# SPDX-License-Identifier: Apache-2.0
"""A picture of repeated routes: from above, taught and flown, and how far beside it over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.evaluation.route import FlightLog

Picture = NDArray[np.uint8]
_SIDE, _MARGIN, _MOST = 520, 44, 6
_INK, _PALE, _TAUGHT, _FLOWN, _OFF = (40, 40, 40), (225, 225, 225), (60, 140, 60), (200, 60, 30), (235, 170, 150)


def write_route_plot(logs: Sequence[FlightLog], path: Path) -> None:
    """Draw the first few flights.

    Raises:
        ConfigError: The file can't be written.
    """
    picture = np.vstack([np.hstack([_way(log), _lateral(log)]) for log in logs[:_MOST]])
    try:
        written = cv2.imwrite(str(path), picture[:, :, ::-1])
    except cv2.error:
        written = False
    if not written:
        raise ConfigError(f'--plot {path}: can not be written. Give a name that ends in .png.')


def _way(log: FlightLog) -> Picture:
    places = np.array(log.places_m).reshape(-1, 2)
    both = np.vstack([places, log.taught_m])
    low, span = both.min(axis=0), float((both.max(axis=0) - both.min(axis=0)).max()) or 1.0
    picture = _sheet(
        f'taught (green), flown (red; pale: lost); {span:.0f} m; {"success" if log.is_success else "FAIL"}'
    )

    def at(points: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled = (points - low) / span * (_SIDE - 2 * _MARGIN)
        return np.column_stack([_MARGIN + scaled[:, 0], _SIDE - _MARGIN - scaled[:, 1]])

    _line(picture, at(log.taught_m), _TAUGHT, 3)
    way = at(places)
    for number in range(1, len(way)):
        _line(picture, way[number - 1 : number + 1], _FLOWN if log.follows[number] else _OFF, 1)
    return picture


def _lateral(log: FlightLog) -> Picture:
    lateral = np.minimum(log.lateral_m, 10.0)
    top = max(float(lateral.max(initial=0.0)), 0.5)
    picture = _sheet(f'beside the taught way, to {top:.1f} m (red counts), over {log.stamps_s[-1]:.0f} s')
    size = _SIDE - 2 * _MARGIN
    x = _MARGIN + np.array(log.stamps_s) / log.stamps_s[-1] * size
    y = _SIDE - _MARGIN - lateral / top * size
    cv2.line(picture, (_MARGIN, _SIDE - _MARGIN), (_SIDE - _MARGIN, _SIDE - _MARGIN), _PALE, 1)
    points, counts = np.column_stack([x, y]), log.converged
    for number in range(1, len(points)):
        _line(picture, points[number - 1 : number + 1], _FLOWN if counts[number] else _OFF, 1)
    return picture


def _sheet(title: str) -> Picture:
    picture = np.full((_SIDE, _SIDE, 3), 255, np.uint8)
    cv2.putText(picture, title, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
    return picture


def _line(picture: Picture, points: NDArray[np.float64], colour: tuple[int, int, int], width: int) -> None:
    cv2.polylines(picture, [np.rint(points * 16).astype(np.int32)], False, colour, width, cv2.LINE_AA, 4)
