# SPDX-License-Identifier: Apache-2.0
"""Is it the same place? Local features decide what similarity only suggests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import Features, match_each
from waymark.image.geometry import coverage
from waymark.image.homography import Homography, find_homography, rejection
from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig
from waymark.places.epipolar import find_essential
from waymark.places.relative import RelativePose
from waymark.places.views import Lenses


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
        epipolar: (M,) bool, which matches agree with one essential matrix, where that verified the match instead of the
            homography; else None.
        strength_per_inlier: What each says, against an inlier of a homography.
        relative: Pose of the current camera in the keyframe's, None where it is not known (or was not asked).
    """

    keyframe_id: int
    keyframe_stamp_ns: int
    similarity: float
    homography: Homography
    points_ref: NDArray[np.float32] = field(default_factory=_no_points)
    points_cur: NDArray[np.float32] = field(default_factory=_no_points)
    epipolar: NDArray[np.bool_] | None = None
    strength_per_inlier: float = 1.0
    relative: RelativePose | None = None

    @property
    def strength(self) -> float:
        """Verification score in inliers of a homography: those of an essential matrix say less."""
        return self.strength_per_inlier * self.inliers

    @property
    def inliers(self) -> int:
        """Matched keypoints that agree with the homography, or with the essential matrix."""
        return self.homography.inlier_count if self.epipolar is None else int(np.count_nonzero(self.epipolar))

    @property
    def quality(self) -> float:
        """Share of matched keypoints that agree, 0 to 1."""
        return self.homography.quality if self.epipolar is None else float(self.epipolar.mean())


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
    lenses: Lenses | None = None,
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
        lenses: The cameras of the keyframes and of the image; with them an essential matrix is tried where no
            homography verifies.

    Returns:
        (K,) one per candidate.
    """
    support = [Support()] * len(keyframes)
    pairs_of = match_each([keyframes[i].features for i in chosen], current, config.ratio)
    matched = dict(zip(chosen, pairs_of, strict=True))
    for rank, i in enumerate(sorted(matched, key=lambda i: -len(matched[i]))):
        pairs, found = matched[i], None
        if rank < config.verify and len(pairs) >= config.min_inliers:
            found = _verified(pairs, keyframes[i], float(similarities[i]), current, config, lenses)
        support[i] = Support(len(pairs), found)
    return support


def _verified(
    pairs: NDArray[np.intp],
    keyframe: Keyframe,
    similarity: float,
    current: Features,
    config: PlacesConfig,
    lenses: Lenses | None,
) -> PlaceMatch | None:
    points_ref = keyframe.features.keypoints[pairs[:, 0]]
    points_cur = current.keypoints[pairs[:, 1]]
    H, inliers = find_homography(points_ref, points_cur, config.ransac_threshold_px)
    if H is None:
        return None
    found = Homography(H, inliers)
    stamp_ns = keyframe.header.stamp_ns
    match = PlaceMatch(keyframe.keyframe_id, stamp_ns, similarity, found, points_ref, points_cur)
    sizes_wh = keyframe.features.size_wh, current.size_wh
    covered = shared_coverage(points_ref[inliers], points_cur[inliers], *sizes_wh)
    is_plane = rejection(found, points_ref, keyframe.features.size_wh, config, covered) is None
    if is_plane and match.inliers >= config.min_inliers:
        return match
    with_depth = None if lenses is None or not lenses.fit(keyframe) else _verified_with_depth(match, lenses, config)
    return with_depth or (match if is_plane else None)


def shared_coverage(
    points_ref: NDArray[np.floating],
    points_cur: NDArray[np.floating],
    size_ref_wh: tuple[int, int],
    size_cur_wh: tuple[int, int],
) -> float:
    """Share of an image that agreeing matches span, of that image where they span more.

    From nearer, an image shows a part of the keyframe only: what fills it is small in the keyframe. From further away
    it is the other way round.

    Args:
        points_ref: (N, 2) px in the keyframe.
        points_cur: (N, 2) px of the same in the current image.
        size_ref_wh: Of the keyframe, px.
        size_cur_wh: Of the current image, px.

    Returns:
        0 to 1.
    """
    return max(coverage(points_ref, size_ref_wh), coverage(points_cur, size_cur_wh))


def _verified_with_depth(match: PlaceMatch, lenses: Lenses, config: PlacesConfig) -> PlaceMatch | None:
    """The match by an essential matrix that passes the gates, or None."""
    if len(match.points_ref) < config.min_epipolar_inliers:
        return None
    views = lenses.views(match.points_ref, match.points_cur)
    epipolar = find_essential(views.points_ref, views.points_cur, views.K)
    if epipolar is None:
        return None
    near = epipolar.inliers
    if np.count_nonzero(near) < max(config.min_epipolar_inliers, config.min_epipolar_share * len(near)):
        return None
    ref, cur = match.points_ref[near], match.points_cur[near]
    scale = float(np.linalg.norm(cur.std(axis=0)) / max(float(np.linalg.norm(ref.std(axis=0))), 1e-9))
    is_covered = shared_coverage(ref, cur, lenses.ref.size_wh, lenses.cur.size_wh) >= config.min_coverage
    if not is_covered or not config.min_scale <= scale <= config.max_scale:
        return None
    return replace(match, epipolar=near, strength_per_inlier=config.min_inliers / config.min_epipolar_inliers)
