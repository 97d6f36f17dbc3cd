# SPDX-License-Identifier: Apache-2.0
"""A photo's place on a map, or why none is believed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waymark.geo.config import GeoConfig
from waymark.geo.fix import GeoFix, fix_of
from waymark.geo.ground_map import GroundMap
from waymark.geo.photo import Photo
from waymark.geo.suggesting import Encode, Suggestion, suggest, suggest_beside
from waymark.image.geometry import image_corners, local_scale, transform_points
from waymark.image.registration_gates import Judged, judge

_LOOKED_AT = 4  # suggestions that the pictures decide on
_MARGIN = 0.15  # of the photo's width on the map, by which windows are larger


@dataclass(frozen=True)
class Unsure:
    """No place is believed.

    Attributes:
        reason: One sentence for people: what was missing.
        gate: One word for counting.
    """

    reason: str
    gate: str


_REASONS = {
    'tracking': 'the pictures have too little in common where features put the photo',
    'mirrored': 'features fit only a mirrored ground, or one with its horizon in the photo',
    'scale': 'the photo would show the ground larger or smaller than is possible',
    'corners': 'features fit no camera above the ground',
    'points': 'too few points could be followed from the photo to the map',
    'support': 'too few points of the photo lie where the map says',
    'coverage': 'what agrees covers too little of the photo',
    'spread': "the photo's corners could lie anywhere",
    'agreement': 'photo and map do not look alike',
    'rivalry': 'a place beside it would do as well',
    'inliers': 'too few features agree',
    'size': 'the photo shows too small a piece of the map',
    'stretch': 'the ground would be seen at too steep an angle',
    'tilt': 'the camera would look too far sideways',
    'sigma': 'the position would be too uncertain',
    'altitude': "the photo's scale contradicts altitude and camera",
}


class GeoLocalizer:
    """Finds photos on one map; not for several threads at once."""

    def __init__(self, ground: GroundMap, encode: Encode | None, config: GeoConfig) -> None:
        """Take a map.

        Args:
            ground: The map.
            encode: (H, W, 3) RGB to a unit vector, of the encoder that made the map; None: features alone.
            config: What is looked at, and the gates.
        """
        self.ground = ground
        self._encode = encode
        self._config = config

    def locate(self, photo: Photo) -> GeoFix | Unsure:
        """Find a photo.

        Raises:
            MapError: The map's file is damaged.
        """
        if photo.is_flat:
            return Unsure('the photo shows nothing: black, white or fog', 'flat')
        found = suggest(photo, self.ground, self._encode, self._config)
        if not found:
            return Unsure('no place of the map has enough features of the photo', 'votes')
        best = found[0]
        looked_at = [s for s in found[:_LOOKED_AT] if s.votes >= self._config.max_rival_share * best.votes]
        results = [(s, self._decide(photo, s)) for s in looked_at]
        fixes = [(s, r) for s, r in results if isinstance(r, GeoFix)]
        if not fixes:
            return next(r for _, r in results if isinstance(r, Unsure))
        chosen, fix = fixes[0]
        if any(not chosen.is_near(other) for other, _ in fixes[1:]) or self._has_rival(photo, chosen):
            return Unsure('two places of the map would do', 'rivals')
        return fix

    def _has_rival(self, photo: Photo, chosen: Suggestion) -> bool:
        """Whether the map without this place has another one: twins share no features when each takes the nearest."""
        elsewhere = suggest_beside(photo, self.ground, chosen.H_map_photo, self._config)
        enough = [s for s in elsewhere if s.votes >= self._config.max_rival_share * chosen.votes]
        return any(isinstance(self._decide(photo, s), GeoFix) for s in enough)

    def _decide(self, photo: Photo, suggestion: Suggestion) -> GeoFix | Unsure:
        gate = self._unlike_a_view(photo, suggestion.H_map_photo)
        if gate is not None:
            return _unsure(gate)
        if suggestion.inliers < self._config.min_inliers:
            return _unsure('inliers')
        judged, step, H = self._judge(photo, suggestion)
        is_weak = judged.support < self._config.sure_support and suggestion.inliers < self._config.sure_inliers
        gate = judged.rejection or self._unlike_a_view(photo, H) or ('support' if is_weak else None)
        if gate is not None:
            return _unsure(gate)
        fix = fix_of(H, judged.agreeing_px, step, photo.size_wh, self.ground.frame.metres_per_pixel, photo.K)
        if fix is None:
            return _unsure('spread')
        if fix.tilt_deg > self._config.max_tilt_deg:
            return _unsure('tilt')
        if fix.sigma_m > self._config.max_sigma_m:
            return _unsure('sigma')
        return replace(fix, inliers=suggestion.inliers, agreement=judged.agreement, support=judged.support)

    def _judge(self, photo: Photo, suggestion: Suggestion) -> tuple[Judged, float, NDArray[np.float64]]:
        """Compare photo and map: what came of it, map px per px of the finer picture, and H_map_photo made exact."""
        corners = transform_points(suggestion.H_map_photo, image_corners(photo.size_wh))
        low, high = corners.min(axis=0), corners.max(axis=0)
        margin = _MARGIN * (high - low).max() + 16
        scale = float(local_scale(suggestion.H_map_photo, photo.middle_px)[0])
        shrink = max(scale * max(photo.size_wh) / self._config.refine_side_px, 1.0)
        window = self.ground.window(low - margin, high + margin, shrink)
        judged = judge(photo.gray, window.gray, window.H_window_map @ suggestion.H_map_photo, self._config)
        H = np.linalg.inv(window.H_window_map) @ judged.H_cur_ref
        return judged, shrink, H / H[2, 2]

    def _unlike_a_view(self, photo: Photo, H: NDArray[np.float64]) -> str | None:
        """Why a homography can't be this camera's view of this map."""
        corners = image_corners(photo.size_wh)
        scales = local_scale(H, np.vstack([corners, photo.middle_px]))
        if not (np.isfinite(scales) & (scales > 0)).all():
            return 'mirrored'
        scale = float(scales[-1])
        if scale * min(photo.size_wh) < self._config.min_side_px:
            return 'size'
        if photo.metres_per_pixel is not None:
            ratio = scale * self.ground.frame.metres_per_pixel / photo.metres_per_pixel
            if abs(ratio - 1) > self._config.scale_tolerance:
                return 'altitude'
        middle = photo.middle_px[0]
        around = transform_points(H, np.array([middle, middle + (1, 0), middle + (0, 1)]))
        axes = np.linalg.svd((around[1:] - around[0]).T, compute_uv=False)
        return 'stretch' if axes[0] > self._config.max_stretch * axes[1] else None


def _unsure(gate: str) -> Unsure:
    return Unsure(_REASONS[gate], gate)
