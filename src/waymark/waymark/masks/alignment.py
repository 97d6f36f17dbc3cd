# SPDX-License-Identifier: Apache-2.0
"""One frame laid onto another: which pixels both saw, the same brightness, and a homography made exact."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.checks import require_finite, require_shape
from waymark.image.homography import find_homography

Plane = NDArray[np.float32]
_CELL_PX = 24  # one point is followed from each square of this side
_WINDOW_PX = 21
_RETURN_PX = 0.5  # a point must come back this near to where it started
_INLIER_PX = 1.0
_FEWEST, _LEAST_SHARE = 20, 0.4


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


def laid_onto(before: Plane, now: Plane, H_cur_prev: NDArray[np.floating], valid: NDArray[np.bool_]) -> Plane:
    """The previous frame as the current one would have seen it, its brightness fitted to it.

    Args:
        before: (h, w) grey levels.
        now: (H, W) grey levels.
        H_cur_prev: (3, 3), previous px to current px.
        valid: (H, W) where both saw something; the fit looks there only.

    Returns:
        (H, W) grey levels; without meaning where not valid.
    """
    size_wh = (now.shape[1], now.shape[0])
    H = np.asarray(H_cur_prev, np.float64)
    warped = cv2.warpPerspective(before, H, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return same_brightness(np.asarray(warped, np.float32), now, valid)


def refined(
    before: Plane, now: Plane, H_cur_prev: NDArray[np.floating], valid: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Make a homography exact to a fraction of a pixel: points all over the frame are followed (KLT, there and back).

    Points are taken evenly, not the strongest: those lie on what moves. What most of them agree on is the ground.

    Args:
        before: (h, w) grey levels.
        now: (H, W) grey levels.
        H_cur_prev: (3, 3), previous px to current px, off by some ten pixels at the most.
        valid: (H, W) where both saw something.

    Returns:
        (3, 3); H_cur_prev as it is where too few points agree.
    """
    H = np.asarray(H_cur_prev, np.float64)
    seen = np.clip(laid_onto(before, now, H, valid), 0, 255).astype(np.uint8)
    current = np.clip(now, 0, 255).astype(np.uint8)
    points = _spread_points(current, valid)
    if len(points) < _FEWEST:
        return H
    window = (_WINDOW_PX, _WINDOW_PX)
    there, found, _ = cv2.calcOpticalFlowPyrLK(current, seen, points[:, None], points[:, None].copy(), winSize=window)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(seen, current, there, there.copy(), winSize=window)
    good = (found.ravel() > 0) & (found_back.ravel() > 0)
    good &= np.linalg.norm(back[:, 0] - points, axis=1) < _RETURN_PX
    step, inliers = find_homography(there[good, 0], points[good], _INLIER_PX)
    if step is None or np.count_nonzero(inliers) < _FEWEST or inliers.mean() < _LEAST_SHARE:
        return H
    return np.asarray(step @ H, np.float64)


def _spread_points(gray: NDArray[np.uint8], valid: NDArray[np.bool_]) -> Plane:
    """(N, 2) px: of each cell the point that turns most (Shi and Tomasi's smaller eigenvalue)."""
    corner = np.where(valid, cv2.cornerMinEigenVal(gray, 7), 0)
    rows, columns = gray.shape[0] // _CELL_PX, gray.shape[1] // _CELL_PX
    if rows == 0 or columns == 0:
        return np.zeros((0, 2), np.float32)
    blocks = corner[: rows * _CELL_PX, : columns * _CELL_PX].reshape(rows, _CELL_PX, columns, _CELL_PX)
    cells = blocks.transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    best, cell = cells.argmax(axis=1), np.arange(rows * columns)
    x = cell % columns * _CELL_PX + best % _CELL_PX
    y = cell // columns * _CELL_PX + best // _CELL_PX
    return np.asarray(np.column_stack([x, y])[cells.max(axis=1) > 0], np.float32)


def smooth(gray: NDArray[np.uint8], sigma_px: float) -> Plane:
    """Grey levels (H, W) as float32, blurred by a Gaussian of this sigma; 0: not at all."""
    plane = np.asarray(gray, np.float32)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px), np.float32) if sigma_px > 0 else plane


def same_brightness(warped: Plane, now: Plane, valid: NDArray[np.bool_]) -> Plane:
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
