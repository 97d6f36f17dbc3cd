# SPDX-License-Identifier: Apache-2.0
"""Whether a target that was laid onto the image may be said to be seen there."""

from __future__ import annotations

import numpy as np

from waymark.image.geometry import coverage, image_corners, is_convex, local_scale, transform_points
from waymark.tracking.alignment import Alignment
from waymark.tracking.config import GateConfig


def doubt(found: Alignment, size_wh: tuple[int, int], is_followed: bool, config: GateConfig) -> str | None:
    """Name the first gate that an alignment fails.

    Args:
        found: How the target's picture lies on the image.
        size_wh: Of the picture, px.
        is_followed: It was seen in the last image; otherwise the gates are stricter.
        config: The gates.

    Returns:
        'inliers', 'share', 'visible', 'corners', 'scale', 'coverage', 'exactness', 'agreement', or None.
    """
    count = int(np.count_nonzero(found.inliers))
    corners = image_corners(size_wh)
    quad = transform_points(found.H_cur_ref, corners)
    agreeing = found.points_ref[found.inliers]
    scale = local_scale(found.H_cur_ref, agreeing)
    if count < config.min_inliers:
        return 'inliers'
    if count < config.min_inlier_share * len(found.inliers):
        return 'share'
    if found.visible < (config.min_visible if is_followed else config.min_visible_first):
        return 'visible'
    if not (local_scale(found.H_cur_ref, corners) > 0).all() or not is_convex(quad) or not (scale > 0).all():
        return 'corners'
    if not config.min_scale <= float(np.median(scale)) <= config.max_scale:
        return 'scale'
    if coverage(agreeing, size_wh) < config.min_coverage:
        return 'coverage'
    longer = float(np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1).max())
    if not found.corner_sigma_px <= config.max_corner_sigma * longer:  # NaN fails
        return 'exactness'
    return None if found.agreement >= (config.min_agreement if is_followed else config.min_agreement_first) else 'agreement'
