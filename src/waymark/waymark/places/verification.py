# SPDX-License-Identifier: Apache-2.0
"""Is it the same place? Local features decide what similarity only suggests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features, match
from waymark.image.homography import Homography, find_homography, rejection
from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig


@dataclass(frozen=True, eq=False)
class PlaceMatch:
    """The current image and a keyframe, compared.

    Attributes:
        keyframe_id: Of the keyframe.
        keyframe_stamp_ns: Of its image.
        similarity: Cosine of the embeddings, -1 to 1.
        homography: Keyframe px to current px, of the scene's dominant plane.
    """

    keyframe_id: int
    keyframe_stamp_ns: int
    similarity: float
    homography: Homography

    @property
    def inliers(self) -> int:
        """Matched keypoints that agree with the homography: the verification score."""
        return self.homography.inlier_count

    @property
    def quality(self) -> float:
        """Share of matched keypoints that agree, 0 to 1."""
        return self.homography.quality


def best_match(
    current: Features, candidates: Sequence[tuple[Keyframe, float]], config: PlacesConfig
) -> PlaceMatch | None:
    """Choose the candidate that local features support best.

    All candidates are matched (cheap); the homography (not cheap) is fitted to those with the most matches.

    Args:
        current: Features of the current image.
        candidates: Keyframes with the cosine similarity of their embedding.
        config: `verify`, ratio and the gates. Fewer matches than `min_inliers` are not worth a fit; whether
            as many agree is for the caller to judge.

    Returns:
        The candidate with the most inliers among those that pass the geometric gates, or None.
    """
    matched = [(match(k.features, current, config.ratio), k, s) for k, s in candidates]
    matched = sorted((m for m in matched if len(m[0]) >= config.min_inliers), key=lambda m: -len(m[0]))
    found = [_verified(pairs, k, s, current, config) for pairs, k, s in matched[: config.verify]]
    return max((f for f in found if f is not None), key=lambda m: m.inliers, default=None)


def _verified(
    pairs: NDArray[np.intp], keyframe: Keyframe, similarity: float, current: Features, config: PlacesConfig
) -> PlaceMatch | None:
    points_ref = keyframe.features.keypoints[pairs[:, 0]]
    H, inliers = find_homography(points_ref, current.keypoints[pairs[:, 1]], config.ransac_threshold_px)
    if H is None:
        return None
    found = Homography(H, inliers)
    if rejection(found, points_ref, keyframe.features.size_wh, config) is not None:
        return None
    return PlaceMatch(keyframe.keyframe_id, keyframe.header.stamp_ns, similarity, found)
