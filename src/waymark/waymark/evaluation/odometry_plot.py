# SPDX-License-Identifier: Apache-2.0
"""A picture of flights: the way from above, true and estimated, and the error with the doubt that was stated."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.evaluation.odometry import FlightRecord

Picture = NDArray[np.uint8]
_SIDE = 560
_MARGIN = 56
_INK, _PALE, _TRUE, _FOUND, _DOUBT = (40, 40, 40), (220, 220, 220), (60, 140, 60), (200, 60, 30), (235, 205, 190)


def write_plot(records: list[FlightRecord], path: Path) -> None:
    """Draw the first flight.

    Raises:
        ConfigError: Nothing was flown, or the file can't be written.
    """
    flown = [r for r in records if len(r.positions_m) > 1]
    if not flown:
        raise ConfigError(f'--plot {path}: no flight got poses. Leave it out.')
    picture = np.hstack([_way(flown[0]), _errors(flown[0])])
    try:
        written = cv2.imwrite(str(path), picture[:, :, ::-1])
    except cv2.error:
        written = False
    if not written:
        raise ConfigError(f'--plot {path}: can not be written. Give a name that ends in .png.')


def _way(record: FlightRecord) -> Picture:
    """Seen from above; x to the right."""
    found, true = (np.array(v)[:, :2] for v in (record.positions_m, record.truths_m))
    both = np.vstack([found, true])
    low, span = both.min(axis=0), float((both.max(axis=0) - both.min(axis=0)).max()) or 1.0
    picture = _sheet('way from above: true (green), odometry (red)')
    for points, colour in ((true, _TRUE), (found, _FOUND)):
        at = (points - low) / span * (_SIDE - 2 * _MARGIN)
        _line(picture, np.column_stack([_MARGIN + at[:, 0], _SIDE - _MARGIN - at[:, 1]]), colour)
    metres = _round(span / 4)
    end = _MARGIN + round(metres / span * (_SIDE - 2 * _MARGIN))
    cv2.line(picture, (_MARGIN, _SIDE - 24), (end, _SIDE - 24), _INK, 2)
    _text(picture, f'{metres:g} m', (_MARGIN, _SIDE - 30))
    return picture


def _errors(record: FlightRecord) -> Picture:
    """Position error over time, with the stated 95 % bound of it."""
    errors, t = record.errors_m, np.array(record.stamps_s) - record.stamps_s[0]
    bounds = np.array(record.bounds_m)
    top = _round(1.2 * max(float(errors.max()), float(bounds.max()), 1e-3))
    picture = _sheet('position error, m (red), and its stated 95 % bound')
    size = _SIDE - 2 * _MARGIN
    x = _MARGIN + t / max(float(t[-1]), 1e-9) * size

    def at(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([x, _SIDE - _MARGIN - values / top * size])

    area = np.vstack([at(bounds), at(np.zeros_like(bounds))[::-1]])
    cv2.fillPoly(picture, [np.rint(area).astype(np.int32)], _DOUBT, cv2.LINE_AA)
    for share in (0.0, 0.5, 1.0):
        y = round(_SIDE - _MARGIN - share * size)
        cv2.line(picture, (_MARGIN, y), (_SIDE - _MARGIN, y), _PALE, 1)
        _text(picture, f'{share * top:g}', (8, y + 5))
    _line(picture, at(errors), _FOUND)
    _text(picture, f'{t[-1]:.0f} s', (_SIDE - _MARGIN - 30, _SIDE - 30))
    return picture


def _sheet(title: str) -> Picture:
    picture = np.full((_SIDE, _SIDE, 3), 255, np.uint8)
    _text(picture, title, (_MARGIN, 30))
    return picture


def _text(picture: Picture, text: str, at: tuple[int, int]) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)


def _line(picture: Picture, points: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    cv2.polylines(picture, [np.rint(points * 16).astype(np.int32)], False, colour, 2, cv2.LINE_AA, 4)


def _round(value: float) -> float:
    """The next of 1, 2, 5, 10, ... at or above a number."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(k * power for k in (1, 2, 5, 10) if k * power >= value * (1 - 1e-9)))
