# SPDX-License-Identifier: Apache-2.0
"""A drawing of a map: from above where keyframes have poses, else in order of time; an arc for each link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.maps import Keyframe, PlaceMap

_WIDTH, _HEIGHT = 1000.0, 620.0  # units of the drawing
_MARGIN = 30.0
_ARC_HEIGHT = 240.0
_GAP = 4.0  # steps between neighbours, in median steps, that break the line: the robot was carried or GPS was lost


@dataclass(frozen=True)
class Plan:
    """One drawing.

    Attributes:
        is_map: From above (metres), or in order of time.
        size: Width and height, units of the drawing.
        dots: Path with a dot for each keyframe that has no link.
        linked: Path with a dot for each that has one.
        way: Path through the keyframes in order of time; '' where they lie on a line anyway.
        links: Path of each link, and what it says.
        scale: Length of the bar in metres and in units of the drawing; None unless `is_map`.
        without_pose: Keyframes that are not on it.
    """

    is_map: bool
    size: tuple[float, float]
    dots: str
    linked: str
    way: str
    links: list[tuple[str, str]]
    scale: tuple[float, float] | None
    without_pose: int


def draw_plan(place_map: PlaceMap) -> Plan | None:
    """Draw a map; None where there is nothing to see: fewer than two keyframes, or neither poses nor links."""
    views = list(place_map.keyframes.values())
    posed = [k for k in views if k.pose is not None]
    if len(posed) >= 2:
        at = np.array([k.pose.position_m[:2] for k in posed if k.pose is not None])
        points, per_metre, size = _fitted(at)
        metres = _round(120.0 / per_metre)
        drawn = _drawn(place_map, posed, points, bend=0.12)
        return Plan(
            True, size, *drawn[:2], _way(points), drawn[2], (metres, metres * per_metre), len(views) - len(posed)
        )
    if not place_map.links:
        return None
    points = np.column_stack([np.linspace(_MARGIN, _WIDTH - _MARGIN, len(views)), np.full(len(views), _ARC_HEIGHT)])
    drawn = _drawn(place_map, views, points, bend=0.5)
    return Plan(False, (_WIDTH, _ARC_HEIGHT + 20), *drawn[:2], '', drawn[2], None, 0)


def _drawn(
    place_map: PlaceMap, views: list[Keyframe], points: NDArray[np.float64], bend: float
) -> tuple[str, str, list[tuple[str, str]]]:
    """Dots of keyframes without and with a link, and the links."""
    where = {k.keyframe_id: point for k, point in zip(views, points, strict=True)}
    linked = {i for link in place_map.links for i in (link.first, link.second)}
    with_link = np.array([k.keyframe_id in linked for k in views], np.bool_)
    return _dots(points[~with_link]), _dots(points[with_link]), _links(place_map, where, bend)


def _fitted(at: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, tuple[float, float]]:
    """Positions (N, 2) m, y to the north, as points of a drawing whose y goes down; its scale and size."""
    low, span = at.min(axis=0), np.maximum(np.ptp(at, axis=0), 1e-6)
    per_metre = float(min((_WIDTH - 2 * _MARGIN) / span[0], (_HEIGHT - 2 * _MARGIN) / span[1]))
    height = max(span[1] * per_metre + 2 * _MARGIN, 120.0)
    left = (_WIDTH - span[0] * per_metre) / 2
    x = left + (at[:, 0] - low[0]) * per_metre
    y = height - _MARGIN - (at[:, 1] - low[1]) * per_metre
    return np.column_stack([x, y]), per_metre, (_WIDTH, height)


def _dots(points: NDArray[np.float64]) -> str:
    return ''.join(f'M{x:.1f} {y:.1f}h0' for x, y in points)


def _way(points: NDArray[np.float64]) -> str:
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    far = _GAP * float(np.median(steps)) if len(steps) else 0.0
    parts = [f'M{points[0, 0]:.1f} {points[0, 1]:.1f}']
    parts += [f'{"L" if s <= far else "M"}{x:.1f} {y:.1f}' for (x, y), s in zip(points[1:], steps, strict=True)]
    return ''.join(parts)


def _links(place_map: PlaceMap, where: dict[int, NDArray[np.float64]], bend: float) -> list[tuple[str, str]]:
    """Curves from keyframe to keyframe, bent upwards by a share of their length."""
    drawn = []
    for link in place_map.links:
        if link.first in where and link.second in where:
            a, b = sorted((where[link.first], where[link.second]), key=lambda p: float(p[0]))
            apart = float(np.hypot(*(b - a)))
            middle = (a + b) / 2 - [0, min(2 * bend * apart, 2 * (_ARC_HEIGHT - _MARGIN))]
            path = f'M{a[0]:.1f} {a[1]:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {b[0]:.1f} {b[1]:.1f}'
            drawn.append((path, f'keyframes {link.first} and {link.second}, {link.inliers} inliers'))
    return drawn


def _round(metres: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten."""
    power = 10 ** float(np.floor(np.log10(metres)))
    return min((1, 2, 5, 10), key=lambda n: abs(n * power - metres)) * power
