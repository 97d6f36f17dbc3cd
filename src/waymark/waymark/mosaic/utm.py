# SPDX-License-Identifier: Apache-2.0
"""Universal Transverse Mercator on WGS 84: degrees to metres.

Krueger's series to the fourth order of n, good to less than a millimetre inside a zone: C. Karney, Transverse Mercator
with an accuracy of a few nanometers, Journal of Geodesy 85 (2011), eqs. 7 to 9, 11, 35 and 36.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_A_M, _F = 6378137.0, 1 / 298.257223563
_K0, _EAST_M, _NORTH_M = 0.9996, 500_000.0, 10_000_000.0
_N = _F / (2 - _F)
_E = math.sqrt(_F * (2 - _F))
_RADIUS_M = _A_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_ALPHA = (
    _N / 2 - 2 / 3 * _N**2 + 5 / 16 * _N**3 + 41 / 180 * _N**4,
    13 / 48 * _N**2 - 3 / 5 * _N**3 + 557 / 1440 * _N**4,
    61 / 240 * _N**3 - 103 / 140 * _N**4,
    49561 / 161280 * _N**4,
)


@dataclass(frozen=True)
class UtmZone:
    """One zone of the grid.

    Attributes:
        number: 1 to 60, from 180 degrees west.
        is_north: Northings of the southern half count from 10,000 km.
    """

    number: int
    is_north: bool

    @property
    def epsg(self) -> int:
        """Number of the grid in the EPSG register."""
        return (32600 if self.is_north else 32700) + self.number

    @property
    def name(self) -> str:
        """As people write it: `UTM 14N`."""
        return f'UTM {self.number}{"N" if self.is_north else "S"}'


def zone_of(latitude_deg: float, longitude_deg: float) -> UtmZone:
    """The zone of a place; the exceptions around Norway and Svalbard are left out."""
    return UtmZone(int((longitude_deg + 180) // 6) % 60 + 1, latitude_deg >= 0)


def utm_of(latitude_deg: NDArray[np.float64], longitude_deg: NDArray[np.float64], zone: UtmZone) -> NDArray[np.float64]:
    """Project places.

    Args:
        latitude_deg: (N,) north is positive.
        longitude_deg: (N,) east is positive.
        zone: The grid, also for places a little outside of it.

    Returns:
        (N, 2) easting and northing, m.
    """
    phi = np.radians(np.asarray(latitude_deg, np.float64))
    lam = np.radians(np.asarray(longitude_deg, np.float64) - (6 * zone.number - 183))
    tau = np.tan(phi)
    sigma = np.sinh(_E * np.arctanh(_E * tau / np.hypot(1, tau)))
    tau_conformal = tau * np.hypot(1, sigma) - sigma * np.hypot(1, tau)
    xi = np.arctan2(tau_conformal, np.cos(lam))
    eta = np.arcsinh(np.sin(lam) / np.hypot(tau_conformal, np.cos(lam)))
    x, y = eta.copy(), xi.copy()
    for j, a in enumerate(_ALPHA, start=1):
        x += a * np.cos(2 * j * xi) * np.sinh(2 * j * eta)
        y += a * np.sin(2 * j * xi) * np.cosh(2 * j * eta)
    north_m = _K0 * _RADIUS_M * y + (0.0 if zone.is_north else _NORTH_M)
    return np.column_stack([_EAST_M + _K0 * _RADIUS_M * x, north_m])
