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


def verify_candidates(
    current: Features,
    keyframes: Sequence[Keyframe],
    similarities: NDArray[np.float32],
    scores: NDArray[np.float32],
    config: PlacesConfig,
) -> list[PlaceMatch | None]:
    """Say which candidates local features support.

    The `match` candidates that score best are matched (cheap); the homography (not cheap) is fitted to the `verify` of
    them with the most matches.

    Args:
        current: Features of the current image.
        keyframes: (K,) candidates.
        similarities: (K,) cosines of their embeddings.
        scores: (K,) how well they fit by other means.
        config: `match`, `verify`, ratio and the gates. Fewer matches than `min_inliers` are not worth a fit; whether
            as many agree is for the caller to judge.

    Returns:
        (K,) the match where it passes the geometric gates, or None.
    """
    found: list[PlaceMatch | None] = [None] * len(keyframes)
    best = np.argsort(-scores, kind='stable')[: config.match]
    matched = {int(i): match(keyframes[i].features, current, config.ratio) for i in best}
    worth = sorted((i for i in matched if len(matched[i]) >= config.min_inliers), key=lambda i: -len(matched[i]))
    for i in worth[: config.verify]:
        found[i] = _verified(matched[i], keyframes[i], float(similarities[i]), current, config)
    return found


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
