# SPDX-License-Identifier: Apache-2.0
"""How much a frame differs from the one before it, seen through a homography, in belief from 0 to 1."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.masks.alignment import Plane

_THIN = 3  # of a large picture every third pixel in every third row is enough for a median


def residual_belief(
    now: Plane, warped: Plane, valid: NDArray[np.bool_], tolerance_px: int, noise_levels: float, sensitivity: float
) -> Plane:
    """Believe in motion where brightness is not to be found nearby in the other frame.

    Args:
        now: (H, W) grey levels.
        warped: (H, W) the other frame laid onto it.
        valid: (H, W) where both saw something.
        tolerance_px: How near counts as at home.
        noise_levels: Least noise sigma; more is measured, as the median of the differences.
        sensitivity: Residual, in sigma, at which belief is 0.4.

    Returns:
        (H, W) 1 - exp(-(residual / (sensitivity sigma))^2 / 2), 0 where not valid.
    """
    sigma = max(noise_of(now, warped, valid), noise_levels)
    residual = np.maximum(_outside(now, warped, tolerance_px), _outside(warped, now, tolerance_px))
    believed = 1 - np.exp(-0.5 * (residual / (sensitivity * sigma)) ** 2)
    return np.where(valid, believed, 0).astype(np.float32)


def noise_of(now: Plane, warped: Plane, valid: NDArray[np.bool_]) -> float:
    """Standard deviation of what differs everywhere, grey levels: from the median, which what moves does not reach."""
    thin = np.s_[::_THIN, ::_THIN] if valid.size > 10_000 else np.s_[:, :]
    seen = valid[thin]
    return 1.4826 * float(np.median(np.abs(now[thin] - warped[thin])[seen])) if seen.any() else 0.0


def _outside(values: Plane, other: Plane, tolerance_px: int) -> Plane:
    """How far values lie outside the range of the other image within the tolerance, in grey levels."""
    square = np.ones((2 * tolerance_px + 1, 2 * tolerance_px + 1), np.uint8)
    low, high = cv2.erode(other, square), cv2.dilate(other, square)
    return np.asarray(np.maximum(np.maximum(values - high, low - values), 0), np.float32)
