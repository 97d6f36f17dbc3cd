# SPDX-License-Identifier: Apache-2.0
"""Whether a target that was laid onto the image may be said to be seen there."""

from __future__ import annotations

from enum import Enum

import numpy as np

from waymark.image.geometry import coverage, image_corners, is_convex, local_scale, transform_points
from waymark.tracking.alignment import Alignment
from waymark.tracking.config import GateConfig


class Standing(Enum):
    """What is known of a target before an image, from which less or more must be shown."""

    NEW = 0  # not seen lately, or not there
    LATELY = 1  # lost a moment ago, about there
    FOLLOWED = 2  # seen in the last image


def doubt(found: Alignment, size_wh: tuple[int, int], standing: Standing, config: GateConfig) -> str | None:
    """Name the first gate that an alignment fails.

    Args:
        found: How the target's picture lies on the image.
        size_wh: Of the picture, px.
        standing: The less is known, the stricter are the gates.
        config: The gates.

    Returns:
        'inliers', 'share', 'visible', 'corners', 'scale', 'coverage', 'exactness', 'agreement', 'content', or None.
    """
    count = int(np.count_nonzero(found.inliers))
    if count < config.min_inliers:
        return 'inliers'
    if count < config.min_inlier_share * len(found.inliers):
        return 'share'
    if found.visible < (config.min_visible_first if standing is Standing.NEW else config.min_visible):
        return 'visible'
    agreeing = found.points_ref[found.inliers]
    corners = image_corners(size_wh)
    quad = transform_points(found.H_cur_ref, corners)
    scale = local_scale(found.H_cur_ref, np.concatenate([corners, agreeing]))
    if not (scale > 0).all() or not is_convex(quad):
        return 'corners'
    if not config.min_scale <= float(np.median(scale[4:])) <= config.max_scale:
        return 'scale'
    if coverage(agreeing, size_wh) < config.min_coverage:
        return 'coverage'
    longer = float(np.hypot(*(quad - quad[[1, 2, 3, 0]]).T).max())
    if not found.corner_sigma_px <= config.max_corner_sigma * longer:  # NaN fails
        return 'exactness'
    return _unlike(found, standing, config)


def _unlike(found: Alignment, standing: Standing, config: GateConfig) -> str | None:
    least = {
        Standing.NEW: config.min_agreement_first,
        Standing.LATELY: config.min_agreement_again,
        Standing.FOLLOWED: config.min_agreement,
    }[standing]
    if not found.likeness.agreement >= least:
        return 'agreement'
    is_other = found.likeness.enclosed > config.max_enclosed or found.likeness.gap > config.max_gap
    return 'content' if is_other and standing is not Standing.FOLLOWED else None
