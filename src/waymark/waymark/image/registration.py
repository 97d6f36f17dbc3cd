# SPDX-License-Identifier: Apache-2.0
"""Two pictures of one plane: the homography between them, or None where there is none to be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_shape
from waymark.config import param
from waymark.image.affine_views import ViewFeatures, describe_views
from waymark.image.features import FeatureConfig, detect, match
from waymark.image.geometry import corner_error
from waymark.image.homography import find_homography
from waymark.image.registration_gates import GateConfig, Judged, judge
from waymark.image.view_matching import Hypothesis, hypotheses

# Tilt, longer side px and most features of the views that are described, until one of them is believed.
_STAGES = ((1.0, 640, 1500), (2.0, 400, 800), (4.0, 400, 800))
_TRIED = 3  # hypotheses of each stage that are looked at
_DISTINCT_PX = 20.0  # corner distance below which two hypotheses end at the same place
_FEWEST = 5  # matches that agree, below which four of them fit anything


@dataclass(frozen=True)
class RegistrationConfig(FeatureConfig, GateConfig):
    """How two pictures are registered, and what a homography must show to be believed."""

    detector: str = param('akaze', 'Local features: orb is fast, akaze is more exact.', choices=('orb', 'akaze'))
    max_features: int = param(2000, 'Most keypoints per image, strongest first.', ge=16)
    min_side_px: int = param(
        480, 'Longer side that smaller images are enlarged to before detection; 0: never.', ge=0, le=4096, unit='px'
    )
    thorough: bool = param(
        False, 'Whether to go on with SIFT on simulated views where the first matches do not do: slower, finds more.'
    )
    ransac_threshold_px: float = param(
        3.0, 'Largest distance of an inlier from where the homography puts it.', gt=0, unit='px'
    )


STANDARD = RegistrationConfig()


@dataclass(frozen=True, eq=False)
class Registration:
    """A homography that passed every gate.

    Attributes:
        H_cur_ref: (3, 3) float64, reference px to current px, H[2, 2] = 1.
        inliers: Matches that agreed with the homography before it was made exact.
        matches: Matches that it was found among.
        agreement: Photometric agreement through it, -1 to 1.
        support: Share of tracked points that agree with it, 0 to 1.
        spread_px: Standard deviation of the reference's corners in the current image, for points good to a pixel.
        method: What found it: 'akaze', 'orb', 'sift' or 'sift tilt 2'.
    """

    H_cur_ref: NDArray[np.float64]
    inliers: int
    matches: int
    agreement: float
    support: float
    spread_px: float
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
    for hypothesis in _candidates(reference, current, config):
        judged = judge(reference, current, hypothesis.H_cur_ref, config)
        if judged.rejection is None:
            return _registration(hypothesis, judged)
    return None


def _registration(hypothesis: Hypothesis, judged: Judged) -> Registration:
    return Registration(
        judged.H_cur_ref,
        hypothesis.inliers,
        hypothesis.matches,
        judged.agreement,
        judged.support,
        judged.spread_px,
        hypothesis.method,
    )


def _candidates(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], config: RegistrationConfig
) -> Iterator[Hypothesis]:
    """Homographies to look at, the cheapest first."""
    yield from _by_detector(reference, current, config)
    if config.thorough:
        yield from _by_views(reference, current, config)


def _by_detector(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], config: RegistrationConfig
) -> Iterator[Hypothesis]:
    here, there = detect(reference, config), detect(current, config)
    pairs = match(here, there, config.ratio)
    H, inliers = find_homography(here.keypoints[pairs[:, 0]], there.keypoints[pairs[:, 1]], config.ransac_threshold_px)
    if H is not None and np.count_nonzero(inliers) >= _FEWEST:
        yield Hypothesis(H, int(np.count_nonzero(inliers)), len(pairs), config.detector)


def _by_views(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], config: RegistrationConfig
) -> Iterator[Hypothesis]:
    here: list[ViewFeatures] = []
    there: list[ViewFeatures] = []
    size_wh = (reference.shape[1], reference.shape[0])
    tried: list[Hypothesis] = []
    for tilt, side_px, count in _STAGES:
        before = len(here), len(there)
        here += describe_views(reference, tilt, side_px, count)
        there += describe_views(current, tilt, side_px, count)
        if min(sum(map(len, here)), sum(map(len, there))) < _FEWEST:
            return  # next to nothing in it: tilted views have less
        coarse = max(1.0, max(*reference.shape, *current.shape) / side_px)
        method = 'sift' if tilt == 1 else f'sift tilt {tilt:g}'
        found = hypotheses(here, there, before, config.ratio, coarse * config.ransac_threshold_px, method)
        fresh = 0
        for hypothesis in found:
            known = any(corner_error(hypothesis.H_cur_ref, t.H_cur_ref, size_wh) < _DISTINCT_PX for t in tried)
            if not known and fresh < _TRIED:
                fresh += 1
                tried.append(hypothesis)
                yield hypothesis
