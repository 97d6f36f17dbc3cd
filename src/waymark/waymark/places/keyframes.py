# SPDX-License-Identifier: Apache-2.0
"""When a new keyframe is due."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.places.config import PlacesConfig
from waymark.types import NANOSECONDS


class KeyframeSelector:
    """Decides online which images become keyframes: those whose view has changed since the last one."""

    def __init__(self, config: PlacesConfig) -> None:
        self._similarity = config.keyframe_similarity
        self._max_gap_ns = round(config.keyframe_max_gap_s * NANOSECONDS)
        self._last: tuple[int, NDArray[np.float32]] | None = None

    def is_due(self, stamp_ns: int, vector: NDArray[np.float32]) -> bool:
        """Whether this image should become a keyframe; if so, later ones are compared with it.

        Args:
            stamp_ns: Of the image.
            vector: (D,) its unit embedding; an all-zero one (nothing in view) is never due.
        """
        require_shape('vector', vector, ('D',))
        if not vector.any() or not self._has_changed(stamp_ns, vector):
            return False
        self._last = (stamp_ns, vector)
        return True

    def _has_changed(self, stamp_ns: int, vector: NDArray[np.float32]) -> bool:
        if self._last is None or self._similarity >= 1:
            return True
        last_ns, last_vector = self._last
        is_overdue = 0 < self._max_gap_ns <= stamp_ns - last_ns
        return is_overdue or float(vector @ last_vector) < self._similarity


def shows_something(gray: NDArray[np.uint8]) -> bool:
    """Whether an image (H, W) differs from place to place by more than a sensor's noise: not so for a covered lens."""
    # Sixteen by sixteen means: noise cancels out, anything larger than a few pixels stays.
    coarse = cv2.resize(gray, (16, 16), interpolation=cv2.INTER_AREA)
    return float(coarse.std()) >= 1.0
