# SPDX-License-Identifier: Apache-2.0
"""From a verified match to the camera's pose in the keyframe's camera, in metres where anything tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waymark.image.rotation import rotation_matrix
from waymark.maps import Keyframe
from waymark.maps.keyframe import MapPose
from waymark.places.baseline import Baselines
from waymark.places.config import PlacesConfig
from waymark.places.epipolar import pose_up_to_scale
from waymark.places.planarity import shows_a_plane
from waymark.places.relative import PlaneKnown, RelativePose, pose_over_plane
from waymark.places.rigid import transform
from waymark.places.sensed import Sensed
from waymark.places.verification import PlaceMatch
from waymark.places.views import Lenses

Floats = NDArray[np.float64]

_DOWN = np.array([0.0, 0.0, -1.0])  # in frames whose z points up: map, odom, base
# How well the direction of the ground is known: by the keyframe's own pose, by level travel, by nothing.
_POSED_RAD, _LEVEL_RAD, _GUESSED_RAD = 0.05, 0.15, 0.5
_SEES_GROUND = 0.5  # cosine of the angle between the optical axis and straight down


class Locator:
    """Finds relative poses; remembers what it measured between keyframes."""

    def __init__(self, config: PlacesConfig) -> None:
        self._config = config
        self._baselines = Baselines(config)

    def forget(self, keyframe_id: int | None = None) -> None:
        """Forget what was measured at a keyframe that is gone, or everything: the map is another one."""
        self._baselines.forget(keyframe_id)

    def locate(
        self, match: PlaceMatch, keyframes: Mapping[int, Keyframe], lenses: Lenses | None, sensed: Sensed
    ) -> RelativePose | None:
        """Find where the current camera is.

        Args:
            match: Verified, with its points.
            keyframes: The map's.
            lenses: The cameras of the map and of the image; None: unknown, and there is no pose.
            sensed: What else is known now.

        Returns:
            The pose in the keyframe's camera; None where it can't be known.
        """
        keyframe, threshold_px = keyframes[match.keyframe_id], self._config.ransac_threshold_px
        if lenses is None or not lenses.fit(keyframe) or len(match.points_ref) == 0:
            return None
        views = lenses.views(match.points_ref, match.points_cur)
        if not shows_a_plane(views, threshold_px):
            found = pose_up_to_scale(views.points_ref, views.points_cur, views.K)
            return found and self._baselines.scaled(found, views, match.points_ref, keyframe, keyframes, lenses.ref)
        plane = ground_of(keyframe, sensed)
        if plane is None:
            return None
        found = pose_over_plane(views.points_ref, views.points_cur, views.K, plane, threshold_px)
        if found is None or found.is_metric:
            return found
        return self._baselines.scaled_plane(found, plane, keyframe, keyframes, lenses.ref)


def ground_of(keyframe: Keyframe, sensed: Sensed) -> PlaneKnown | None:
    """What is known of the ground that a camera sees, before looking at any point.

    Returns:
        None where the camera does not look at the ground: which of the two poses that another plane allows is the right
        one, nothing tells.
    """
    T_base_camera, altitude = sensed.T_base_camera, sensed.altitude
    if keyframe.pose is not None:
        down, sigma = rotation_matrix(keyframe.pose.orientation_xyzw).T @ _DOWN, _POSED_RAD
    elif T_base_camera is not None:
        down, sigma = T_base_camera[:3, :3].T @ _DOWN, _LEVEL_RAD
    else:
        down, sigma = np.array([0.0, 0.0, 1.0]), _GUESSED_RAD
    if down[2] < _SEES_GROUND:
        return None
    known = PlaneKnown(normal_ref=(float(down[0]), float(down[1]), float(down[2])), normal_sigma_rad=sigma)
    if altitude is None:
        return known
    return replace(
        known,
        distance_m=altitude.distance_m,
        distance_sigma_m=altitude.sigma_m,
        is_current=True,
        beam_cur=altitude.beam,
    )


def T_of(pose: MapPose) -> Floats:
    """T_map_camera (4, 4) of a keyframe's pose."""
    return transform(rotation_matrix(pose.orientation_xyzw), np.array(pose.position_m))
