# SPDX-License-Identifier: Apache-2.0
"""Two pictures of one plane: the homography between them, or None where there is none to be believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_gray, require_shape
from waymark.config import param
from waymark.image.affine_views import ViewFeatures
from waymark.image.described import STAGES, DescribedImage
from waymark.image.features import FeatureConfig, Features, match
from waymark.image.geometry import corner_error
from waymark.image.homography import find_homography
from waymark.image.registration_gates import GateConfig, Judged, judge
from waymark.image.view_matching import Hypothesis, hypotheses

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
    return register_described(DescribedImage(reference, config), DescribedImage(current, config), config)


def register_described(
    reference: DescribedImage, current: DescribedImage, config: RegistrationConfig = STANDARD
) -> Registration | None:
    """Find the homography between two pictures whose features are kept: for one that meets many.

    Args:
        reference: Described with `config`.
        current: Described with `config`.
        config: What is asked of the answer.

    Returns:
        As register_images.
    """
    for hypothesis in _candidates(reference, current, config):
        judged = judge(reference.gray, current.gray, hypothesis.H_cur_ref, config)
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


def _candidates(reference: DescribedImage, current: DescribedImage, config: RegistrationConfig) -> Iterator[Hypothesis]:
    """Homographies to look at, the cheapest first."""
    yield from _by_detector(reference.features, current.features, config)
    if config.thorough:
        yield from _by_views(reference, current, config)


def _by_detector(here: Features, there: Features, config: RegistrationConfig) -> Iterator[Hypothesis]:
    pairs = match(here, there, config.ratio)
    points_ref, points_cur = here.keypoints[pairs[:, 0]], there.keypoints[pairs[:, 1]]
    H, inliers = find_homography(points_ref, points_cur, config.ransac_threshold_px)
    count = int(np.count_nonzero(inliers))
    if H is not None and count >= _FEWEST:
        yield Hypothesis(H, count, len(pairs), config.detector)


def _by_views(reference: DescribedImage, current: DescribedImage, config: RegistrationConfig) -> Iterator[Hypothesis]:
    here: list[ViewFeatures] = []
    there: list[ViewFeatures] = []
    tried: list[Hypothesis] = []
    for stage, (tilt, side_px, _) in enumerate(STAGES):
        before = len(here), len(there)
        here += reference.views(stage)
        there += current.views(stage)
        if min(sum(map(len, here)), sum(map(len, there))) < _FEWEST:
            return  # next to nothing in it: tilted views have less
        coarse = max(1.0, max(*reference.size_wh, *current.size_wh) / side_px)
        method = 'sift' if tilt == 1 else f'sift tilt {tilt:g}'
        found = hypotheses(here, there, before, config.ratio, coarse * config.ransac_threshold_px, method)
        distinct = _distinct(found, tried, reference.size_wh)
        tried += distinct
        yield from distinct


def _distinct(found: Sequence[Hypothesis], tried: Sequence[Hypothesis], size_wh: tuple[int, int]) -> list[Hypothesis]:
    """The first few that do not end where another one did."""
    kept: list[Hypothesis] = []
    for hypothesis in found:
        others = (corner_error(hypothesis.H_cur_ref, t.H_cur_ref, size_wh) for t in (*tried, *kept))
        if len(kept) < _TRIED and all(error >= _DISTINCT_PX for error in others):
            kept.append(hypothesis)
    return kept
