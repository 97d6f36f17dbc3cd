# SPDX-License-Identifier: Apache-2.0
"""Metres from keyframes whose poses are known: the distance between two of them is the measure for a third view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.image.features import match
from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig
from waymark.places.epipolar import pose_up_to_scale
from waymark.places.relative import PlaneKnown, RelativePose, pose_over_plane
from waymark.places.three_views import pose_by_baseline
from waymark.places.views import Lenses, Views

_REACH = 3  # keyframes before and after
_MOST_SIGMA = 0.25  # of its unit: a worse measure is none
_SHORTEST_M = 1e-3
_MOST_PAIRS = 1000  # remembered


@dataclass(frozen=True, eq=False)
class _Measure:
    """What the unit of length at a keyframe is in metres, by certain neighbours."""

    neighbours: tuple[int, ...]
    unit_m: float = 0.0
    sigma_m: float = np.inf

    @property
    def is_good(self) -> bool:
        return self.sigma_m < _MOST_SIGMA * self.unit_m


class Baselines:
    """Poses in metres by the distances between keyframes; what was measured at a keyframe is remembered."""

    def __init__(self, config: PlacesConfig) -> None:
        self._config = config
        self._planes: dict[int, _Measure] = {}
        self._pairs: dict[tuple[int, int], RelativePose | None] = {}  # the second's pose in the first, up to scale

    def forget(self, keyframe_id: int | None = None) -> None:
        """Forget one keyframe, or all."""
        if keyframe_id is None:
            self._planes.clear()
            self._pairs.clear()
        else:
            self._planes.pop(keyframe_id, None)
            self._pairs = {pair: pose for pair, pose in self._pairs.items() if keyframe_id not in pair}

    def scaled_plane(
        self,
        found: RelativePose,
        plane: PlaneKnown,
        keyframe: Keyframe,
        keyframes: Mapping[int, Keyframe],
        camera: CameraModel,
    ) -> RelativePose:
        """A pose over a plane in metres, where a neighbour shows the same plane from a known distance.

        Args:
            found: In distances of the keyframe's camera from the plane.
            plane: What is known of it.
            keyframe: The one that `found` is about.
            keyframes: The map's.
            camera: That took them.

        Returns:
            `found` itself where no neighbour tells.
        """
        key, near = keyframe.keyframe_id, [k.keyframe_id for k, _ in self._neighbours(keyframe, keyframes)]
        known = self._planes.get(key)
        if known is None or (not known.is_good and known.neighbours != tuple(near)):
            measures = (self._measured(plane, keyframe, n, camera) for n in self._neighbours(keyframe, keyframes))
            unit_m, sigma_m = min(measures, key=lambda m: m[1] / m[0], default=(1.0, np.inf))
            known = self._planes[key] = _Measure(tuple(near), unit_m, sigma_m)
        return found.scaled(known.unit_m, known.sigma_m) if known.is_good else found

    def _measured(
        self, plane: PlaneKnown, keyframe: Keyframe, neighbour: tuple[Keyframe, float], camera: CameraModel
    ) -> tuple[float, float]:
        """Distance of the keyframe's camera from the plane, m, by one neighbour; and its standard deviation."""
        other, length_m = neighbour
        pairs = match(keyframe.features, other.features, self._config.ratio)
        both = Lenses(camera, camera)
        views = both.views(keyframe.features.keypoints[pairs[:, 0]], other.features.keypoints[pairs[:, 1]])
        found = pose_over_plane(views.points_ref, views.points_cur, views.K, plane, self._config.ransac_threshold_px)
        if found is None:
            return 1.0, np.inf
        way = found.T_ref_cur[:3, 3]
        length = float(np.linalg.norm(way))
        sigma = float(np.sqrt(way @ found.covariance[:3, :3] @ way)) / max(length, 1e-12)
        share = np.hypot(sigma / max(length, 1e-12), self._config.odometry_drift)
        return length_m / max(length, 1e-12), length_m / max(length, 1e-12) * share

    def scaled(
        self,
        found: RelativePose,
        views: Views,
        raw_ref: NDArray[np.float32],
        keyframe: Keyframe,
        keyframes: Mapping[int, Keyframe],
        camera: CameraModel,
    ) -> RelativePose:
        """A pose among things with depth in metres, where a neighbour shows them too from a known distance.

        Args:
            found: Its position a direction.
            views: The matched points of the keyframe and the current image.
            raw_ref: (N, 2) px of those of the keyframe as they lie in it, distorted.
            keyframe: The one that `found` is about.
            keyframes: The map's.
            camera: That took them.

        Returns:
            `found` itself where no neighbour tells.
        """
        best, best_share = found, _MOST_SIGMA
        for other, length_m in self._neighbours(keyframe, keyframes):
            pairs = match(keyframe.features, other.features, self._config.ratio)
            there = self._between(keyframe, other, pairs, camera)
            if there is None:
                continue
            _, seen, at = np.intersect1d(
                _labels(raw_ref), _labels(keyframe.features.keypoints[pairs[:, 0]]), return_indices=True
            )
            near = Views(views.points_ref[seen], views.points_cur[seen], views.K)
            points = camera.undistort_points(other.features.keypoints[pairs[at, 1]], views.K)
            pose = pose_by_baseline(near, points, found, there, length_m, self._config.odometry_drift * length_m)
            if pose is None:
                continue
            way = pose.T_ref_cur[:3, 3]
            share = float(np.sqrt(way @ pose.covariance[:3, :3] @ way)) / max(float(way @ way), 1e-12)
            if share < best_share:
                best, best_share = pose, share
        return best

    def _between(
        self, keyframe: Keyframe, other: Keyframe, pairs: NDArray[np.intp], camera: CameraModel
    ) -> RelativePose | None:
        """Pose of another keyframe's camera, up to scale, by what both show; (M, 2) pairs of their keypoints."""
        key = keyframe.keyframe_id, other.keyframe_id
        if key not in self._pairs:
            ref, cur = keyframe.features.keypoints[pairs[:, 0]], other.features.keypoints[pairs[:, 1]]
            views = Lenses(camera, camera).views(ref, cur)
            if len(self._pairs) >= _MOST_PAIRS:
                del self._pairs[next(iter(self._pairs))]
            self._pairs[key] = pose_up_to_scale(views.points_ref, views.points_cur, views.K)
        return self._pairs[key]

    def _neighbours(self, keyframe: Keyframe, keyframes: Mapping[int, Keyframe]) -> Iterator[tuple[Keyframe, float]]:
        """Keyframes near in order that have a pose elsewhere, and how far away, m."""
        if keyframe.pose is None:
            return
        for step in range(1, _REACH + 1):
            for key in (keyframe.keyframe_id - step, keyframe.keyframe_id + step):
                other = keyframes.get(key)
                if other is None or other.pose is None:
                    continue
                length_m = float(np.linalg.norm(np.subtract(other.pose.position_m, keyframe.pose.position_m)))
                if length_m > _SHORTEST_M:
                    yield other, length_m


def _labels(points: NDArray[np.float32]) -> NDArray[np.complex64]:
    """One number per point (N, 2), equal for equal ones."""
    return np.asarray(points[:, 0] + 1j * points[:, 1], np.complex64)
