# SPDX-License-Identifier: Apache-2.0
"""Keyframes: when a new one is due, and which one goes when there are too many."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_shape
from waymark.image.geometry import image_corners, local_scale, transform_points
from waymark.image.homography import Homography
from waymark.places.config import PlacesConfig
from waymark.types import NANOSECONDS


class KeyframeSelector:
    """Decides online which images become keyframes: those whose view has changed since the last one."""

    def __init__(self, config: PlacesConfig) -> None:
        self._similarity = config.keyframe_similarity
        self._overlap = config.keyframe_overlap
        self._max_gap_ns = round(config.keyframe_max_gap_s * NANOSECONDS)
        self._keeps_all = config.keyframe_revisits or config.keyframe_similarity >= 1
        self._last: tuple[int, NDArray[np.float32]] | None = None

    def is_due(
        self, stamp_ns: int, vector: NDArray[np.float32], overlap: Callable[[], float | None] | None = None
    ) -> bool:
        """Whether this image should become a keyframe; if so, later ones are compared with it.

        Args:
            stamp_ns: Of the image.
            vector: (D,) its unit embedding; an all-zero one (nothing in view) is never due.
            overlap: Measures the share of the last keyframe that this image shows (see view_overlap), None where it
                can't be measured: too little in common. Asked only where `keyframe_overlap` is on.
        """
        require_shape('vector', vector, ('D',))
        if not vector.any() or not (self._has_changed(stamp_ns, vector) or self._has_moved(overlap)):
            return False
        self._last = (stamp_ns, vector)
        return True

    def is_known(self, similarity: float, overlap: Callable[[], float]) -> bool:
        """Whether a keyframe that an image was verified to show says enough of it: by what makes views differ.

        Args:
            similarity: Cosine of both embeddings.
            overlap: Share of that keyframe that the image shows. Asked only where `keyframe_overlap` is on.
        """
        if self._keeps_all or similarity < self._similarity:
            return False
        return self._overlap == 0 or overlap() >= self._overlap

    def _has_changed(self, stamp_ns: int, vector: NDArray[np.float32]) -> bool:
        if self._last is None or self._similarity >= 1:
            return True
        last_ns, last_vector = self._last
        is_overdue = 0 < self._max_gap_ns <= stamp_ns - last_ns
        return is_overdue or float(vector @ last_vector) < self._similarity

    def _has_moved(self, overlap: Callable[[], float | None] | None) -> bool:
        if self._overlap == 0 or overlap is None:
            return False
        share = overlap()
        return share is None or share < self._overlap


def view_overlap(found: Homography, size_wh: tuple[int, int]) -> float:
    """Share of the reference image (of a flat scene) that the current one shows, 0 to 1.

    Args:
        found: Reference px to current px.
        size_wh: Of both images, px.
    """
    corners = image_corners(size_wh)
    if not (local_scale(found.H_cur_ref, corners) > 0).all():  # the horizon lies between them
        return 0.0
    seen = transform_points(found.H_cur_ref, corners).astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(seen, corners.astype(np.float32))
    return float(shared / max(cv2.contourArea(seen), 1e-9))


class KeyframeBudget:
    """Names the keyframe that a full map can do without best: the one most like its neighbours in order."""

    def __init__(self, most: int) -> None:
        """Start without keyframes.

        Args:
            most: Keyframes allowed; 0: any number.
        """
        self._most = most
        self._keys: list[int] = []
        self._vectors: list[NDArray[np.float32]] = []
        self._alike: list[float] = []  # cosine of each with the next one; one fewer than keys

    def add(self, key: int, vector: NDArray[np.float32]) -> None:
        """Take in a keyframe; ids increase."""
        if self._keys:
            self._alike.append(float(vector @ self._vectors[-1]))
        self._keys.append(key)
        self._vectors.append(vector)

    def remove(self, key: int) -> None:
        """Forget a keyframe: its neighbours become each other's."""
        at = bisect_left(self._keys, key)
        del self._keys[at], self._vectors[at]
        del self._alike[max(at - 1, 0) : at + 1]
        if 0 < at < len(self._keys):
            self._alike.insert(at - 1, float(self._vectors[at - 1] @ self._vectors[at]))

    def surplus(self, pinned: Collection[int] = ()) -> int | None:
        """Id of the keyframe that should go, or None while the map is not too large.

        The first and the last stay: nothing lies beyond them. Of the others that one goes whose neighbours are both
        most like it: what it alone shows is least.

        Args:
            pinned: Ids that must stay (those of routes).
        """
        if self._most == 0 or len(self._keys) <= self._most:
            return None
        alike = np.array(self._alike)
        worth = alike[:-1] + alike[1:]
        order = np.argsort(-worth, kind='stable')
        return next((self._keys[i + 1] for i in order if self._keys[i + 1] not in pinned), None)


def shows_something(gray: NDArray[np.uint8]) -> bool:
    """Whether an image (H, W) differs from place to place by more than a sensor's noise: not so for a covered lens."""
    # Sixteen by sixteen means: noise cancels out, anything larger than a few pixels stays.
    coarse = cv2.resize(gray, (16, 16), interpolation=cv2.INTER_AREA)
    return float(coarse.std()) >= 1.0
