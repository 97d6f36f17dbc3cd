# SPDX-License-Identifier: Apache-2.0
"""Homographies between two images by USAC_MAGSAC, and the gates that keep wrong ones out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.config import Config, param
from waymark.image.features import Features, match
from waymark.image.geometry import coverage, image_corners, is_convex, local_scale, transform_points


@dataclass(frozen=True)
class HomographyConfig(Config):
    """Inlier threshold of a homography, and the support it needs to be believed."""

    ransac_threshold_px: float = param(
        3.0, 'Largest distance of an inlier from where the homography puts it.', gt=0, unit='px'
    )
    min_inliers: int = param(12, 'Fewest matches that must agree.', ge=4)
    min_inlier_share: float = param(0.25, 'Smallest share of the matches that must agree.', ge=0, le=1)
    min_coverage: float = param(
        0.02, 'Smallest share of the reference image that the agreeing matches must span.', ge=0, le=1
    )
    min_scale: float = param(0.1, 'Smallest size relative to the reference.', gt=0)
    max_scale: float = param(10.0, 'Largest size relative to the reference.', gt=0)
    convex_corners: bool = param(
        True, "Whether the reference's corners must stay a convex, unmirrored shape (planes; rooms need not)."
    )


@dataclass(frozen=True, eq=False)
class Homography:
    """A plane seen twice.

    Attributes:
        H_cur_ref: (3, 3) float64, reference px to current px, H[2, 2] = 1.
        inliers: (M,) bool, which matches agree.
    """

    H_cur_ref: NDArray[np.float64]
    inliers: NDArray[np.bool_]

    def __post_init__(self) -> None:
        require_shape('H_cur_ref', self.H_cur_ref, (3, 3))
        require_shape('inliers', self.inliers, ('M',))

    @property
    def inlier_count(self) -> int:
        """Number of matches that agree."""
        return int(np.count_nonzero(self.inliers))

    @property
    def quality(self) -> float:
        """Share of matches that agree, 0 to 1."""
        return float(self.inliers.mean()) if len(self.inliers) else 0.0


def find_homography(
    points_ref: NDArray[np.float32], points_cur: NDArray[np.float32], threshold_px: float, quick: bool = False
) -> tuple[NDArray[np.float64] | None, NDArray[np.bool_]]:
    """Run USAC_MAGSAC: the one place that calls cv2.findHomography.

    Args:
        points_ref: (N, 2) pixels in the reference image.
        points_cur: (N, 2) the same points in the current image.
        threshold_px: Inlier threshold, px.
        quick: Whether USAC_FAST is enough, in half the time: where most points agree, and H_cur_ref is refined.

    Returns:
        H_cur_ref (3, 3) and the inlier mask (N,); None and all False where the points fix no homography.
    """
    none = np.zeros(len(points_ref), np.bool_)
    method = cv2.USAC_FAST if quick else cv2.USAC_MAGSAC
    if len(points_ref) < 4:
        return None, none
    try:
        H, mask = cv2.findHomography(points_ref, points_cur, method, threshold_px, maxIters=2000, confidence=0.999)
    except cv2.error:  # USAC raises on some degenerate point sets instead of giving up
        return None, none
    if H is None or mask is None or not np.isfinite(H).all() or abs(H[2, 2]) < 1e-12:
        return None, none
    return np.asarray(H / H[2, 2], np.float64), np.asarray(mask.ravel() > 0, np.bool_)


def estimate_homography(
    points_ref: NDArray[np.float32], points_cur: NDArray[np.float32], config: HomographyConfig
) -> Homography | None:
    """Fit the homography that maps reference points onto current points.

    Args:
        points_ref: (N, 2) pixels (x, y) in the reference image.
        points_cur: (N, 2) pixels of the same points in the current image.
        config: Inlier threshold and support required.

    Returns:
        The homography, or None when too few matches agree.
    """
    require_shape('points_ref', points_ref, ('N', 2))
    require_shape('points_cur', points_cur, (len(points_ref), 2))
    if len(points_ref) < config.min_inliers:
        return None
    # MAGSAC++ averages over thresholds up to this one: one default suits near and far.
    H, inliers = find_homography(points_ref, points_cur, config.ransac_threshold_px)
    if H is None or np.count_nonzero(inliers) < config.min_inliers:
        return None
    return Homography(H, inliers)


def rejection(
    found: Homography,
    points_ref: NDArray[np.floating],
    size_ref_wh: tuple[int, int],
    config: HomographyConfig,
    covered: float | None = None,
) -> str | None:
    """Say why a fitted homography can't be a real view of the reference.

    Args:
        found: Fitted to `points_ref`.
        points_ref: (M, 2) the matched reference pixels, inliers and outliers.
        size_ref_wh: Of the reference image, px.
        config: The gates; the number of inliers is estimate_homography's.
        covered: What `min_coverage` is asked of; None: the share of the reference that the agreeing matches span.

    Returns:
        The first gate it fails ('share', 'coverage', 'mirrored', 'scale', 'corners'), or None.
    """
    agreeing = np.asarray(points_ref)[found.inliers]
    if found.quality < config.min_inlier_share:
        return 'share'
    if (coverage(agreeing, size_ref_wh) if covered is None else covered) < config.min_coverage:
        return 'coverage'
    scale = local_scale(found.H_cur_ref, agreeing)
    if not (scale > 0).all():  # a mirrored or horizon-crossing picture can't come from one camera
        return 'mirrored'
    if not config.min_scale <= float(np.median(scale)) <= config.max_scale:
        return 'scale'
    return 'corners' if config.convex_corners and not _keeps_corners(found, size_ref_wh) else None


def _keeps_corners(found: Homography, size_ref_wh: tuple[int, int]) -> bool:
    corners = image_corners(size_ref_wh)
    in_front = (local_scale(found.H_cur_ref, corners) > 0).all()
    return bool(in_front) and is_convex(transform_points(found.H_cur_ref, corners))


def register(reference: Features, current: Features, ratio: float, config: HomographyConfig) -> Homography | None:
    """Match two images and fit a homography that passes every gate.

    Args:
        reference: Features of the reference image.
        current: Features of the current image, by the same detector.
        ratio: Of the ratio test.
        config: Inlier threshold and gates.

    Returns:
        The homography, or None when the two are not believed to show the same plane.
    """
    pairs = match(reference, current, ratio)
    points_ref = reference.keypoints[pairs[:, 0]]
    found = estimate_homography(points_ref, current.keypoints[pairs[:, 1]], config)
    if found is None or rejection(found, points_ref, reference.size_wh, config) is not None:
        return None
    return found
