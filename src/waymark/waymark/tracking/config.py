# SPDX-License-Identifier: Apache-2.0
"""Configuration of the planar tracker."""

from __future__ import annotations

from dataclasses import dataclass

from waymark.config import param
from waymark.image.features import FeatureConfig
from waymark.image.homography import HomographyConfig


@dataclass(frozen=True)
class GateConfig(HomographyConfig):
    """What a target must show before it is said to be seen."""

    min_agreement_first: float = param(
        0.75,
        "Smallest share of the target's visible texture that must look alike where it was not seen lately.",
        ge=0,
        le=1,
    )
    min_agreement_again: float = param(0.6, 'The same about where it was lost a moment ago.', ge=0, le=1)
    min_agreement: float = param(
        0.5, 'The same while it is followed: less, so that something may pass in front of it.', ge=0, le=1
    )
    max_enclosed: float = param(
        0.04,
        'Largest share of the texture that may look different in the midst of what looks alike, where it was not seen '
        'lately: what passes in front comes from outside, another number on the same sign does not.',
        ge=0,
        le=1,
    )
    max_gap: float = param(
        0.3,
        'Largest difference of correlation between the best fifth and the poorest quarter of the texture, where it was '
        'not seen lately and that quarter is not hidden: other words under the same head fall behind it.',
        ge=0,
        le=2,
    )
    min_visible_first: float = param(
        0.5, 'Smallest share of the target that must be inside the image where it was not seen before.', ge=0, le=1
    )
    min_visible: float = param(0.25, 'The same while it is followed.', ge=0, le=1)
    max_corner_sigma: float = param(
        0.02, "Largest standard deviation of a corner's position, as a share of the target's size in the image.", gt=0
    )


@dataclass(frozen=True)
class TrackerConfig(FeatureConfig, GateConfig):
    """Which planar targets to look for, and when one counts as seen."""

    target_images: tuple[str, ...] = param(
        (),
        'Pictures of the targets; a target is named by its file without the extension. Further views of sign.png are '
        'sign@left.png, sign@dusk.png and so on.',
        path=True,
    )
    target_width_m: float = param(
        0.0, 'Real width of the targets, for their pose; 0: unknown, no pose.', ge=0, unit='m'
    )
    learn_first_frame: bool = param(
        True,
        'Without target_images, learn the centre of the first image that has enough texture; false: wait for '
        '~/add_target.',
    )
    min_target_features: int = param(
        50, 'Fewest keypoints that a target needs: one with less texture is refused.', ge=4
    )
    target_features: int = param(
        1000, 'Most keypoints of one picture of a target: matching takes time for each.', ge=50
    )
    template_px: int = param(
        192, "Longer side of a target's picture when it is laid onto the image.", ge=48, le=1024, unit='px'
    )
    check_px: int = param(
        480, 'The same when it is to be believed for the first time, or again.', ge=48, le=2048, unit='px'
    )
    template_points: int = param(60, 'Most points by which it is laid on.', ge=16, le=1000)
    flow_px: int = param(
        360, 'Longer side to which images are halved for the flow from one to the next.', ge=64, unit='px'
    )
    flow_points: int = param(24, 'Most points per target that the flow follows.', ge=8, le=1000)
    flow_back_px: float = param(
        1.0, 'Farthest that a point may end from where it began when it is followed forth and back.', gt=0, unit='px'
    )
    redetect_every: int = param(
        30, 'Images after which a followed target is looked for anew, as a check; 0: never.', ge=0
    )
    search_every: int = param(3, 'Images from one that is searched for missing targets to the next.', ge=1)
    searched_at_once: int = param(2, 'Most targets that are looked for in one image.', ge=1)
    doubt_frames: int = param(
        30, 'Images for which a target that was just lost comes first, and is looked for where it was.', ge=0
    )
    publish_tf: bool = param(False, 'Whether targets with a pose are sent to /tf as children of the camera.')
    tf_prefix: str = param('target/', "What a target's frame in /tf begins with; its name follows.")
