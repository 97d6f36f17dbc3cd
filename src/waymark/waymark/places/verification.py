# SPDX-License-Identifier: Apache-2.0
"""Is it the same place? Local features decide what similarity only suggests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features, match_each
from waymark.image.homography import Homography, find_homography, rejection
from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig


def _no_points() -> NDArray[np.float32]:
    return np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class PlaceMatch:
    """The current image and a keyframe, compared.

    Attributes:
        keyframe_id: Of the keyframe.
        keyframe_stamp_ns: Of its image.
        similarity: Cosine of the embeddings, -1 to 1.
        homography: Keyframe px to current px, of the scene's dominant plane.
        points_ref: (M, 2) px in the keyframe of all matched keypoints, inliers and outliers.
        points_cur: (M, 2) px of the same in the current image.
    """

    keyframe_id: int
    keyframe_stamp_ns: int
    similarity: float
    homography: Homography
    points_ref: NDArray[np.float32] = field(default_factory=_no_points)
    points_cur: NDArray[np.float32] = field(default_factory=_no_points)

    @property
    def inliers(self) -> int:
        """Matched keypoints that agree with the homography: the verification score."""
        return self.homography.inlier_count

    @property
    def quality(self) -> float:
        """Share of matched keypoints that agree, 0 to 1."""
        return self.homography.quality


@dataclass(frozen=True, eq=False)
class Support:
    """What local features say for one candidate.

    Attributes:
        matches: Descriptors that match.
        found: Their homography where it was fitted and passes the geometric gates, or None.
    """

    matches: int = 0
    found: PlaceMatch | None = None


def support_candidates(
    current: Features,
    keyframes: Sequence[Keyframe],
    similarities: NDArray[np.float32],
    chosen: Sequence[int],
    config: PlacesConfig,
) -> list[Support]:
    """Say which candidates local features support.

    The chosen ones are matched (cheap); the homography (not cheap) is fitted to the `verify` of them with the most
    matches.

    Args:
        current: Features of the current image.
        keyframes: (K,) candidates.
        similarities: (K,) cosines of their embeddings.
        chosen: Which of them are matched at all, numbers from 0 to K - 1.
        config: `verify`, ratio and the gates. Fewer matches than `min_inliers` are not worth a fit; whether
            as many agree is for the caller to judge.

    Returns:
        (K,) one per candidate.
    """
    support = [Support()] * len(keyframes)
    pairs_of = match_each([keyframes[i].features for i in chosen], current, config.ratio)
    matched = dict(zip(chosen, pairs_of, strict=True))
    for rank, i in enumerate(sorted(matched, key=lambda i: -len(matched[i]))):
        pairs, found = matched[i], None
        if rank < config.verify and len(pairs) >= config.min_inliers:
            found = _verified(pairs, keyframes[i], float(similarities[i]), current, config)
        support[i] = Support(len(pairs), found)
    return support


def _verified(
    pairs: NDArray[np.intp], keyframe: Keyframe, similarity: float, current: Features, config: PlacesConfig
) -> PlaceMatch | None:
    points_ref = keyframe.features.keypoints[pairs[:, 0]]
    points_cur = current.keypoints[pairs[:, 1]]
    H, inliers = find_homography(points_ref, points_cur, config.ransac_threshold_px)
    if H is None:
        return None
    found = Homography(H, inliers)
    if rejection(found, points_ref, keyframe.features.size_wh, config) is not None:
        return None
    stamp_ns = keyframe.header.stamp_ns
    return PlaceMatch(keyframe.keyframe_id, stamp_ns, similarity, found, points_ref, points_cur)
