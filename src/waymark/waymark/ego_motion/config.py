# SPDX-License-Identifier: Apache-2.0
"""Configuration of ego-motion over ground."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.config import param
from waymark.errors import ConfigError
from waymark.image.flow import FlowConfig
from waymark.image.rotation import rotation_matrix

# Columns: the optical frame's x (right), y (down), z (forward) in the vehicle's forward, left, up.
_STRAIGHT_DOWN = ((0.0, -1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, -1.0))


@dataclass(frozen=True)
class EgoMotionConfig(FlowConfig):
    """How the camera is mounted, how good the sensors are, and when a view becomes an anchor."""

    camera_in_base: tuple[float, ...] = param(
        (),
        'Pose of the optical frame on the vehicle: x, y, z in m and quaternion x, y, z, w; empty: as /tf_static says '
        "(the node), else straight down in its middle, the image's up being forward.",
    )
    range_noise: float = param(
        0.01, 'Standard deviation of one altitude, as a share of it, anew each time.', gt=0.0, le=0.5
    )
    range_bias: float = param(
        0.005, 'Standard deviation of the scale error that all altitudes share, as a share of them.', ge=0.0, le=0.5
    )
    attitude_noise_deg: float = param(
        0.3, 'Standard deviation of roll and pitch, anew each time.', gt=0.0, le=30.0, unit='degrees'
    )
    attitude_bias_deg: float = param(
        0.5, 'Standard deviation of what roll and pitch share: mounting and offset.', ge=0.0, le=30.0, unit='degrees'
    )
    level_sigma_deg: float = param(
        5.0, 'Without attitude: how far the vehicle is usually from level.', gt=0.0, le=45.0, unit='degrees'
    )
    max_tilt_deg: float = param(
        45.0, 'An attitude further from level than this is refused.', gt=0.0, le=80.0, unit='degrees'
    )
    match_threshold_px: float = param(1.5, "Largest distance of a point from the plane's motion.", gt=0.0, unit='px')
    match_noise_px: float = param(
        0.05, 'Least standard deviation of a followed point; more is measured.', gt=0.0, unit='px'
    )
    min_inliers: int = param(25, 'Fewest points that must move as one plane.', ge=8)
    min_inlier_share: float = param(0.4, 'Smallest share of the followed points that must do so.', gt=0.0, le=1.0)
    min_coverage: float = param(0.08, 'Smallest share of the image that they must span.', ge=0.0, le=1.0)
    anchor_overlap: float = param(
        0.55, 'A new anchor is taken when less of the image than this shows the present one.', gt=0.0, lt=1.0
    )
    reuse_overlap: float = param(
        0.65, 'An earlier anchor is taken again when at least this much of the image should show it.', gt=0.0, le=1.0
    )
    reuse_anchors: bool = param(True, 'Whether earlier anchors are taken again at all.')
    max_anchors: int = param(100, 'Most anchors that are kept; those nearest to another one go first.', ge=3, le=1000)
    coast_acceleration_m_s2: float = param(
        2.0, 'How quickly the vehicle may change its velocity while nothing is seen.', gt=0.0, unit='m/s^2'
    )
    coast_turn_rad_s: float = param(0.5, 'How quickly it may turn then.', gt=0.0, unit='rad/s')
    velocity_window_s: float = param(0.3, 'Time over which velocity is measured.', gt=0.0, le=5.0, unit='s')
    height_noise_px: float = param(
        0.3, 'Standard deviation of the optical flow that heights come from.', gt=0.0, unit='px'
    )
    height_cell_px: int = param(8, 'Width of a cell of the height image.', ge=2, le=64, unit='px')

    def __post_init__(self) -> None:
        super().__post_init__()
        pose = self.camera_in_base
        if pose and (len(pose) != 7 or abs(math.hypot(*pose[3:]) - 1) > 1e-3):
            raise ConfigError(
                'camera_in_base: expected x, y, z and a unit quaternion x, y, z, w as `tf2_echo base_link '
                f'camera_optical_frame` prints them, got {list(pose)}'
            )

    @property
    def T_base_camera(self) -> NDArray[np.float64]:
        """(4, 4) pose of the camera's optical frame on the vehicle, m."""
        T = np.eye(4)
        T[:3, :3] = _STRAIGHT_DOWN
        if self.camera_in_base:
            x, y, z, *quaternion = self.camera_in_base
            qx, qy, qz, qw = quaternion
            T[:3, :3], T[:3, 3] = rotation_matrix((qx, qy, qz, qw)), (x, y, z)
        return T
