# SPDX-License-Identifier: Apache-2.0
"""Walls and boxes that look like something: bricks, plaster, posters, stains; and a way between them."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.planes import Plane
from waymark_sim.scene import Wall

_PX_PER_M = 100
_SEGMENT_M = 2.0
_HEIGHTS_M = (1.8, 2.6)
_BOX_M, _BOX_HEIGHT_M = (0.4, 0.9), (0.5, 1.1)


def wall_planes(wall: Wall) -> list[Plane]:
    """The four upright faces of a wall, each with a picture of its own; what is above the camera's eye is not seen."""
    faces = []
    corners = footprint(wall)
    for number, (here, there) in enumerate(zip(corners, np.roll(corners, -1, axis=0), strict=True)):
        length = float(np.hypot(*(there - here)))
        rgb = paint_wall(length, wall.height_m, np.random.default_rng((wall.picture, number, 19)))
        # Seen from outside, counter-clockwise corners go from left to right.
        corner, right = np.r_[here, wall.height_m], np.r_[(there - here) / length, 0.0]
        faces.append(Plane.of_picture(rgb, corner, right, (length, wall.height_m)))
    return faces


def footprint(wall: Wall) -> NDArray[np.float64]:
    """(4, 2) corners on the ground, m, counter-clockwise from the right of its start."""
    start, end = np.array(wall.start_m), np.array(wall.end_m)
    ahead = (end - start) / np.hypot(*(end - start))
    side = wall.thickness_m / 2 * np.array([-ahead[1], ahead[0]])
    return np.array([start - side, end - side, end + side, start + side])


def paint_wall(length_m: float, height_m: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A picture of a wall, (H, W, 3): clouds of dirt over paint, and signs, doors and windows."""
    height, width = max(round(height_m * _PX_PER_M), 8), max(round(length_m * _PX_PER_M), 8)
    base = rng.uniform(90, 190, 3)
    picture = np.ones((height, width, 3), np.float32) * base.astype(np.float32)
    for cell, strength in ((60, 22.0), (20, 14.0), (7, 10.0), (3, 8.0)):
        small = rng.normal(0.0, strength, (height // cell + 2, width // cell + 2, 1)).astype(np.float32)
        picture += cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)[:, :, None]
    for _ in range(max(round(5 * length_m * height_m), 2)):
        at = rng.uniform((0, 0), (width, height))
        half = rng.uniform(4, 26, 2)
        angle = rng.normal(0.0, 8.0)
        colour = [float(v) for v in np.clip(base + rng.normal(0.0, 60.0, 3), 10, 245)]
        box = cv2.boxPoints((tuple(map(float, at)), tuple(map(float, 2 * half)), float(angle)))
        cv2.fillPoly(picture, [np.rint(box).astype(np.int32)], colour, cv2.LINE_AA)
    return np.clip(picture, 0, 255).astype(np.uint8)


def walled_way(way_m: NDArray[np.float64], seed: int, beside_m: float = 2.6) -> tuple[Wall, ...]:
    """Walls on both sides of a way, boxes before them, and an end behind either end.

    Args:
        way_m: (N, 2) m, points 0.1 m apart.
        seed: Of all that is drawn.
        beside_m: Of the walls from the way.
    """
    rng = np.random.default_rng((seed, 20))
    course = np.gradient(way_m, axis=0)
    course /= np.hypot(*course.T)[:, None]
    normal = np.column_stack([-course[:, 1], course[:, 0]])
    ends = way_m[0] - 3.0 * course[0], way_m[-1] + 4.0 * course[-1]
    places: list[Wall] = []
    for sign in (1.0, -1.0):
        line = way_m + sign * beside_m * normal
        line = np.vstack([ends[0] + sign * beside_m * normal[0], line, ends[1] + sign * beside_m * normal[-1]])
        places += _wall_along(line, rng)
    for end, across in zip(ends, (normal[0], normal[-1]), strict=True):
        places += _wall_along(np.linspace(end - beside_m * across, end + beside_m * across, 60), rng)
    for at in np.arange(10, len(way_m), 22):
        sign, off = rng.choice((-1.0, 1.0)), rng.uniform(1.5, 1.9)
        places.append(_box(way_m[at] + sign * off * normal[at], rng))
    return tuple(places)


def _wall_along(line_m: NDArray[np.float64], rng: np.random.Generator) -> list[Wall]:
    """Straight pieces along a line (N, 2)."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line_m, axis=0).T))])
    count = max(math.ceil(way[-1] / _SEGMENT_M), 1)
    at = np.linspace(0.0, way[-1], count + 1)
    points = np.column_stack([np.interp(at, way, line_m[:, k]) for k in (0, 1)])
    return [
        Wall(_place(here), _place(there), float(rng.uniform(*_HEIGHTS_M)), 0.2, int(rng.integers(2**31)))
        for here, there in zip(points[:-1], points[1:], strict=True)
    ]


def _box(middle: NDArray[np.float64], rng: np.random.Generator) -> Wall:
    length, thickness, height = rng.uniform(*_BOX_M), rng.uniform(*_BOX_M), rng.uniform(*_BOX_HEIGHT_M)
    angle = rng.uniform(0, math.pi)
    half = length / 2 * np.array([math.cos(angle), math.sin(angle)])
    return Wall(_place(middle - half), _place(middle + half), float(height), float(thickness), int(rng.integers(2**31)))


def _place(point: NDArray[np.float64]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
