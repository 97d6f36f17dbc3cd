# SPDX-License-Identifier: Apache-2.0
"""Find known planar targets in each image; say nothing about one that is not believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.image.camera import CameraModel
from waymark.image.features import Features, detect
from waymark.image.geometry import image_corners, transform_points
from waymark.image.homography import Homography, register
from waymark.tracking.config import TrackerConfig
from waymark.tracking.pose import target_pose
from waymark.tracking.target import Target, learn_centre, load_targets
from waymark.types import Frame


class TrackState(Enum):
    """Numbers as in waymark_msgs/PlanarTarget."""

    SEARCHING = 0  # not seen yet
    TRACKING = 1  # seen in this image
    LOST = 2  # was seen before, not in this image


@dataclass(frozen=True, eq=False)
class TargetState:
    """One target in one image.

    Attributes:
        target_id: The target's name.
        state: Whether it is seen.
        homography: Target picture px to current px; None unless TRACKING.
        corners_px: (4, 2) corner pixels of the target's picture in the current image; None unless TRACKING.
        T_camera_target: (4, 4) pose in the camera's optical frame, m (see target_pose); None unless TRACKING
            with a calibrated camera and a known width.
    """

    target_id: str
    state: TrackState
    homography: Homography | None = None
    corners_px: NDArray[np.float64] | None = None
    T_camera_target: NDArray[np.float64] | None = None

    @property
    def quality(self) -> float:
        """Share of matched keypoints that agree with the homography, 0 to 1; 0 unless TRACKING."""
        return 0.0 if self.homography is None else self.homography.quality

    @property
    def inliers(self) -> int:
        """Number of matched keypoints that agree; 0 unless TRACKING."""
        return 0 if self.homography is None else self.homography.inlier_count


class PlanarTracker:
    """Looks for each target in each image anew: nothing carries over but whether a target was ever seen."""

    def __init__(self, config: TrackerConfig, targets: tuple[Target, ...]) -> None:
        self._config = config
        self._targets = targets
        self._seen: set[str] = set()

    @classmethod
    def from_config(cls, config: TrackerConfig) -> PlanarTracker:
        """Learn the targets that a configuration names.

        Raises:
            ConfigError: A picture can't be used, or there is no target and none may be learnt.
        """
        if not config.target_images and not config.learn_first_frame:
            raise ConfigError('target_images: no target. Give a picture, or set learn_first_frame: true.')
        return cls(config, load_targets(config))

    @property
    def target_ids(self) -> tuple[str, ...]:
        """Names of the targets known so far."""
        return tuple(t.target_id for t in self._targets)

    def track(self, frame: Frame, camera: CameraModel | None = None) -> tuple[TargetState, ...]:
        """Look for every target in one image.

        Args:
            frame: The current image.
            camera: Its calibration, for poses.

        Returns:
            One state per target; none before the first target is learnt.

        Raises:
            MessageError: `camera` is for images of another size.
        """
        if camera is not None:
            camera.require_size(frame.size_wh)
        features = detect(frame.gray, self._config)
        if not self._targets:
            target = learn_centre('first_frame', features, self._config)
            self._targets = () if target is None else (target,)
        return tuple(self._look_for(target, features, camera) for target in self._targets)

    def _look_for(self, target: Target, features: Features, camera: CameraModel | None) -> TargetState:
        found = register(target.features, features, self._config.ratio, self._config)
        if found is None:
            seen = target.target_id in self._seen
            return TargetState(target.target_id, TrackState.LOST if seen else TrackState.SEARCHING)
        self._seen.add(target.target_id)
        corners = transform_points(found.H_cur_ref, image_corners(target.features.size_wh))
        pose = self._pose(target, corners, camera)
        return TargetState(target.target_id, TrackState.TRACKING, found, corners, pose)

    def _pose(
        self, target: Target, corners: NDArray[np.float64], camera: CameraModel | None
    ) -> NDArray[np.float64] | None:
        width_m = self._config.target_width_m
        if camera is None or not camera.is_calibrated or width_m == 0:
            return None
        return target_pose(corners, target.features.size_wh, width_m, camera)
