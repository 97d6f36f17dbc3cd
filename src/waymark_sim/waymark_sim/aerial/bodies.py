# SPDX-License-Identifier: Apache-2.0
"""Vehicles as a camera near the ground sees them: bodies in perspective, with wheels, windows, lights and plates.

A body is a side profile drawn across its width. In its frame u goes from the nose (0) to the tail, v from the middle
to its right, z up from the ground; in metres once it is scaled.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark_sim.aerial.leaves import Picture, draw
from waymark_sim.aerial.shapes import SHAPES
from waymark_sim.aerial.thing import GLASS, Colour, Polygon, near, paint, rounded, shaded

Floats = NDArray[np.float64]
_TYRE: Colour = (24, 24, 26)
_RIM: Colour = (150, 152, 156)
_LAMP: Colour = (236, 238, 232)
_TAIL: Colour = (170, 24, 28)
_PLATE: Colour = (226, 226, 214)
_NEAREST_M = 0.5


@dataclass(frozen=True)
class Eye:
    """A camera that looks along the ground.

    Attributes:
        focal_px: Of the picture painted.
        middle: (x of the axis, y of the horizon), px.
        height_m: Above the ground.
    """

    focal_px: float
    middle: tuple[float, float]
    height_m: float

    def seen(self, points: Floats) -> Polygon:
        """Pixels (N, 2) of points (N, 3): right, up from the ground, ahead, m."""
        ahead = np.maximum(points[:, 2], _NEAREST_M)
        x = self.middle[0] + self.focal_px * points[:, 0] / ahead
        y = self.middle[1] + self.focal_px * (self.height_m - points[:, 1]) / ahead
        return np.column_stack([x, y])


@dataclass(frozen=True, eq=False)
class Face:
    """A flat part of a body: points (N, 3) in the world, m, what is painted on it included after it."""

    points: Floats
    colour: Colour
    on_it: tuple[tuple[Floats, Colour], ...] = ()


class Body:
    """One vehicle where it stands."""

    def __init__(self, x: float, ahead: float, heading: float, sun: Floats, rng: np.random.Generator) -> None:
        """Choose one.

        Args:
            x: Of its middle, m to the right.
            ahead: Of its middle, m.
            heading: Of its nose, from right towards ahead, rad.
            sun: (3,) where light comes from.
            rng: Decides what it is.
        """
        shapes, weights = zip(*SHAPES, strict=True)
        self._shape = shape = shapes[int(rng.choice(len(shapes), p=np.array(weights) / sum(weights)))]
        self.kind = shape.kind
        self._size = np.array([rng.uniform(*limits) for limits in shape.size_m])
        self._turn, self._at, self._sun, self._rng = heading, np.array([x, 0.0, ahead]), sun, rng
        self._paint = paint(rng)
        self._load = near((200, 200, 198), rng, 40) if rng.random() < 0.6 else paint(rng)
        self._narrow = float(rng.uniform(0.72, 0.95))  # the roof beside the waist
        is_tall = shape.kind == 'small vehicle' and shape.size_m[2][0] > 1.6
        has_wide = is_tall and rng.random() < 0.3
        self._track = float(rng.uniform(1.04, 1.18)) if has_wide else 1.01  # where tyres end, shares of half the width
        self._radius_m = 0.5 * (float(rng.uniform(0.62, 0.82)) if shape.kind == 'small vehicle' else 1.0)
        self._glass = near(GLASS, rng, 16) if rng.random() < 0.7 else near((110, 128, 142), rng, 20)

    @property
    def x_m(self) -> float:
        """Of its middle, to the right."""
        return float(self._at[0])

    @property
    def ahead_m(self) -> float:
        """Of its middle."""
        return float(self._at[2])

    def is_clear_of(self, other: Body) -> bool:
        """Whether both can stand where they do: one behind the other, or side by side in the same direction."""
        far = np.array([other.x_m - self.x_m, other.ahead_m - self.ahead_m])
        nose = np.array([np.cos(self._turn), np.sin(self._turn)])
        is_alike = abs(np.sin(self._turn - other._turn)) < 0.3
        aside = abs(far @ (-nose[1], nose[0])) > 1.3 * (self._size[1] + other._size[1]) / 2
        return bool(np.hypot(*far) > 1.05 * (self.reach_m + other.reach_m) or (is_alike and aside))

    @property
    def reach_m(self) -> float:
        """How far it reaches from its middle."""
        return float(np.hypot(*self._size[:2])) / 2

    def painted(self, picture: Picture, eye: Eye) -> Polygon:
        """Paint it; returns all that was painted of it, (N, 2) px."""
        self._shadow(picture, eye)
        faces = [face for face in self._faces() if self._is_towards(face.points, eye)]
        wheels = [face for face in self._wheels() if self._is_towards(face.points, eye)]
        faces.sort(key=lambda face: -np.linalg.norm(face.points.mean(axis=0) - (0, eye.height_m, 0)))
        mirrors = [face for face in self._mirrors() if self._is_towards(face.points, eye)]
        everything = []
        for tyre in self._tyres():  # the body hides their upper part
            everything.append(np.asarray(cv2.convexHull(eye.seen(tyre).astype(np.float32))[:, 0], np.float64))
            draw(picture, everything[-1], _TYRE)
        for face in [*faces, *wheels, *mirrors]:
            for points, colour in ((face.points, self._lit(face)), *face.on_it):
                pixels = eye.seen(points)
                draw(picture, pixels, colour)
                everything.append(pixels)
        return np.vstack(everything)

    def _world(self, u: Floats, v: Floats, z: Floats) -> Floats:
        """Points (N, 3) of shares: u 0..1, v -1..1, z 0..1."""
        length, width, height = self._size
        along, aside = (0.5 - np.asarray(u)) * length, np.asarray(v) * width / 2
        c, s = np.cos(self._turn), np.sin(self._turn)
        x, ahead = along * c + aside * s, along * s - aside * c
        return np.asarray(self._at + np.column_stack([x, np.asarray(z) * height, ahead]))

    def _half(self, z: Floats) -> Floats:
        """Half the width at a height, shares: the cabin leans in."""
        waist = 0.62
        lean = np.clip((np.asarray(z) - waist) / (1 - waist), 0, 1) * (1 - self._narrow)
        return np.asarray(1 - lean if self._shape.boxed == 1 else np.ones_like(lean))

    def _across(self, ends: Floats, left: float, right: float) -> Floats:
        """A quad on a piece of the profile (2, 2), from one share of the width to another."""
        (u0, z0), (u1, z1) = ends
        half = self._half(np.array([z0, z1]))
        return self._world(
            np.array([u0, u0, u1, u1]),
            np.array([left * half[0], right * half[0], right * half[1], left * half[1]]),
            np.array([z0, z0, z1, z1]),
        )

    def _faces(self) -> list[Face]:
        profile = np.array(self._shape.profile, float)
        faces = []
        for k, ends in enumerate(zip(profile[:-1], profile[1:], strict=True)):
            piece = np.array(ends)
            colour = self._load if piece[:, 0].min() >= self._shape.boxed else self._paint
            on_it: list[tuple[Floats, Colour]] = []
            if k in self._shape.glass:
                inner = piece[0] + (piece[1] - piece[0]) * np.array([[0.1], [0.92]])
                on_it.append((self._across(inner, -0.9, 0.9), self._glass))
            elif k == 0:
                on_it += self._nose(piece)
            elif k == len(profile) - 2:
                on_it += self._tail(piece)
            faces.append(Face(self._across(piece, -1, 1), colour, tuple(on_it)))
        return [*faces, *(self._side(profile, side) for side in (-1.0, 1.0))]

    def _nose(self, piece: Floats) -> list[tuple[Floats, Colour]]:
        rng, foot, top = self._rng, piece[0, 1], piece[1, 1]
        dark = near((36, 37, 40), rng, 10)

        def at(v: float, z: float, wide: float, tall: float) -> Floats:
            ends = np.array([[piece[0, 0], z - tall / 2], [piece[1, 0], z + tall / 2]])
            return self._across(ends, v - wide / 2, v + wide / 2)

        tall = top - foot
        lamp_z, lamp = foot + tall * rng.uniform(0.65, 0.85), tall * rng.uniform(0.18, 0.4)
        found = [
            (at(0, foot + 0.12 * tall, 1.96, 0.24 * tall), dark),
            (at(0, foot + tall * 0.66, rng.uniform(0.7, 1.2), tall * rng.uniform(0.25, 0.5)), dark),
        ]
        found += [(at(side * 0.76, lamp_z, rng.uniform(0.24, 0.42), lamp), near(_LAMP, rng, 14)) for side in (-1, 1)]
        return [*found, (at(0, foot + 0.3 * tall, 0.5, 0.2 * tall), _PLATE)]

    def _tail(self, piece: Floats) -> list[tuple[Floats, Colour]]:
        rng, top, foot = self._rng, piece[0, 1], piece[1, 1]
        tall = top - foot

        def at(v: float, z: float, wide: float, high: float) -> Floats:
            ends = np.array([[piece[0, 0], z + high / 2], [piece[1, 0], z - high / 2]])
            return self._across(ends, v - wide / 2, v + wide / 2)

        lamp_z, lamp = foot + tall * rng.uniform(0.55, 0.85), tall * rng.uniform(0.15, 0.4)
        found = [(at(0, foot + 0.1 * tall, 1.9, 0.2 * tall), near((40, 41, 44), rng, 10))]
        found += [(at(side * 0.8, lamp_z, rng.uniform(0.16, 0.36), lamp), near(_TAIL, rng, 12)) for side in (-1, 1)]
        return [*found, (at(0, foot + 0.45 * tall, 0.5, 0.16 * tall), _PLATE)]

    def _side(self, profile: Floats, side: float) -> Face:
        def on(points: Floats) -> Floats:
            return self._world(points[:, 0], side * self._half(points[:, 1]) * 1.001, points[:, 1])

        low, high, foot, top = self._shape.cabin
        on_it = []
        edges = np.linspace(low, high, self._shape.panes + 1)
        slope = 0.5 * (top - foot) * self._size[2] / self._size[0] if self._shape.panes < 7 else 0.0
        for k, (a, b) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
            left = a + 0.012 + (slope if k == 0 else 0), b - 0.012 - (slope if k == self._shape.panes - 1 else 0)
            on_it.append(
                (on(np.array([[a + 0.012, foot], [left[0], top], [left[1], top], [b - 0.012, foot]])), self._glass)
            )
        if self._shape.boxed < 1:
            start = self._shape.boxed
            box = np.array([[start, 0.22], [start, 1.0], [1.0, 1.0], [1.0, 0.22]])
            on_it.append((on(box), self._lit_colour(self._load, on(box))))
        return Face(on(profile), self._paint, tuple(on_it))

    def _wheels(self) -> list[Face]:
        faces = []
        for side in (-1.0, 1.0):
            for axle in self._shape.wheels:
                rim = self._ring(axle, side * (self._track + 0.002), 0.58)
                faces.append(Face(self._ring(axle, side * self._track), _TYRE, ((rim, near(_RIM, self._rng, 20)),)))
        return faces

    def _tyres(self) -> list[Floats]:
        """Points on both rims of each tyre."""
        inner = self._track - 0.46 / self._size[1]
        return [
            np.vstack([self._ring(axle, side * inner), self._ring(axle, side * self._track)])
            for side in (-1.0, 1.0)
            for axle in self._shape.wheels
        ]

    def _ring(self, axle: float, v: float, share: float = 1.0) -> Floats:
        """Points (20, 3) around an axle, at a share of the tyre's radius."""
        radius = self._radius_m / self._size[[0, 2]]
        u, z = (rounded(0, 0, 2, 2, 2, 20) * share * radius + (axle, radius[1])).T
        return self._world(u, np.full(20, v), z)

    def _mirrors(self) -> list[Face]:
        start, _, foot, _ = self._shape.cabin
        colour = self._paint if self._narrow > 0.82 else _TYRE
        u, high = start - 0.02, 0.16 / self._size[2]
        return [Face(self._upright(u, side, side * 1.18, (foot, foot + high)), colour) for side in (-1.0, 1.0)]

    def _upright(self, u: float, left: float, right: float, z: tuple[float, float]) -> Floats:
        """A rectangle across the length, shares."""
        return self._world(np.full(4, u), np.array([left, right, right, left]), np.array([z[0], z[0], z[1], z[1]]))

    def _shadow(self, picture: Picture, eye: Eye) -> None:
        """Dark ground below it."""
        square = np.array([[-0.03, -1.1], [1.03, -1.1], [1.03, 1.1], [-0.03, 1.1]])
        pixels = eye.seen(self._world(square[:, 0], square[:, 1], np.zeros(4)))
        low = np.clip(np.floor(pixels.min(axis=0)).astype(int), 0, len(picture))
        high = np.clip(np.ceil(pixels.max(axis=0)).astype(int) + 1, 0, len(picture))
        if (high <= low).any():
            return
        part = picture[low[1] : high[1], low[0] : high[0]]
        dark = np.zeros_like(part)
        draw(dark, pixels - low, (255, 255, 255))
        part[:] = (part * (1 - dark / 255 * float(self._rng.uniform(0.4, 0.8)))).astype(np.uint8)

    def _is_towards(self, points: Floats, eye: Eye) -> bool:
        """Whether a face shows its outside: away from the body's middle and towards the eye."""
        middle = points.mean(axis=0)
        normal = _normal(points)
        body = self._at + (0, 0.5 * self._size[2], 0)
        outward = normal if normal @ (middle - body) > 0 else -normal
        return bool(outward @ (np.array([0, eye.height_m, 0]) - middle) > 0)

    def _lit(self, face: Face) -> Colour:
        return self._lit_colour(face.colour, face.points)

    def _lit_colour(self, colour: Colour, points: Floats) -> Colour:
        normal = _normal(points)
        outward = normal if normal @ (points.mean(axis=0) - self._at - (0, 0.5 * self._size[2], 0)) > 0 else -normal
        return shaded(colour, 0.55 + 0.5 * max(float(outward @ self._sun), 0.0))


def _normal(points: Floats) -> Floats:
    """(3,) at right angles to a polygon (N, 3) that is about flat (Newell's method), 1 long."""
    across = np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0)
    return np.asarray(across / max(float(np.linalg.norm(across)), 1e-9))
