# SPDX-License-Identifier: Apache-2.0
"""Whether a homography between two pictures is to be believed: what the pictures themselves say, not the matches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waymark.config import Config, param
from waymark.image.agreement import photometric_agreement
from waymark.image.geometry import coverage, image_corners, is_convex, local_scale, transform_points
from waymark.image.refinement import Refined, refine
from waymark.image.uncertainty import corner_spread
from waymark.image.uniqueness import rivalry

_MOVED_PX = 3.0  # corner distance by which a homography may move and count as found


@dataclass(frozen=True)
class GateConfig(Config):
    """What a homography must show to be believed."""

    min_agreement: float = param(0.2, 'Least photometric agreement through the homography.', ge=-1, le=1)
    max_rivalry: float = param(
        0.88,
        'Largest correlation of the pictures at another displacement relative to that at home: above it a wall of '
        'equal windows could as well be a window further on.',
        gt=0,
    )
    min_support: float = param(
        0.3, 'Smallest share of textured points that must be tracked to where the homography puts them.', ge=0, le=1
    )
    max_spread_px: float = param(
        3.0,
        "Largest standard deviation of the reference's corners in the current image, for points good to a pixel: where "
        'little of the reference is seen, its far corners may lie anywhere.',
        gt=0,
        unit='px',
    )
    min_points: int = param(20, 'Fewest tracked points that must agree.', ge=4)
    min_coverage: float = param(
        0.02, 'Smallest share of the reference image that the agreeing points must span.', ge=0, le=1
    )
    min_scale: float = param(0.1, 'Smallest size relative to the reference.', gt=0)
    max_scale: float = param(10.0, 'Largest size relative to the reference.', gt=0)
    refine_side_px: int = param(
        480, 'Longer side at which a homography is made exact by tracking.', ge=64, le=4096, unit='px'
    )


@dataclass(frozen=True, eq=False)
class Judged:
    """A homography after it was made exact.

    Attributes:
        H_cur_ref: (3, 3) reference px to current px, H[2, 2] = 1.
        rejection: The first gate that it fails, None: it is believed.
        agreement: Photometric agreement through it; 0 where an earlier gate failed.
        support: Share of tracked points that agree with it.
        spread_px: Standard deviation of the reference's corners in the current image, for points good to a pixel.
        agreeing_px: (N, 2) reference px of the tracked points that agree with it.
    """

    H_cur_ref: NDArray[np.float64]
    rejection: str | None
    agreement: float = 0.0
    support: float = 0.0
    spread_px: float = float('inf')
    agreeing_px: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))


def judge(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], H_cur_ref: NDArray[np.float64], config: GateConfig
) -> Judged:
    """Make a homography exact and look whether it is to be believed.

    Args:
        reference: (H, W) uint8.
        current: (H', W') uint8.
        H_cur_ref: (3, 3) from few matches.
        config: The gates.

    Returns:
        The exact homography, and why it is not believed, where it is not.
    """
    size_wh = (reference.shape[1], reference.shape[0])
    unlike_a_view = view_rejection(H_cur_ref, size_wh, config)
    if unlike_a_view is not None:
        return Judged(H_cur_ref, unlike_a_view)
    refined = _settled(reference, current, H_cur_ref, config)
    if refined is None:
        return Judged(H_cur_ref, 'tracking')
    H = refined.H_cur_ref
    agreement = photometric_agreement(reference, current, H)
    spread_px = corner_spread(H, refined.agreeing_px, size_wh)
    rejection = (
        view_rejection(H, size_wh, config)
        or support_rejection(refined, size_wh, config)
        or ('spread' if spread_px > config.max_spread_px else None)
        or ('agreement' if agreement < config.min_agreement else None)
        or ('rivalry' if rivalry(reference, current, H) > config.max_rivalry else None)
    )
    return Judged(H, rejection, agreement, refined.support, spread_px, refined.agreeing_px)


def _settled(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], H_cur_ref: NDArray[np.float64], config: GateConfig
) -> Refined | None:
    """Track until the homography stays where it is, three times at most."""
    corners = image_corners((reference.shape[1], reference.shape[0]))
    refined, before = None, H_cur_ref
    for _ in range(3):
        again = refine(reference, current, before, config.refine_side_px)
        if again is None:
            return refined
        refined = again
        moved = np.abs(transform_points(again.H_cur_ref, corners) - transform_points(before, corners))
        if not np.isfinite(moved).all() or moved.max() < _MOVED_PX:
            return refined
        before = again.H_cur_ref
    return refined


def view_rejection(H_cur_ref: NDArray[np.float64], size_wh: tuple[int, int], config: GateConfig) -> str | None:
    """Say why a homography can't be a camera's view of a picture.

    Args:
        H_cur_ref: (3, 3) reference px to current px.
        size_wh: Of the reference, px.
        config: Smallest and largest scale.

    Returns:
        'mirrored', 'scale', 'corners', or None.
    """
    corners = image_corners(size_wh)
    scale = local_scale(H_cur_ref, np.vstack([corners, corners.mean(axis=0)]))
    if not (np.isfinite(scale) & (scale > 0)).all():  # mirrored, or a corner beyond the horizon
        return 'mirrored'
    if not config.min_scale <= float(scale[-1]) <= config.max_scale:
        return 'scale'
    return None if is_convex(transform_points(H_cur_ref, corners)) else 'corners'


def support_rejection(refined: Refined, size_wh: tuple[int, int], config: GateConfig) -> str | None:
    """Say why tracked points don't bear a homography.

    Args:
        refined: After tracking.
        size_wh: Of the reference, px.
        config: The gates.

    Returns:
        'points', 'support', 'coverage', or None.
    """
    if len(refined.agreeing_px) < config.min_points:
        return 'points'
    if refined.support < config.min_support:
        return 'support'
    return 'coverage' if coverage(refined.agreeing_px, size_wh) < config.min_coverage else None
