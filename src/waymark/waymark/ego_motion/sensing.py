# SPDX-License-Identifier: Apache-2.0
"""Altitude and attitude at the moment of an image, out of what came before and after it."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

from waymark.config import Config, param
from waymark.ego_motion.ground import Altitude, Floats
from waymark.errors import ConfigError
from waymark.image.rotation import rotation_of, rotation_vector
from waymark.types import NANOSECONDS

_KEPT = 400
COMING_S = 2.0  # who was silent for longer is not waited for


@dataclass(frozen=True)
class SensingConfig(Config):
    """Where altitude and attitude come from."""

    altitude_from: str = param(
        'auto',
        "What tells the height above ground: range (sensor_msgs/Range, a beam along the vehicle's own down), odometry "
        '(z of `height_odometry` less ground_z_m), parameter (altitude_m), or auto: the first of these that there is.',
        choices=('auto', 'range', 'odometry', 'parameter'),
    )
    altitude_m: float = param(0.0, 'Constant height of the camera; 0: unknown.', ge=0.0, unit='m')
    ground_z_m: float = param(0.0, 'z of the ground in `height_odometry`.', unit='m')
    use_imu: bool = param(True, 'Whether roll and pitch of `imu` are used; its heading never is.')
    sensor_gap_s: float = param(
        0.1, 'A measurement further than this from the image says nothing of it.', gt=0.0, le=5.0, unit='s'
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.altitude_from == 'parameter' and self.altitude_m == 0:
            raise ConfigError('altitude_m: must be above 0 where altitude_from is parameter, got 0.0')


class Track:
    """The latest numbers or rotations with their stamps, in order."""

    def __init__(self) -> None:
        self._stamps: list[int] = []
        self._values: list[float | Floats] = []

    def add(self, stamp_ns: int, value: float | Floats) -> None:
        """Take one in; one that is not later than the last is a new beginning: time went back."""
        if self._stamps and stamp_ns <= self._stamps[-1]:
            self.clear()
        self._stamps.append(stamp_ns)
        self._values.append(value)
        if len(self._stamps) > _KEPT:
            del self._stamps[: _KEPT // 2], self._values[: _KEPT // 2]

    def clear(self) -> None:
        """Forget all."""
        self._stamps.clear()
        self._values.clear()

    def at(self, stamp_ns: int, gap_s: float) -> float | Floats | None:
        """Between the two around a moment, or the nearest; None where that is further away than the gap."""
        after = bisect_left(self._stamps, stamp_ns)
        gap_ns = round(gap_s * NANOSECONDS)
        near = [i for i in (after - 1, after) if 0 <= i < len(self._stamps)]
        near = [i for i in near if abs(self._stamps[i] - stamp_ns) <= gap_ns]
        if not near:
            return None
        if len(near) == 1:
            return self._values[near[0]]
        first, second = near
        share = (stamp_ns - self._stamps[first]) / (self._stamps[second] - self._stamps[first])
        a, b = self._values[first], self._values[second]
        if isinstance(a, float) or isinstance(b, float):
            return (1 - share) * a + share * b
        return rotation_of(share * rotation_vector(b @ a.T)) @ a

    def is_late(self, stamp_ns: int, gap_s: float) -> bool:
        """Whether the latest says nothing of a moment yet, and the next should be on its way."""
        return bool(self._stamps) and gap_s < (stamp_ns - self._stamps[-1]) / NANOSECONDS <= COMING_S


@dataclass(frozen=True, eq=False)
class Sensed:
    """What is known at one image.

    Attributes:
        altitude: None: unknown.
        R_world_base: (3, 3) attitude; None: unknown.
        reason: Why the altitude is unknown, '' where it is not.
    """

    altitude: Altitude | None
    R_world_base: Floats | None
    reason: str = ''


class Sensing:
    """Keeps what sensors say; not thread-safe."""

    def __init__(self, config: SensingConfig) -> None:
        self._config = config
        self._ranges, self._heights, self._attitudes = Track(), Track(), Track()

    def add_range(self, stamp_ns: int, range_m: float) -> None:
        """A range along the vehicle's own down; one that is not finite or not above 0 is kept as unknown."""
        self._ranges.add(stamp_ns, float(range_m) if math.isfinite(range_m) and range_m > 0 else math.nan)

    def add_height(self, stamp_ns: int, z_m: float) -> None:
        """Z of an odometry."""
        self._heights.add(stamp_ns, float(z_m) - self._config.ground_z_m)

    def add_attitude(self, stamp_ns: int, R_world_base: Floats) -> None:
        """Attitude (3, 3) of the vehicle in a frame whose z points up."""
        self._attitudes.add(stamp_ns, R_world_base)

    def clear(self) -> None:
        """Time went back."""
        for track in (self._ranges, self._heights, self._attitudes):
            track.clear()

    def at(self, stamp_ns: int) -> Sensed:
        """What is known at a moment."""
        config = self._config
        attitude = self._attitudes.at(stamp_ns, config.sensor_gap_s) if config.use_imu else None
        R = None if isinstance(attitude, float) else attitude
        reasons = []
        for kind in ('range', 'odometry', 'parameter') if config.altitude_from == 'auto' else (config.altitude_from,):
            found = self._altitude(kind, stamp_ns)
            if isinstance(found, Altitude):
                return Sensed(found, R)
            reasons.append(found)
        return Sensed(None, R, ', '.join(reasons))

    def is_late(self, stamp_ns: int) -> bool:
        """Whether something that is not known at a moment may be known soon: who reads it lags behind the images."""
        sensed = self.at(stamp_ns)
        tracks = [self._ranges, self._heights] if sensed.altitude is None else []
        if self._config.use_imu and sensed.R_world_base is None:
            tracks.append(self._attitudes)
        return any(track.is_late(stamp_ns, self._config.sensor_gap_s) for track in tracks)

    def _altitude(self, kind: str, stamp_ns: int) -> Altitude | str:
        config = self._config
        if kind == 'parameter':
            return Altitude(config.altitude_m) if config.altitude_m > 0 else 'altitude_m is not set'
        track, topic = (self._ranges, 'range') if kind == 'range' else (self._heights, 'height_odometry')
        value = track.at(stamp_ns, config.sensor_gap_s)
        if not isinstance(value, float):
            return f'nothing on {topic} within {config.sensor_gap_s:g} s of the image'
        if not (math.isfinite(value) and value > 0):
            return f'{topic} says {value:g} m' if math.isfinite(value) else f'{topic} is out of reach'
        return Altitude(value, along_beam=kind == 'range')
