# SPDX-License-Identifier: Apache-2.0
"""What moved by itself between two frames, once the motion of the camera is taken out by a homography."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.config import Config, param
from waymark.masks.gray import gray_of

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class MotionConfig(Config):
    """What counts as motion."""

    tolerance_px: int = param(
        2, 'Misalignment that is no motion: brightness found this near in the other frame is at home.', ge=0, le=16
    )
    blur_px: float = param(1.0, 'Sigma of the smoothing before frames are compared; 0: none.', ge=0, le=10, unit='px')
    noise_levels: float = param(2.0, 'Least noise to expect, in grey levels; more is measured.', gt=0)
    sensitivity: float = param(3.0, 'Residual, in multiples of the noise, at which motion is believed to 0.4.', gt=0)


STANDARD = MotionConfig()


def motion_mask(
    previous: NDArray[np.uint8],
    current: NDArray[np.uint8],
    H_cur_prev: NDArray[np.floating],
    config: MotionConfig = STANDARD,
) -> Plane:
    """Where the current frame differs from the previous one seen through a homography.

    The previous frame is warped onto the current one, and its brightness fitted to it (gain and offset, robustly). A
    pixel's residual is how far it lies outside the range of values within `tolerance_px` in the other frame, the
    larger of both ways: an edge that is out by less leaves none. With noise sigma (from the residuals' median, but at
    least `noise_levels`) the mask is 1 - exp(-(residual / (sensitivity sigma))^2 / 2).

    Args:
        previous: (H, W) or RGB (H, W, 3), uint8; may be of another size than `current`.
        current: (H, W) or RGB (H, W, 3), uint8.
        H_cur_prev: (3, 3), previous px to current px; the identity for a camera that stands still.
        config: Tolerances.

    Returns:
        (H, W) of `current`, 0 to 1; 0 where the previous frame saw nothing (see valid_region).

    Raises:
        ValueError: Not such images, or H_cur_prev is not (3, 3), finite and invertible.
    """
    before, now = (_smooth(gray_of(n, i), config.blur_px) for n, i in (('previous', previous), ('current', current)))
    size_wh = (now.shape[1], now.shape[0])
    valid = valid_region(H_cur_prev, (before.shape[1], before.shape[0]), size_wh, _margin(config))
    if not valid.any():
        return np.zeros_like(now)
    warped = np.asarray(
        cv2.warpPerspective(
            before, np.asarray(H_cur_prev, np.float64), size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.float32,
    )
    warped = _same_brightness(warped, now, valid)
    sigma = max(1.4826 * float(np.median(np.abs(now - warped)[valid])), config.noise_levels)
    residual = np.maximum(_outside(now, warped, config.tolerance_px), _outside(warped, now, config.tolerance_px))
    believed = 1 - np.exp(-0.5 * (residual / (config.sensitivity * sigma)) ** 2)
    return np.where(valid, believed, 0).astype(np.float32)


def valid_region(
    H_cur_prev: NDArray[np.floating],
    previous_wh: tuple[int, int],
    current_wh: tuple[int, int],
    margin_px: int = 0,
) -> NDArray[np.bool_]:
    """Which pixels of the current frame the previous one saw too.

    Args:
        H_cur_prev: (3, 3), previous px to current px.
        previous_wh: Size of the previous frame, px.
        current_wh: Size of the current frame, px.
        margin_px: Pixels this near to the edge of either frame, each in its own px, are left out.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: H_cur_prev is not (3, 3), finite and invertible.
    """
    require_shape('H_cur_prev', H_cur_prev, (3, 3))
    require_finite('H_cur_prev', H_cur_prev)
    H = np.asarray(H_cur_prev, np.float64)
    H = H / np.abs(H).max() if H.any() else H
    if abs(np.linalg.det(H)) < 1e-15:
        raise ValueError('H_cur_prev: the homography can not be inverted')
    H_prev_cur = np.linalg.inv(H)
    # The sign of w tells the half-plane that the camera looks at: that of the previous frame's centre.
    centre = H @ np.array([(previous_wh[0] - 1) / 2, (previous_wh[1] - 1) / 2, 1.0])
    x, y = np.arange(current_wh[0], dtype=np.float64), np.arange(current_wh[1], dtype=np.float64)[:, None]
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in H_prev_cur)
    in_front = w * np.sign(centre[2]) > 1e-12 * np.abs(w).max()
    with np.errstate(divide='ignore', invalid='ignore'):
        u, v = u / w, v / w
    seen = in_front & _inside(u, previous_wh[0], margin_px) & _inside(v, previous_wh[1], margin_px)
    return np.asarray(seen & _inside(x, current_wh[0], margin_px) & _inside(y, current_wh[1], margin_px), np.bool_)


def _inside(positions: NDArray[np.float64], size: int, margin_px: int) -> NDArray[np.bool_]:
    # A thousandth of a pixel for rounding: the identity sees all.
    low, high = margin_px - 1e-3, size - 1 - margin_px + 1e-3
    return np.asarray((positions >= low) & (positions <= high), np.bool_)


def _margin(config: MotionConfig) -> int:
    """Pixels at a frame's edge where smoothing and tolerance would want to know what lies beyond it."""
    return config.tolerance_px + int(np.ceil(3 * config.blur_px))


def _smooth(gray: NDArray[np.uint8], sigma_px: float) -> Plane:
    plane = np.asarray(gray, np.float32)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px), np.float32) if sigma_px > 0 else plane


def _same_brightness(warped: Plane, now: Plane, valid: NDArray[np.bool_]) -> Plane:
    """Fit gain and offset on the pixels that agree, three times over: what moved must not pull on them."""
    step = max(int(np.sqrt(valid.sum() / 20_000)), 1)  # some 20,000 pixels fix two numbers
    x, y = (np.asarray(p[::step, ::step][valid[::step, ::step]], np.float64) for p in (warped, now))
    gain, offset = 1.0, float(np.median(y - x)) if x.size else 0.0
    for _ in range(3):
        error = np.abs(y - gain * x - offset)
        agreeing = error <= max(2.5 * 1.4826 * float(np.median(error)), 1.0) if x.size else np.zeros(0, np.bool_)
        if np.count_nonzero(agreeing) < 16 or x[agreeing].std() < 1.0:  # nothing to fit a gain on
            break
        gain, offset = (float(c) for c in np.polyfit(x[agreeing], y[agreeing], 1))
    return np.asarray(warped * np.float32(gain) + np.float32(offset), np.float32)


def _outside(values: Plane, other: Plane, tolerance_px: int) -> Plane:
    """How far values lie outside the range of the other image within the tolerance, in grey levels."""
    square = np.ones((2 * tolerance_px + 1, 2 * tolerance_px + 1), np.uint8)
    low, high = cv2.erode(other, square), cv2.dilate(other, square)
    return np.asarray(np.maximum(np.maximum(values - high, low - values), 0), np.float32)
