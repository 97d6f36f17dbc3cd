# SPDX-License-Identifier: Apache-2.0
"""Do local features agree that a frame shows what the query image shows?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waymark.image.features import detect
from waymark.maps import Keyframe
from waymark.places.config import PlacesConfig
from waymark.places.queries import rank_by_features
from waymark.types import Frame, Header

FEATURES_SIDE_PX = 1280
# A thing is found at any size and anywhere in the frame; a place, which is what the node looks for, is not. It may be
# small, so that the frame needs many features: 60 ms a frame, for the hundred most similar ones.
_CONFIG = PlacesConfig(
    max_features=3000, max_side_px=FEATURES_SIDE_PX, min_coverage=0.002, min_scale=0.1, max_scale=10.0
)


def verified_inliers(query: Frame, pictures: Sequence[tuple[NDArray[np.uint8], float]]) -> list[int]:
    """Match each picture with the query image.

    Args:
        query: The query image.
        pictures: (h, w, 3) uint8 RGB each, and the cosine of its vector and the query's.

    Returns:
        Per picture the matched keypoints that agree with one homography, 0 where that is not believable.
    """
    none = np.zeros(1, np.float32)
    frames = [Frame(Header(0), picture) for picture, _ in pictures]
    keyframes = [Keyframe(i, f.header, none, detect(f.gray, _CONFIG), i) for i, f in enumerate(frames)]
    candidates = [(keyframe, pair[1]) for keyframe, pair in zip(keyframes, pictures, strict=True)]
    answers = rank_by_features(detect(query.gray, _CONFIG), candidates, _CONFIG)
    inliers = {a.keyframe_id: a.match.inliers if a.match else 0 for a in answers}
    return [inliers[i] for i in range(len(pictures))]
