# SPDX-License-Identifier: Apache-2.0
"""What a robot knows at the moment of an image besides the image."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.image.camera import CameraModel
from waymark.places.config import LocatingConfig
from waymark.places.rigid import between
from waymark.types import NANOSECONDS

COMING_NS = 2 * NANOSECONDS  # who was silent for longer is not waited for
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Altitude:
    """Distance of the camera from flat ground.

    Attributes:
        distance_m: The shortest, or along `beam`.
        sigma_m: Standard deviation of it.
        beam: Direction in the camera's optical frame along which it was measured; None: the shortest distance.
    """

    distance_m: float
    sigma_m: float
    beam: tuple[float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class Sensed:
    """What is known at one image; each piece may be missing.

    Attributes:
        camera: Its intrinsics.
        altitude: Of the camera over flat ground.
        T_odom_base: (4, 4) pose of the robot by its odometry: smooth, and drifting.
        T_base_camera: (4, 4) pose of the camera's optical frame on the robot.
        moving: (H, W) of the image, 0 to 1, what moves in it by itself (waymark.masks.motion_mask).
    """

    camera: CameraModel | None = None
    altitude: Altitude | None = None
    T_odom_base: Floats | None = None
    T_base_camera: Floats | None = None
    moving: NDArray[np.floating] | None = None


def altitude_of(
    config: LocatingConfig, range_m: float | None, T_odom_base: Floats | None, T_base_camera: Floats | None
) -> Altitude | None:
    """Altitude of the camera by what the configuration names; None while that is not known.

    Args:
        config: Which source, and how exact it is.
        range_m: Length of a beam straight down from the robot, to the ground.
        T_odom_base: (4, 4) by odometry.
        T_base_camera: (4, 4) of the camera on the robot.
    """
    if config.altitude_from == 'parameter':
        return Altitude(config.altitude_m, config.altitude_sigma * config.altitude_m)
    if config.altitude_from == 'range' and range_m is not None:
        beam = None
        if T_base_camera is not None:
            x, y, z = (float(v) for v in -T_base_camera[2, :3])
            beam = x, y, z
        return Altitude(range_m, config.altitude_sigma * range_m, beam)
    if config.altitude_from == 'odometry' and T_odom_base is not None and T_base_camera is not None:
        height_m = float((T_odom_base @ T_base_camera)[2, 3]) - config.ground_z_m
        return Altitude(height_m, config.altitude_sigma * height_m) if height_m > 0 else None
    return None


class PoseTrack:
    """The latest poses of an odometry, asked for at the moments of images."""

    def __init__(self, longest_gap_s: float, depth: int = 400) -> None:
        """Start without poses.

        Args:
            longest_gap_s: No pose is made up further than this from one that was measured.
            depth: Poses kept.
        """
        self._gap_ns = round(longest_gap_s * NANOSECONDS)
        self._poses: deque[tuple[int, Floats]] = deque(maxlen=depth)

    def __len__(self) -> int:
        return len(self._poses)

    def add(self, stamp_ns: int, T_odom_base: Floats) -> None:
        """Take in a pose (4, 4); one that is not younger than the last is a new beginning: time went back.

        Raises:
            ValueError: It is not finite, or has another shape.
        """
        require_shape('T_odom_base', T_odom_base, (4, 4))
        require_finite('T_odom_base', T_odom_base)
        if self._poses and stamp_ns == self._poses[-1][0]:
            self._poses.pop()
        elif self._poses and stamp_ns < self._poses[-1][0]:
            self._poses.clear()
        self._poses.append((stamp_ns, T_odom_base))

    def at(self, stamp_ns: int) -> Floats | None:
        """The pose (4, 4) at a moment, between the two around it, or going on as in the last two; None: too far off."""
        poses = self._poses
        if not poses:
            return None
        after = next((i for i in range(len(poses) - 1, -1, -1) if poses[i][0] < stamp_ns), -1) + 1
        if after < len(poses) and poses[after][0] == stamp_ns:
            return poses[after][1]
        if after == 0:
            return poses[0][1] if poses[0][0] - stamp_ns <= self._gap_ns and len(poses) == 1 else None
        (ns_a, T_a), last = poses[after - 1], after == len(poses)
        if stamp_ns - ns_a > self._gap_ns:
            return None
        if last and after < 2:
            return T_a
        ns_b, T_b = poses[after - 2] if last else poses[after]
        if abs(ns_b - ns_a) > 2 * self._gap_ns:  # a hole: nothing is known of what happened in it
            return None
        return between(T_a, T_b, (stamp_ns - ns_a) / (ns_b - ns_a))

    def is_late(self, stamp_ns: int) -> bool:
        """Whether the latest pose says nothing of a moment yet, and the next should be on its way."""
        return bool(self._poses) and self._gap_ns < stamp_ns - self._poses[-1][0] <= COMING_NS

    def clear(self) -> None:
        """Forget all."""
        self._poses.clear()
