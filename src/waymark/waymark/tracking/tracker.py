# SPDX-License-Identifier: Apache-2.0
"""Find and follow known planar targets; say nothing about one that is not believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.errors import ConfigError
from waymark.image.camera import CameraModel
from waymark.image.geometry import image_corners, transform_points
from waymark.image.homography import Homography
from waymark.tracking.config import TrackerConfig
from waymark.tracking.flow import FrameFlow
from waymark.tracking.pictures import load_targets
from waymark.tracking.pose import TargetPose, target_pose
from waymark.tracking.pyramid import FramePyramid
from waymark.tracking.search import Searcher
from waymark.tracking.target import Box, Target, learn_target, with_view
from waymark.tracking.track import Track, TrackState
from waymark.types import Frame


@dataclass(frozen=True, eq=False)
class TargetState:
    """One target in one image.

    Attributes:
        target_id: The target's name.
        state: Whether it is seen.
        homography: Target picture px to current px; None unless TRACKING.
        corners_px: (4, 2) corner pixels of the target's picture in the current image; None unless TRACKING.
        agreement: Share of its visible texture that looks alike, 0 to 1; 0 unless TRACKING.
        pose: In the camera's optical frame; None unless TRACKING with a calibrated camera and a known width.
        reason: Why it is not TRACKING: the gate that it failed, 'matches', 'flow' or 'not searched yet'.
    """

    target_id: str
    state: TrackState
    homography: Homography | None = None
    corners_px: NDArray[np.float64] | None = None
    agreement: float = 0.0
    pose: TargetPose | None = None
    reason: str = ''

    @property
    def quality(self) -> float:
        """Share of the points looked for that agree with the homography, 0 to 1; 0 unless TRACKING."""
        return 0.0 if self.homography is None else self.homography.quality

    @property
    def inliers(self) -> int:
        """Number of points that agree; 0 unless TRACKING."""
        return 0 if self.homography is None else self.homography.inlier_count


class PlanarTracker:
    """Follows what it sees from image to image, and looks for the rest in turn."""

    def __init__(self, config: TrackerConfig, targets: tuple[Target, ...]) -> None:
        self._config = config
        self._tracks = [Track(t, config) for t in targets]
        self._flow = FrameFlow(config.flow_px, config.flow_back_px)
        self._searcher = Searcher(config)
        self._size_wh: tuple[int, int] | None = None

    @classmethod
    def from_config(cls, config: TrackerConfig) -> PlanarTracker:
        """Learn the targets that a configuration names.

        Raises:
            ConfigError: A picture can't be used.
        """
        return cls(config, load_targets(config))

    @property
    def target_ids(self) -> tuple[str, ...]:
        """Names of the targets known so far."""
        return tuple(t.target.target_id for t in self._tracks)

    @property
    def has_widths(self) -> bool:
        """Whether the real width of any target is known, so that it can have a pose."""
        return any(t.target.width_m > 0 for t in self._tracks)

    def track(
        self, frame: Frame, camera: CameraModel | None = None, moving: NDArray[np.floating] | None = None
    ) -> tuple[TargetState, ...]:
        """Say of every target where it is in one image.

        Args:
            frame: The current image.
            camera: Its calibration, for poses.
            moving: (H, W) of the image, 0 to 1 (waymark.masks.motion_mask): no target is looked for on what moves, and
                none is learnt there; None: anywhere.

        Returns:
            One state per target; none before the first target is learnt.

        Raises:
            MessageError: `camera` is for images of another size.
        """
        if camera is not None:
            camera.require_size(frame.size_wh)
        if frame.size_wh != self._size_wh:
            self.forget()
            self._size_wh = frame.size_wh
        if not self._tracks and self._config.learn_first_frame:
            self._learn_centre(frame, moving)
        image = FramePyramid(frame.gray)
        for track in self._tracks:
            track.foresee(image)
        motions = self._flow.motions(image, [t.points_px for t in self._tracks])
        for track, motion in zip(self._tracks, motions, strict=True):
            track.follow(image, motion)
        self._searcher.search(image, self._tracks, moving)
        return tuple(self._state(t, camera) for t in self._tracks)

    def add_target(
        self,
        target_id: str,
        gray: NDArray[np.uint8],
        width_m: float = 0.0,
        box: Box | None = None,
        moving: NDArray[np.floating] | None = None,
    ) -> Target:
        """Learn a target, or a further view of a known one, from now on.

        Args:
            target_id: Its name; a known one makes this a further view.
            gray: (H, W) uint8.
            width_m: Real width of the picture or the box, m; 0: unknown; not used for a further view.
            box: Part of `gray` that is the target; None: all of it.
            moving: (H, W) of `gray`, 0 to 1: what moves is no part of the target; None: nothing does.

        Returns:
            The target as it is known now.

        Raises:
            ConfigError: No name, a negative width, a box that is no part of the image, too little texture, or a view
                that the known pictures don't recognise.
        """
        if not target_id:
            raise ConfigError('target_id: a target needs a name.')
        if not width_m >= 0:  # NaN too
            raise ConfigError(f'width_m: expected 0 or more, got {width_m}.')
        known = next((t for t in self._tracks if t.target.target_id == target_id), None)
        if known is None:
            target = learn_target(target_id, gray, self._config, width_m, box, moving)
            self._tracks.append(Track(target, self._config))
            return target
        known.target = with_view(known.target, gray, self._config, box, moving)
        return known.target

    def forget(self) -> None:
        """Forget where the targets are, not what they look like: the images that follow are not a continuation."""
        self._flow.forget()
        for track in self._tracks:
            track.forget()

    def _learn_centre(self, frame: Frame, moving: NDArray[np.floating] | None) -> None:
        width, height = frame.size_wh
        box = width // 4, height // 4, width - 2 * (width // 4), height - 2 * (height // 4)
        try:
            target = learn_target('first_frame', frame.gray, self._config, self._config.target_width_m, box, moving)
        except ConfigError:
            return  # the first image with enough texture, says the parameter
        self._tracks.append(Track(target, self._config))

    def _state(self, track: Track, camera: CameraModel | None) -> TargetState:
        found, target = track.found, track.target
        if found is None:
            return TargetState(target.target_id, track.state, reason=track.reason)
        corners = transform_points(found.H_cur_ref, image_corners(target.size_wh))
        pose = None
        if camera is not None and camera.is_calibrated and target.width_m > 0:
            agreeing = found.points_ref[found.inliers], found.points_cur[found.inliers]
            pose = target_pose(*agreeing, target.size_wh, target.width_m, camera)
        homography = Homography(found.H_cur_ref, found.inliers)
        return TargetState(target.target_id, TrackState.TRACKING, homography, corners, found.agreement, pose)
