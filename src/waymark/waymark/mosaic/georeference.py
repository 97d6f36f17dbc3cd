# SPDX-License-Identifier: Apache-2.0
"""From the ground's own units to metres on the map, by where frames were taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.mosaic.utm import UtmZone, utm_of, zone_of
from waymark.mosaic.view import View

GEOTAG_DOUBT_M = 3.0  # what a small receiver without corrections is off by
_FEWEST = 3
_LEAST_SPREAD_M = 10.0  # places nearer together than a few times their doubt turn a map anywhere
_ROUNDS = 20


@dataclass(frozen=True, eq=False)
class Places:
    """Where views were taken.

    Attributes:
        zone: Of the grid.
        origin_m: (2,) easting and northing that `down` counts from.
        down: (N, 2) m east and m SOUTH of the origin: x right, y down, as in pictures; NaN where unknown.
    """

    zone: UtmZone
    origin_m: NDArray[np.float64]
    down: NDArray[np.float64]


def places_of(views: list[View]) -> Places | None:
    """Geotags in metres, or None where no view has one."""
    tagged = [(i, v.geotag) for i, v in enumerate(views) if v.geotag is not None]
    if not tagged:
        return None
    latitudes = np.array([g.latitude_deg for _, g in tagged])
    longitudes = np.array([g.longitude_deg for _, g in tagged])
    zone = zone_of(float(np.median(latitudes)), float(np.median(longitudes)))
    east_north = utm_of(latitudes, longitudes, zone)
    origin = np.round(np.median(east_north, axis=0))
    down = np.full((len(views), 2), np.nan)
    down[[i for i, _ in tagged]] = (east_north - origin) * (1.0, -1.0)
    return Places(zone, origin, down)


def similarity_to(places: NDArray[np.float64], cameras: NDArray[np.float64]) -> tuple[complex, complex] | None:
    """Fit places = A cameras + t, robustly; both (N, 2), x right, y down, taken as x + iy.

    Returns:
        A and t, or None where fewer than three places are known or they lie too near together to say which way is
        north.
    """
    known = np.isfinite(places).all(axis=1)
    if np.count_nonzero(known) < _FEWEST:
        return None
    w, z = places[known] @ (1, 1j), cameras[known] @ (1, 1j)
    if np.abs(w - np.median(w.real) - 1j * np.median(w.imag)).max() < _LEAST_SPREAD_M or np.ptp(np.abs(z - z[0])) == 0:
        return None
    weight = np.ones(len(w))
    for _ in range(_ROUNDS):
        middle_w, middle_z = np.average(w, weights=weight), np.average(z, weights=weight)
        A = (weight * (w - middle_w) * (z - middle_z).conj()).sum() / (weight * np.abs(z - middle_z) ** 2).sum()
        t = middle_w - A * middle_z
        weight = 1 / (1 + (np.abs(w - A * z - t) / GEOTAG_DOUBT_M) ** 2)
    return complex(A), complex(t)
