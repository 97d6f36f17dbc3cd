# SPDX-License-Identifier: Apache-2.0
"""The picture of the ground that a map was cut from: its scale, and where on Earth it lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_A_M, _E2 = 6378137.0, 6.69437999014e-3  # WGS 84: major semi-axis, first eccentricity squared
_MOST_LATITUDE_DEG = 85.0


@dataclass(frozen=True)
class OrthoFrame:
    """A picture of the ground as seen from straight above; pixels (x right, y down), integers are pixel centres.

    The frame `map` is ENU about the picture's middle: the middle is x = y = 0.

    Attributes:
        size_wh: Of the picture, px.
        metres_per_pixel: Side of a pixel, m.
        latitude_deg: Of the middle, WGS 84; None where nobody knows where on Earth it lies.
        longitude_deg: Of the middle; None likewise.
        up_bearing_deg: Where the picture's up points: clockwise from true north.
    """

    size_wh: tuple[int, int]
    metres_per_pixel: float
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    up_bearing_deg: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.metres_per_pixel) and self.metres_per_pixel > 0):
            raise ValueError(f'metres_per_pixel: expected a positive number, got {self.metres_per_pixel}')
        if min(self.size_wh) < 1:
            raise ValueError(f'size_wh: expected at least one pixel, got {self.size_wh}')
        if (self.latitude_deg is None) != (self.longitude_deg is None):
            raise ValueError('latitude_deg and longitude_deg: give both or none')
        if self.latitude_deg is not None and not abs(self.latitude_deg) <= _MOST_LATITUDE_DEG:
            raise ValueError(
                f'latitude_deg: expected -{_MOST_LATITUDE_DEG:g} to {_MOST_LATITUDE_DEG:g}, got {self.latitude_deg}'
            )
        if self.longitude_deg is not None and not abs(self.longitude_deg) <= 180:
            raise ValueError(f'longitude_deg: expected -180 to 180, got {self.longitude_deg}')

    @property
    def middle_px(self) -> tuple[float, float]:
        """The pixel (x, y) that is the frame's origin."""
        return (self.size_wh[0] - 1) / 2, (self.size_wh[1] - 1) / 2

    def east_north(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Metres east and north of the middle."""
        right_m = (x_px - self.middle_px[0]) * self.metres_per_pixel
        up_m = (self.middle_px[1] - y_px) * self.metres_per_pixel
        turn = math.radians(self.up_bearing_deg)
        return right_m * math.cos(turn) + up_m * math.sin(turn), up_m * math.cos(turn) - right_m * math.sin(turn)

    def pixel(self, east_m: float, north_m: float) -> tuple[float, float]:
        """The inverse of east_north."""
        turn = math.radians(self.up_bearing_deg)
        right_m = east_m * math.cos(turn) - north_m * math.sin(turn)
        up_m = east_m * math.sin(turn) + north_m * math.cos(turn)
        return self.middle_px[0] + right_m / self.metres_per_pixel, self.middle_px[1] - up_m / self.metres_per_pixel

    def latitude_longitude(self, east_m: float, north_m: float) -> tuple[float, float] | None:
        """Where a place of the frame lies on Earth, degrees; None where the frame has no place there.

        By the ellipsoid's radii of curvature at the middle: within 1 m at 5 km from it.
        """
        if self.latitude_deg is None or self.longitude_deg is None:
            return None
        phi = math.radians(self.latitude_deg)
        w = math.sqrt(1 - _E2 * math.sin(phi) ** 2)
        meridian_m, prime_m = _A_M * (1 - _E2) / w**3, _A_M / w
        latitude = self.latitude_deg + math.degrees(north_m / meridian_m)
        longitude = self.longitude_deg + math.degrees(east_m / (prime_m * math.cos(phi)))
        return latitude, (longitude + 180) % 360 - 180


def pack_ortho(frame: OrthoFrame | None) -> dict[str, Any] | None:
    """For JSON."""
    return None if frame is None else asdict(frame)


def unpack_ortho(values: Mapping[str, Any] | None) -> OrthoFrame | None:
    """The inverse of pack_ortho."""
    if values is None:
        return None
    width, height = values['size_wh']
    return OrthoFrame(**{**values, 'size_wh': (int(width), int(height))})
