# SPDX-License-Identifier: Apache-2.0
"""Where on the map a photo may be: tiles that are like it, and places that its features vote for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waymark.geo.config import GeoConfig
from waymark.geo.ground_map import TILE_PX, GroundMap
from waymark.geo.local_features import LocalFeatures
from waymark.geo.photo import CROPS, Photo
from waymark.geo.voting import Matches, Vote, mutual, nearest, tally
from waymark.image.geometry import image_corners, transform_points
from waymark.image.homography import find_homography

Encode = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

_RATIO = 0.85
_AROUND = 0.75  # of a tile's side, by which features around its middle are matched
_SCALE_OFF = 2.0  # a tile this much larger or smaller than what the photo shows is still like it
_SAME_PLACE = 0.25  # of the photo's width on the map: nearer votes mean one place
_INLIER_SHARE = 0.015  # of the photo's diagonal on the map, threshold of an inlier
_LEAST_INLIER_PX = 2.0


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A homography that nobody has believed yet.

    Attributes:
        H_map_photo: (3, 3) photo px to map px.
        middle_px: (2,) where it puts the photo's middle, map px.
        width_px: How wide the photo is on the map, px of the map.
        votes: Features that agree with it as a similarity.
        inliers: Those of them that agree with the homography.
        source: 'features' or 'tile'.
    """

    H_map_photo: NDArray[np.float64]
    middle_px: NDArray[np.float64]
    width_px: float
    votes: int
    inliers: int
    source: str

    def is_near(self, other: Suggestion) -> bool:
        """Whether both mean one place."""
        apart = float(np.linalg.norm(self.middle_px - other.middle_px))
        return apart < _SAME_PLACE * max(self.width_px, other.width_px)


def scale_range(photo: Photo, ground: GroundMap, config: GeoConfig) -> tuple[float, float]:
    """Smallest and largest map px per photo px that are possible, or expected where the photo's scale is known."""
    longest, shortest = max(ground.frame.size_wh), min(photo.size_wh)
    low, high = config.min_side_px / shortest, 2.0 * longest / shortest
    if photo.metres_per_pixel is not None:
        expected = photo.metres_per_pixel / ground.frame.metres_per_pixel
        low = max(low, expected * (1 - config.scale_tolerance))
        high = min(high, expected * (1 + config.scale_tolerance))
    return low, high


def suggest(photo: Photo, ground: GroundMap, encode: Encode | None, config: GeoConfig) -> list[Suggestion]:
    """Look for places, best first; each place once.

    Args:
        photo: To be found.
        ground: The map.
        encode: Of the map's encoder; None: votes of features alone.
        config: How many places are looked at.
    """
    scales = scale_range(photo, ground, config)
    found: list[Suggestion] = []
    if scales[0] > scales[1] or len(photo.features) == 0:
        return found
    matches = nearest(photo.features, ground.features)
    found += _voted(photo, ground.features, matches, scales, config, 'features')
    if encode is not None and config.tiles:
        for row, crop in alike_tiles(photo, ground, encode, config):
            found += _in_tile(photo, ground, row, crop, scales, config)
    return _each_place_once(found)


def suggest_beside(
    photo: Photo, ground: GroundMap, H_map_photo: NDArray[np.float64], config: GeoConfig
) -> list[Suggestion]:
    """Places that features vote for when those are left out that one homography puts the photo on.

    Args:
        photo: To be found.
        ground: The map.
        H_map_photo: (3, 3) photo px to map px, of the place that is left out.
        config: How many places are looked at.
    """
    corners = transform_points(H_map_photo, image_corners(photo.size_wh)).astype(np.float32)
    edges = np.roll(corners, -1, axis=0) - corners
    points = ground.features.points_px[:, None] - corners
    sides = edges[:, 0] * points[..., 1] - edges[:, 1] * points[..., 0]
    rest = ground.features.chosen(np.flatnonzero(~((sides >= 0).all(axis=1) | (sides <= 0).all(axis=1))))
    scales = scale_range(photo, ground, config)
    return _voted(photo, rest, nearest(photo.features, rest), scales, config, 'features')


def alike_tiles(photo: Photo, ground: GroundMap, encode: Encode, config: GeoConfig) -> list[tuple[int, float]]:
    """Tiles most like the photo, and with which part of it: rows of `ground.tiles` and crops, best first."""
    turns = 2 * np.pi / config.headings * np.arange(config.headings)
    likeness = np.stack(
        [
            np.stack([ground.vectors @ encode(photo.turned(float(turn), crop, TILE_PX)) for turn in turns]).max(axis=0)
            for crop in CROPS
        ]
    )
    best = likeness.max(axis=0)
    order = np.argsort(-best, kind='stable')[: config.tiles]
    return [(int(row), CROPS[int(likeness[:, row].argmax())]) for row in order if best[row] > 0]


def _in_tile(
    photo: Photo, ground: GroundMap, row: int, crop: float, scales: tuple[float, float], config: GeoConfig
) -> list[Suggestion]:
    """What the features in and around a tile say: among few, alike ones are told apart that drown in the whole map."""
    tile = ground.tiles[row]
    expected = tile.side_px / (crop * min(photo.size_wh))
    scales = max(scales[0], expected / _SCALE_OFF), min(scales[1], expected * _SCALE_OFF)
    if scales[0] > scales[1]:
        return []
    reach = _AROUND * tile.side_px * max(photo.size_wh) / min(photo.size_wh)
    centre = np.array(tile.centre_px)
    features = ground.features_in(centre - reach, centre + reach)
    ratio = features.scales_px
    low, high = np.quantile(photo.features.scales_px, [0.0, 1.0]) * (scales[0] / 1.5, scales[1] * 1.5)
    features = features.chosen((ratio >= low) & (ratio <= high))
    matches = mutual(photo.features, features, _RATIO)
    return _voted(photo, features, matches, scales, config, 'tile')[:1]


def _voted(
    photo: Photo,
    features: LocalFeatures,
    matches: Matches,
    scales: tuple[float, float],
    config: GeoConfig,
    source: str,
) -> list[Suggestion]:
    votes = tally(photo.features, features, matches, photo.diagonal_px, scales, 2 * config.votes)
    enough = [v for v in votes if v.count >= config.min_votes][: config.votes]
    return [_suggestion(photo, features, matches, vote, source) for vote in enough]


def _suggestion(photo: Photo, features: LocalFeatures, matches: Matches, vote: Vote, source: str) -> Suggestion:
    """A homography through the voters; where they fix none, the similarity they voted for."""
    p = photo.features.points_px[matches.photo[vote.voters]]
    m = features.points_px[matches.ground[vote.voters]]
    scale = abs(vote.z)
    threshold = max(_LEAST_INLIER_PX, _INLIER_SHARE * scale * photo.diagonal_px)
    H, inliers = find_homography(p.astype(np.float32), m.astype(np.float32), threshold)
    count = int(np.count_nonzero(inliers))
    if H is None or count < max(6, vote.count // 3):
        H = np.array([[vote.z.real, -vote.z.imag, vote.t.real], [vote.z.imag, vote.z.real, vote.t.imag], [0, 0, 1.0]])
        count = len(vote.voters)
    return Suggestion(H, vote.on_map(photo.middle_px)[0], scale * photo.size_wh[0], vote.count, count, source)


def _each_place_once(found: list[Suggestion]) -> list[Suggestion]:
    kept: list[Suggestion] = []
    for suggestion in sorted(found, key=lambda s: -s.votes):
        if not any(suggestion.is_near(k) for k in kept):
            kept.append(suggestion)
    return kept
