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
_MOST_PAIRS = 5000
Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


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


@dataclass(frozen=True)
class MapFit:
    """Places = A cameras + t, both taken as x + iy.

    Attributes:
        A: Metres per ground unit, and the turn.
        t: Shift, m.
        doubt_m: What a geotag is off by, typically; not below GEOTAG_DOUBT_M.
        scale_doubt: Standard deviation of the scale that this makes, as a share of it.
    """

    A: complex
    t: complex
    doubt_m: float
    scale_doubt: float


def fit_to_places(places: Floats, cameras: Floats) -> MapFit | None:
    """Fit cameras to places, (N, 2) each, x right, y down; wrong geotags among them do no harm while most are right.

    Every pair of geotags proposes a similarity; the one that leaves the least median is refined with Cauchy's weights.

    Returns:
        None where fewer than three places are known, or they lie too near together to say which way is north.
    """
    known = np.isfinite(places).all(axis=1)
    if np.count_nonzero(known) < _FEWEST:
        return None
    w, z = (np.asarray(p[known] @ (1, 1j), np.complex128) for p in (places, cameras))
    proposal = _best_of_pairs(w, z)
    if proposal is None:
        return None
    A, t = proposal
    for _ in range(_ROUNDS):
        doubt_m = max(1.4826 * float(np.median(np.abs(w - A * z - t))), GEOTAG_DOUBT_M)
        weight = 1 / (1 + (np.abs(w - A * z - t) / doubt_m) ** 2)
        middle_w, middle_z = np.average(w, weights=weight), np.average(z, weights=weight)
        inertia = float((weight * np.abs(z - middle_z) ** 2).sum())
        A = complex((weight * (w - middle_w) * (z - middle_z).conj()).sum() / inertia)
        t = complex(middle_w - A * middle_z)
    return MapFit(A, t, doubt_m, doubt_m / float(np.sqrt(2 * inertia)) / abs(A))


def _best_of_pairs(w: Complex, z: Complex) -> tuple[complex, complex] | None:
    first, second = np.triu_indices(len(w), 1)
    if len(first) > _MOST_PAIRS:
        picked = np.random.default_rng(0).choice(len(first), _MOST_PAIRS, replace=False)
        first, second = first[picked], second[picked]
    apart = (np.abs(w[first] - w[second]) >= _LEAST_SPREAD_M) & (np.abs(z[first] - z[second]) > 0)
    first, second = first[apart], second[apart]
    if len(first) == 0:
        return None
    A = (w[first] - w[second]) / (z[first] - z[second])
    t = w[first] - A * z[first]
    error = np.median(np.abs(w - A[:, None] * z - t[:, None]), axis=1)
    best = int(error.argmin())
    return complex(A[best]), complex(t[best])
