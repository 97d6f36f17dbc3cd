# SPDX-License-Identifier: Apache-2.0
"""Where the vehicle is now: the last measured position, moved on by what has been commanded since."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from waymark.safety.limits import Array
from waymark.types import NANOSECONDS


@dataclass(frozen=True)
class Pose:
    """Position and heading in the frame of the odometry, m and rad, x forward at yaw 0."""

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float

    @property
    def is_finite(self) -> bool:
        """False when a value is NaN or infinite."""
        return all(map(math.isfinite, (self.x_m, self.y_m, self.z_m, self.yaw_rad)))

    def moved(self, velocity: Array, seconds: float) -> Pose:
        """Follow a twist (6,) in the vehicle's frame for a while: an arc, exactly; roll and pitch are not regarded."""
        vx, vy, vz, _, _, rate = velocity.tolist()
        half = 0.5 * rate * seconds
        chord = seconds * (math.sin(half) / half if abs(half) > 1e-9 else 1.0)
        c, s = math.cos(self.yaw_rad + half) * chord, math.sin(self.yaw_rad + half) * chord
        return Pose(
            self.x_m + c * vx - s * vy,
            self.y_m + s * vx + c * vy,
            self.z_m + vz * seconds,
            self.yaw_rad + rate * seconds,
        )


def planar_paths(yaw_rad: float, velocities: Array, dt: float) -> Array:
    """Ways over the ground of many candidates, from the origin.

    Args:
        yaw_rad: Heading at the start.
        velocities: (T, C, 3) vx, vy, yaw rate of each tick in the vehicle's frame.
        dt: Length of a tick, s.

    Returns:
        (T, C, 2) x, y at the end of each tick, m.
    """
    half = 0.5 * dt * velocities[..., 2]
    heading = yaw_rad + 2.0 * np.cumsum(half, axis=0) - half
    chord = dt * np.sinc(half / np.pi)
    c, s = np.cos(heading) * chord, np.sin(heading) * chord
    vx, vy = velocities[..., 0], velocities[..., 1]
    return np.cumsum(np.stack([c * vx - s * vy, s * vx + c * vy], axis=-1), axis=0)


class PoseTracker:
    """Moves a measured pose on to the present. All times are steady, ns."""

    def __init__(self, max_age_s: float) -> None:
        """Forget measurements that are older than `max_age_s`."""
        self.set_max_age(max_age_s)
        self._commands: deque[tuple[int, Array]] = deque()  # in force from that time on
        self._measured_ns: int | None = None
        self._pose: Pose | None = None
        self._at_ns = 0

    def set_max_age(self, max_age_s: float) -> None:
        """Forget measurements that are older than this."""
        self._max_age_ns = int(max_age_s * NANOSECONDS)

    def measure(self, pose: Pose, measured_ns: int) -> None:
        """Take a measurement; one that is older than the last is ignored."""
        if not pose.is_finite:
            self._measured_ns = None
        elif self._measured_ns is None or measured_ns >= self._measured_ns:
            self._measured_ns, self._pose, self._at_ns = measured_ns, pose, measured_ns

    def command(self, velocity: Array, now_ns: int) -> None:
        """Tell what the vehicle does from now on."""
        self._commands.append((now_ns, velocity))
        while len(self._commands) > 1 and now_ns - self._commands[1][0] > self._max_age_ns:
            self._commands.popleft()

    def now(self, now_ns: int) -> Pose | None:
        """The present pose, or None while there is none that is young enough."""
        if self._measured_ns is None or self._pose is None or now_ns - self._measured_ns > self._max_age_ns:
            return None
        last = self._commands[-1] if self._commands else None
        if last is not None and last[0] <= self._at_ns:  # nothing else happened since
            self._pose = self._pose.moved(last[1], (now_ns - self._at_ns) / NANOSECONDS)
        else:
            self._replay(now_ns)
        self._at_ns = now_ns
        return self._pose

    def _replay(self, now_ns: int) -> None:
        """Go through the commands since the pose, each for the time that it was in force."""
        for i, (since_ns, velocity) in enumerate(self._commands):
            until_ns = self._commands[i + 1][0] if i + 1 < len(self._commands) else now_ns
            seconds = (min(until_ns, now_ns) - max(since_ns, self._at_ns)) / NANOSECONDS
            if seconds > 0 and self._pose is not None:
                self._pose = self._pose.moved(velocity, seconds)
