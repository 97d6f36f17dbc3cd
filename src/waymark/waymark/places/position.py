# SPDX-License-Identifier: Apache-2.0
"""Where the robot is in a map whose keyframes have poses, and which pose a new keyframe gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import quaternion_xyzw
from waymark.maps import Keyframe
from waymark.maps.keyframe import MapPose
from waymark.places.anchor import MapAnchor, MapFix
from waymark.places.config import PlacesConfig
from waymark.places.locating import Locator, T_of
from waymark.places.recognizer import Localization
from waymark.places.relative import RelativePose
from waymark.places.rigid import cross, inverse, turn_of
from waymark.places.sensed import Sensed
from waymark.places.views import Lenses

Floats = NDArray[np.float64]

_M_PER_RAD = 3.0  # a turn changes the view too: as much as this way does
_FEWEST_STEPS = 3
_MOST_STEPS = 30.0  # between two images: more is an odometry that began anew


class MapPosition:
    """Turns verified matches into poses; knows how far apart keyframes are."""

    def __init__(self, config: PlacesConfig, keyframes: Mapping[int, Keyframe]) -> None:
        """Begin.

        Args:
            config: Of poses.
            keyframes: Those that the map has already.
        """
        self._locator = Locator(config)
        self._anchor = MapAnchor(config.odometry_drift)
        self._last_odom: Floats | None = None
        self._last_pose: Floats | None = None
        self._steps: list[float] = []
        self._spacing: float | None = None
        self.has_poses = False
        for keyframe in keyframes.values():
            self._note(keyframe.pose)

    def reset(self) -> None:
        """Time went back: the odometry began anew."""
        self._anchor.reset()
        self._last_odom = None

    def forget(self, keyframe_id: int) -> None:
        """A keyframe is gone."""
        self._locator.forget(keyframe_id)

    def moved(self, sensed: Sensed) -> float | None:
        """Way since the last image, in steps between keyframes; None without odometry or poses of keyframes."""
        before, now = self._last_odom, sensed.T_odom_base
        self._last_odom = now
        if before is None or now is None or self._spacing is None:
            return None
        steps = _way(before, now) / self._spacing
        return steps if steps < _MOST_STEPS else None

    def located(
        self, said: Localization, keyframes: Mapping[int, Keyframe], lenses: Lenses | None, sensed: Sensed
    ) -> Localization:
        """Add to a verified match where the camera is.

        Args:
            said: Of the image; without a match it stays as it is.
            keyframes: The map's.
            lenses: The cameras of the map and of the image, None: unknown.
            sensed: What is known at the image.
        """
        if said.match is None:
            return said
        relative = self._locator.locate(said.match, keyframes, lenses, sensed)
        pose = keyframes[said.match.keyframe_id].pose
        fix = None if relative is None or pose is None else self._fix(relative, pose, sensed)
        return replace(said, match=replace(said.match, relative=relative), fix=fix)

    def pose_now(self, sensed: Sensed) -> MapPose | None:
        """Where the camera is by odometry, for a new keyframe; None where nothing ties the odometry to the map."""
        if sensed.T_odom_base is None or sensed.T_base_camera is None:
            return None
        if not self.has_poses and self._anchor.T_map_odom is None:
            self._anchor.begin(sensed.T_odom_base)
        T_map_odom = self._anchor.T_map_odom
        if T_map_odom is None:
            return None
        T = T_map_odom @ sensed.T_odom_base @ sensed.T_base_camera
        pose = MapPose((float(T[0, 3]), float(T[1, 3]), float(T[2, 3])), quaternion_xyzw(T[:3, :3]))
        self._note(pose)
        return pose

    def _note(self, pose: MapPose | None) -> None:
        """Take a keyframe's pose into the usual distance between keyframes."""
        if pose is None:
            self._last_pose = None
            return
        T = T_of(pose)
        if self._last_pose is not None:
            self._steps.append(_way(self._last_pose, T))
            if len(self._steps) >= _FEWEST_STEPS:
                self._spacing = max(float(np.median(self._steps)), 1e-3)
        self._last_pose, self.has_poses = T, True

    def _fix(self, relative: RelativePose, pose: MapPose, sensed: Sensed) -> MapFix | None:
        if not relative.is_metric or sensed.T_base_camera is None:
            return None
        T_map_ref = T_of(pose)
        T_map_cur = T_map_ref @ relative.T_ref_cur
        T_map_base = T_map_cur @ inverse(sensed.T_base_camera)
        # The robot's middle lies beside the camera: an error of the turn moves it.
        F = np.zeros((6, 6))
        F[:3, :3] = F[3:, 3:] = T_map_ref[:3, :3]
        F[:3, 3:] = -cross(T_map_base[:3, 3] - T_map_cur[:3, 3]) @ T_map_ref[:3, :3]
        covariance = F @ relative.covariance @ F.T
        if sensed.T_odom_base is None:
            return MapFix(T_map_base, covariance)
        return self._anchor.update(T_map_base, covariance, sensed.T_odom_base)


def _way(T_a: Floats, T_b: Floats) -> float:
    """How far one pose is from another, m, with the turn."""
    turn = turn_of(T_a[:3, :3].T @ T_b[:3, :3])
    return float(np.linalg.norm(T_b[:3, 3] - T_a[:3, 3]) + _M_PER_RAD * np.linalg.norm(turn))
