# SPDX-License-Identifier: Apache-2.0
"""Side profiles of vehicles: cars, estates, jeeps, off-roaders, pick-ups, vans, lorries, buses."""

from __future__ import annotations

from dataclasses import dataclass

Sizes = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Shape:
    """A kind of body.

    Attributes:
        kind: Its class.
        size_m: Length, width, height from and to.
        profile: (u, z) shares of length and height, from the nose's foot over the roof to the tail's.
        glass: Which pieces of the profile, counted from the nose, are windows.
        cabin: Side windows: (u from, u to, z from, z to), shares.
        panes: How many side windows.
        wheels: u of the axles, shares.
        boxed: A load of another colour begins here, share of the length; 1: none.
    """

    kind: str
    size_m: Sizes
    profile: tuple[tuple[float, float], ...]
    glass: tuple[int, ...]
    cabin: tuple[float, float, float, float]
    panes: int
    wheels: tuple[float, ...]
    boxed: float = 1.0


def _profile(points: str) -> tuple[tuple[float, float], ...]:
    """From 'u z, u z, ...', per cent."""
    return tuple((float(u) / 100, float(z) / 100) for u, z in (point.split() for point in points.split(',')))


_CAR: Sizes = ((3.9, 5.0), (1.7, 1.95), (1.35, 1.6))
_TALL: Sizes = ((4.0, 5.1), (1.75, 2.05), (1.65, 1.95))
_ROUGH: Sizes = ((3.8, 4.7), (1.7, 1.95), (1.8, 2.1))
_PICK_UP: Sizes = ((4.8, 5.8), (1.8, 2.05), (1.7, 1.95))
_VAN: Sizes = ((4.4, 6.2), (1.8, 2.1), (1.9, 2.6))
_LORRY: Sizes = ((6.5, 12.0), (2.3, 2.55), (3.0, 3.9))
_BUS: Sizes = ((9.0, 13.0), (2.4, 2.55), (2.9, 3.4))
_SMALL, _LARGE = 'small vehicle', 'large vehicle'
_SALOON_SIDE = _profile('0 16, 0 42, 4 55, 28 64, 44 97, 72 100, 88 70, 100 66, 100 18')
_ESTATE_SIDE = _profile('0 15, 0 40, 5 55, 27 63, 42 97, 85 100, 97 62, 100 50, 100 16')
_JEEP_SIDE = _profile('0 22, 0 55, 4 60, 30 65, 40 97, 94 100, 99 62, 100 55, 100 22')
_ROUGH_SIDE = _profile('0 29, 0 62, 2 65, 33 67, 39 97, 97 100, 100 66, 100 62, 100 29')
_PICK_UP_SIDE = _profile('0 22, 0 56, 3 60, 26 64, 35 97, 58 100, 62 60, 100 58, 100 24')
_VAN_SIDE = _profile('0 14, 0 36, 3 44, 14 54, 26 96, 98 100, 100 55, 100 14')
_LORRY_SIDE = _profile('0 10, 0 38, 1.5 42, 3 78, 20 80, 24 100, 100 100, 100 12')
_BUS_SIDE = _profile('0 10, 0 34, 1 36, 2 86, 3 100, 100 100, 100 40, 100 10')

# With how often each is seen.
SHAPES: tuple[tuple[Shape, float], ...] = (
    (Shape(_SMALL, _CAR, _SALOON_SIDE, (3, 5), (0.36, 0.82, 0.64, 0.93), 2, (0.19, 0.8)), 0.27),
    (Shape(_SMALL, _CAR, _ESTATE_SIDE, (3, 5), (0.34, 0.9, 0.62, 0.93), 2, (0.18, 0.82)), 0.22),
    (Shape(_SMALL, _TALL, _JEEP_SIDE, (3, 5), (0.34, 0.95, 0.65, 0.94), 3, (0.17, 0.82)), 0.17),
    (Shape(_SMALL, _ROUGH, _ROUGH_SIDE, (3, 5), (0.37, 0.96, 0.67, 0.94), 2, (0.15, 0.84)), 0.08),
    (Shape(_SMALL, _PICK_UP, _PICK_UP_SIDE, (3, 5), (0.31, 0.6, 0.64, 0.94), 2, (0.16, 0.8)), 0.08),
    (Shape(_SMALL, _VAN, _VAN_SIDE, (3, 5), (0.2, 0.5, 0.55, 0.88), 2, (0.17, 0.82)), 0.08),
    (Shape(_LARGE, _LORRY, _LORRY_SIDE, (2,), (0.03, 0.17, 0.45, 0.74), 1, (0.12, 0.72, 0.85), boxed=0.23), 0.07),
    (Shape(_LARGE, _BUS, _BUS_SIDE, (2,), (0.03, 0.97, 0.42, 0.86), 7, (0.2, 0.75)), 0.05),
)
