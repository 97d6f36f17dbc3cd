# SPDX-License-Identifier: Apache-2.0
"""Configuration of place recognition."""

from __future__ import annotations

import math
from dataclasses import dataclass

from waymark.config import Config, param
from waymark.errors import ConfigError
from waymark.image.features import FeatureConfig
from waymark.image.homography import HomographyConfig
from waymark.places.retrieval.config import RetrievalConfig


@dataclass(frozen=True)
class LocatingConfig(Config):
    """What turns a verified match into a pose: calibration, altitude, odometry."""

    altitude_from: str = param(
        'none',
        'What tells the height over flat ground: none, parameter (altitude_m), range (sensor_msgs/Range, a beam '
        'straight down from the robot) or odometry (z of its pose).',
        choices=('none', 'parameter', 'range', 'odometry'),
    )
    altitude_m: float = param(0.0, 'Height of the camera, for altitude_from: parameter.', ge=0, unit='m')
    altitude_sigma: float = param(0.02, 'Standard deviation of the altitude, as a share of it.', ge=0, le=1)
    ground_z_m: float = param(0.0, 'z of the ground by odometry, for altitude_from: odometry.', unit='m')
    camera_in_base: tuple[float, ...] = param(
        (),
        'Pose of the optical frame on the robot: x, y, z in m and quaternion x, y, z, w; empty: /tf_static says it.',
    )
    map_frame: str = param('map', "Frame of the keyframes' poses.")
    publish_tf: bool = param(True, 'Publish map -> odom on /tf with each verified match that gives it.')
    odometry_gap_s: float = param(
        0.1, 'An image further than this from the odometry around it has no odometry.', gt=0, unit='s'
    )
    odometry_drift: float = param(
        0.02, "Standard deviation of odometry's error, as a share of the distance travelled.", gt=0, le=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        pose = self.camera_in_base
        if pose and (len(pose) != 7 or abs(math.hypot(*pose[3:]) - 1) > 1e-3):
            raise ConfigError(
                'camera_in_base: expected x, y, z and a unit quaternion x, y, z, w as `tf2_echo base_link '
                f'camera_optical_frame` prints them, got {list(pose)}'
            )

    def require_altitude(self) -> None:
        """Refuse an altitude that is announced and not given; not before all is said, as each parameter is set alone.

        Raises:
            ConfigError: Naming both parameters.
        """
        if self.altitude_from == 'parameter' and self.altitude_m == 0:
            raise ConfigError('altitude_m: must be above 0 where altitude_from is parameter, got 0.0')


@dataclass(frozen=True)
class PlacesConfig(FeatureConfig, HomographyConfig, RetrievalConfig, LocatingConfig):
    """When a view is kept, and when it counts as the same place as a kept one."""

    map: str = param(
        '', 'File of the place map: continued where it exists, else made; empty: a map in memory.', path=True
    )
    mapping: bool = param(True, 'Keep new views; false: only find places in the map that there is.')
    max_features: int = param(500, 'Most keypoints per image, strongest first.', ge=16)
    max_side_px: int = param(
        640, 'Longer side that larger images are reduced to before detection; 0: never.', ge=0, unit='px'
    )
    # Twice its size, a picture of 160 x 120 px shows ORB three times as many things that it finds again.
    min_side_px: int = param(
        320, 'Longer side that smaller images are enlarged to before detection; 0: never.', ge=0, le=4096, unit='px'
    )
    min_inliers: int = param(20, 'Fewest matches that must agree for the same place.', ge=4)
    # An inlier of a homography hits a point, one of an essential matrix only a line. Wrong pairs of vpr_corridor reach
    # 13 by either.
    min_epipolar_inliers: int = param(
        26, 'Fewest matches that must agree in a scene with depth, where camera_info is known.', ge=8
    )
    min_epipolar_share: float = param(0.5, 'Smallest share of the matches that must agree there.', ge=0, le=1)
    min_coverage: float = param(
        0.05, 'Smallest share of the keyframe or of the image that the agreeing matches must span.', ge=0, le=1
    )
    # Seen from half or twice the distance it is another place, even if the same thing is in view.
    min_scale: float = param(0.5, 'Smallest size relative to the keyframe.', gt=0)
    max_scale: float = param(2.0, 'Largest size relative to the keyframe.', gt=0)
    convex_corners: bool = param(
        False, 'Whether the corners must stay a convex, unmirrored shape (planes; rooms need not).'
    )
    keyframe_similarity: float = param(
        0.5, 'An image less similar than this to the last keyframe becomes one; 1: every image.', ge=-1, le=1
    )
    keyframe_overlap: float = param(
        0.0,
        'An image that shows less than this share of the last keyframe, by homography, becomes one; 0: any.',
        ge=0,
        lt=1,
    )
    keyframe_max_gap_s: float = param(
        10.0, 'Longest time without a new keyframe where the view is new; 0: any.', ge=0, unit='s'
    )
    keyframe_revisits: bool = param(
        False,
        'Keep a view once more where LOCALIZED says that a keyframe shows it, as similar as keyframe_similarity and '
        'keyframe_overlap ask; the map of a robot on its rounds, or at its dock, then grows for ever.',
    )
    max_keyframes: int = param(
        0, 'Most keyframes: above it those most like their neighbours go, never those of a route; 0: any number.', ge=0
    )
    exclude_recent: int = param(
        10, 'Number of latest keyframes that can not match: they show here and now anyway.', ge=0
    )
    exclude_recent_s: float = param(0.0, 'Age below which a keyframe can not match.', ge=0, unit='s')
    retrieve: int = param(20, 'Most similar keyframes by embedding; they are ranked anew by layout.', ge=1)
    retrieve_bags: int = param(
        6, 'Most similar keyframes by their bag of local features, which turns with the view; 0: none.', ge=0
    )
    match: int = param(8, 'Best ranked keyframes that are matched by local features.', ge=1)
    verify: int = param(5, 'Best matched keyframes that a homography is fitted to.', ge=1)
    search_every: int = param(
        5,
        'While LOCALIZED, neighbours of the last match are looked at first, and the whole map where they do not '
        'clearly show it, or every this many images; 1: for each image.',
        ge=1,
    )
    min_similarity: float = param(0.0, 'Cosine similarity below which a keyframe is not looked at.', ge=-1, le=1)
    min_belief: float = param(
        0.2, 'Smallest probability, through time, of the place that a verified match shows.', ge=0, le=1
    )
    localize_after: int = param(2, 'Verified images in a row, of neighbouring keyframes, that make LOCALIZED.', ge=1)
    lose_after: int = param(5, 'Unverified images in a row that make LOST.', ge=1)
    neighbourhood: int = param(
        5, 'Keyframes this near in order to the last match are its neighbours, and always looked at.', ge=0
    )
