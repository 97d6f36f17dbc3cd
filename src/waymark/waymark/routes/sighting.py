# SPDX-License-Identifier: Apache-2.0
"""A keyframe of the route seen again: where the vehicle is, from that keyframe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.camera import CameraModel
from waymark.image.features import Features, match_each
from waymark.image.homography import estimate_homography, rejection
from waymark.maps.keyframe import Keyframe
from waymark.routes.config import SightingConfig
from waymark.routes.levelling import Floats, down_in_camera, level_points, mounted
from waymark.routes.planar import Planar

_FAR_SIGMAS = 3.0  # matches further from the level fit than this are left out of it


@dataclass(frozen=True, eq=False)
class Sighting:
    """One keyframe, seen.

    Attributes:
        index: Of the keyframe in the route, in taught order.
        pose: The vehicle's, in the level frame of the vehicle at the keyframe.
        covariance: (3, 3) of forward m, left m, heading rad.
        scale: Height above ground relative to the keyframe's.
        inliers: Matches that agree with one homography.
    """

    index: int
    pose: Planar
    covariance: Floats
    scale: float
    inliers: int


@dataclass(frozen=True, eq=False)
class Seen:
    """One image and what was measured with it.

    Attributes:
        features: Of the image, by the detector that made those of the keyframes.
        camera: Calibration of the image.
        height_m: Of the camera above the ground; 0 where a camera looks forward, which needs none.
        R_world_base: (3, 3) attitude, of which roll and pitch count; None: unknown.
    """

    features: Features
    camera: CameraModel
    height_m: float
    R_world_base: Floats | None = None


class RouteViews:
    """The keyframes of a route, to be looked for in images."""

    def __init__(
        self,
        config: SightingConfig,
        keyframes: Sequence[Keyframe],
        downs: Sequence[Floats | None],
        camera: CameraModel,
        yaw_rad: float = 0.0,
    ) -> None:
        """Take the views.

        Args:
            config: What is asked of a sighting.
            keyframes: In taught order.
            downs: (3,) direction to the ground in the optical frame of each, None where it is unknown.
            camera: That took them.
            yaw_rad: Heading of the image's up in the vehicle.
        """
        self._config, self._camera, self._yaw_rad = config, camera, yaw_rad
        self._keyframes, self._downs = tuple(keyframes), tuple(downs)
        self._R_base_camera = mounted(yaw_rad)

    def __len__(self) -> int:
        return len(self._keyframes)

    def look(self, seen: Seen, indices: Iterable[int]) -> list[Sighting]:
        """Look for some keyframes in an image.

        Args:
            seen: The image.
            indices: Keyframes in taught order.

        Returns:
            Those that are seen, by falling number of inliers.
        """
        wanted = [i for i in indices if 0 <= i < len(self._keyframes)]
        down = None if seen.R_world_base is None else down_in_camera(seen.R_world_base @ self._R_base_camera)
        if down is not None and down[2] < 0.5:  # 60 degrees from level: upside down, or no attitude at all
            return []
        features = [self._keyframes[i].features for i in wanted]
        found = []
        for index, pairs in zip(wanted, match_each(features, seen.features, self._config.route_ratio), strict=True):
            sighting = self._sighting(index, pairs, seen, down)
            if sighting is not None:
                found.append(sighting)
        return sorted(found, key=lambda s: -s.inliers)

    def _sighting(self, index: int, pairs: NDArray[np.intp], seen: Seen, down: Floats | None) -> Sighting | None:
        config, keyframe = self._config, self._keyframes[index]
        points_key = keyframe.features.keypoints[pairs[:, 0]]
        points_cur = seen.features.keypoints[pairs[:, 1]]
        found = estimate_homography(points_key, points_cur, config)
        if found is None or rejection(found, points_key, keyframe.features.size_wh, config) is not None:
            return None
        inliers = found.inliers
        key_down = self._downs[index]
        fit = fit_level(
            level_points(points_key[inliers], self._camera, key_down),
            level_points(points_cur[inliers], seen.camera, down),
        )
        focal_px = float(seen.camera.K[0, 0])
        if fit is None or fit.misfit * focal_px > config.max_misfit_px:
            return None
        return self._placed(index, fit, seen, found.inlier_count, (key_down is not None) + (down is not None))

    def _placed(self, index: int, fit: LevelFit, seen: Seen, inliers: int, levels: int) -> Sighting:
        """From the images' axes, in heights, to the vehicle's, in metres."""
        unit_m = seen.height_m / fit.scale
        ahead, aside = -fit.shift[1] * unit_m, -fit.shift[0] * unit_m
        c, s = math.cos(self._yaw_rad), math.sin(self._yaw_rad)
        pose = Planar(c * ahead - s * aside, s * ahead + c * aside, -fit.turn_rad)
        config = self._config
        tilt = levels * config.attitude_sigma_rad**2 + (2 - levels) * config.tilt_sigma_rad**2
        pixel = (config.pixel_sigma / float(seen.camera.K[0, 0])) ** 2
        place = unit_m**2 * (fit.shift_variance + pixel + tilt)
        turn = fit.turn_variance + pixel
        return Sighting(index, pose, np.diag([place, place, turn]), fit.scale, inliers)


@dataclass(frozen=True, eq=False)
class LevelFit:
    """Points of a current level view in the plane of a keyframe's: key = scale * R(turn) @ cur + shift.

    Attributes:
        scale: Height of the current camera relative to the keyframe's.
        turn_rad: From right to back: clockwise seen from above.
        shift: (2,) right and back, in heights of the keyframe.
        misfit: Root mean square distance, in heights of the keyframe.
        shift_variance: Of each component of `shift`.
        turn_variance: Of `turn_rad`.
    """

    scale: float
    turn_rad: float
    shift: Floats
    misfit: float
    shift_variance: float
    turn_variance: float


def fit_level(points_key: Floats, points_cur: Floats) -> LevelFit | None:
    """Fit turn, scale and shift between two level views of flat ground, twice: the second time without what is far off.

    Least squares in complex numbers (Umeyama's similarity in the plane, PAMI 1991).

    Args:
        points_key: (N, 2) in the keyframe's view, right and back in its heights.
        points_cur: (N, 2) the same points in the current view.

    Returns:
        The fit; None where the points have no extent.
    """
    key, cur = points_key @ (1, 1j), points_cur @ (1, 1j)
    kept = np.ones(len(key), bool)
    for _ in range(2):
        if kept.sum() < 4:
            return None
        middle_key, middle_cur = key[kept].mean(), cur[kept].mean()
        spread = float((np.abs(cur[kept] - middle_cur) ** 2).sum())
        factor = ((key[kept] - middle_key) * (cur[kept] - middle_cur).conj()).sum() / max(spread, 1e-12)
        shift = middle_key - factor * middle_cur
        distance = np.abs(key - factor * cur - shift)
        misfit = float(np.sqrt((distance[kept] ** 2).mean()))
        kept = distance <= _FAR_SIGMAS * misfit + 1e-12
    scale = float(abs(factor))
    if spread < 1e-9 or scale < 1e-3:
        return None
    noise = misfit**2 / 2  # of one component
    return LevelFit(
        scale,
        float(np.angle(factor)),
        np.array([shift.real, shift.imag]),
        misfit,
        noise / len(key) + noise * float(abs(middle_cur) ** 2) / spread,
        noise / (scale**2 * spread),
    )
