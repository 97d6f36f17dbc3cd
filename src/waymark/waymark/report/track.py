# SPDX-License-Identifier: Apache-2.0
"""Where the vehicle was: positions in metres over time, and the laps in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.report.run import PositionSample, Run
from waymark.report.topics import NAVSAT, ODOMETRY
from waymark.types import NANOSECONDS

_EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
_CARRIED_M, _FASTEST_M_S, _FASTER = 1.0, 60.0, 5.0  # a jump is longer, faster, and so many times faster than usual
_AWAY, _BACK = (
    0.25,
    0.1,
)  # of the extent of the path: how far a lap must leave its start, and how near come back


@dataclass(frozen=True, eq=False)
class Track:
    """Positions over time.

    Attributes:
        topic: Where they come from.
        stamps_ns: (N,) increasing.
        xyz_m: (N, 3) metres in the map, ENU.
    """

    topic: str
    stamps_ns: NDArray[np.int64]
    xyz_m: NDArray[np.float64]

    @property
    def steps_m(self) -> NDArray[np.float64]:
        """(N - 1,) distances over ground between samples."""
        return np.asarray(np.linalg.norm(np.diff(self.xyz_m[:, :2], axis=0), axis=1))

    @property
    def carried(self) -> NDArray[np.bool_]:
        """(N - 1,) whether the vehicle was carried from a sample to the next: far faster than it ever flies."""
        steps = self.steps_m
        if not len(steps):
            return np.zeros(0, bool)
        speeds = steps / (np.diff(self.stamps_ns) / NANOSECONDS)
        return np.asarray((steps > _CARRIED_M) & (speeds > max(_FASTEST_M_S, _FASTER * np.percentile(speeds, 75))))

    @property
    def length_m(self) -> float:
        """Distance flown over ground."""
        return float(self.steps_m[~self.carried].sum())

    def at(self, stamp_ns: int) -> tuple[float, float] | None:
        """East and north at a stamp, m, linear between samples; None outside of the track."""
        if not self.stamps_ns[0] <= stamp_ns <= self.stamps_ns[-1]:
            return None
        seconds = (self.stamps_ns - self.stamps_ns[0]) / 1e9  # float64 of full stamps would lose microseconds
        now = (stamp_ns - int(self.stamps_ns[0])) / 1e9
        x, y = (float(np.interp(now, seconds, self.xyz_m[:, i])) for i in (0, 1))
        return x, y


def find_track(run: Run) -> Track | None:
    """The track to show: ground truth first, then other odometry, then GPS; None without two positions."""
    odometry = [t.name for t in run.recording.topics_of(ODOMETRY)]
    odometry.sort(key=lambda name: 'ground_truth' not in name)
    for topic in (*odometry, *(t.name for t in run.recording.topics_of(NAVSAT))):
        samples = run.positions.get(topic, [])
        stamps, first = np.unique([s.stamp_ns for s in samples], return_index=True)
        if len(stamps) >= 2:
            is_gps = topic not in odometry
            xyz = _metres(samples) if is_gps else np.array([(s.x, s.y, s.z) for s in samples])
            return Track(topic, stamps.astype(np.int64), xyz[first])
    return None


def lap_starts(track: Track | None) -> list[int]:
    """Stamps at which laps start, the first included: where the path comes back to its start; [] without one.

    A path that never comes back is one lap.
    """
    if track is None:
        return []
    xy = track.xyz_m[:, :2]
    extent = float(np.linalg.norm(np.ptp(xy, axis=0)))
    distance = np.linalg.norm(xy - xy[0], axis=1)
    starts, is_away, best = [int(track.stamps_ns[0])], False, 0
    for i, d in enumerate(distance):
        if d > _AWAY * extent:
            if is_away and best:  # it was near and left again: the nearest moment was the start of a lap
                starts.append(int(track.stamps_ns[best]))
            is_away, best = True, 0
        elif is_away and d < _BACK * extent and (not best or d < distance[best]):
            best = i
    return starts


def _metres(samples: list[PositionSample]) -> NDArray[np.float64]:
    """Degrees to metres east and north of the first fix (equirectangular: centimetres within kilometres)."""
    lon, lat, alt = np.array([(s.x, s.y, s.z) for s in samples]).T
    east = np.radians(lon - lon[0]) * _EARTH_RADIUS_M * np.cos(np.radians(lat[0]))
    north = np.radians(lat - lat[0]) * _EARTH_RADIUS_M
    return np.column_stack((east, north, alt - alt[0]))
