# SPDX-License-Identifier: Apache-2.0
"""Two pictures of one plane: the homography between them, or None where there is none to be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_shape
from waymark.config import param
from waymark.image.agreement import photometric_agreement
from waymark.image.features import FeatureConfig, detect, match
from waymark.image.homography import Homography, HomographyConfig, estimate_homography, rejection
from waymark.image.refinement import refine


@dataclass(frozen=True)
class RegistrationConfig(FeatureConfig, HomographyConfig):
    """How two pictures are registered, and what a homography must show to be believed."""

    detector: str = param('akaze', 'Local features: orb is fast, akaze is more exact.', choices=('orb', 'akaze'))
    max_features: int = param(2000, 'Most keypoints per image, strongest first.', ge=16)
    thorough: bool = param(False, 'Whether to go on where the first matches do not do: slower, finds more.')
    min_agreement: float = param(0.4, 'Least photometric agreement through the homography.', ge=-1, le=1)
    min_support: float = param(
        0.3, 'Smallest share of textured points that must be tracked to where the homography puts them.', ge=0, le=1
    )
    refine_side_px: int = param(
        480, 'Longer side at which a homography is made exact by tracking.', ge=64, le=4096, unit='px'
    )


STANDARD = RegistrationConfig()


@dataclass(frozen=True, eq=False)
class Registration:
    """A homography that passed every gate.

    Attributes:
        H_cur_ref: (3, 3) float64, reference px to current px, H[2, 2] = 1.
        inliers: Matches that agree with it.
        matches: Matches that it was found among.
        agreement: Photometric agreement through it, -1 to 1.
        support: Share of tracked points that agree with it, 0 to 1.
        method: What found it: 'akaze' or 'orb'.
    """

    H_cur_ref: NDArray[np.float64]
    inliers: int
    matches: int
    agreement: float
    support: float
    method: str

    def __post_init__(self) -> None:
        require_shape('H_cur_ref', self.H_cur_ref, (3, 3))


def register_images(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], config: RegistrationConfig = STANDARD
) -> Registration | None:
    """Find the homography between two pictures of a plane.

    Args:
        reference: (H, W) uint8.
        current: (H', W') uint8.
        config: Features, and what is asked of the answer.

    Returns:
        The registration; None where no homography is believed: say lost then.

    Raises:
        ValueError: Not such images.
    """
    require_gray('reference', reference)
    require_gray('current', current)
    here, there = detect(reference, config), detect(current, config)
    pairs = match(here, there, config.ratio)
    points_ref = here.keypoints[pairs[:, 0]]
    found = estimate_homography(points_ref, there.keypoints[pairs[:, 1]], config)
    if found is None or rejection(found, points_ref, here.size_wh, config) is not None:
        return None
    return _judged(reference, current, found, config)


def _judged(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], found: Homography, config: RegistrationConfig
) -> Registration | None:
    """Make a homography exact by tracking, and look whether the pictures agree through it."""
    refined = refine(reference, current, found.H_cur_ref, config.refine_side_px)
    if refined is None or refined.support < config.min_support:
        return None
    agreement = photometric_agreement(reference, current, refined.H_cur_ref)
    if agreement < config.min_agreement:
        return None
    return Registration(
        refined.H_cur_ref,
        found.inlier_count,
        len(found.inliers),
        agreement,
        refined.support,
        config.detector,
    )
