# SPDX-License-Identifier: Apache-2.0
"""What moves between two frames that are laid onto each other: where optical flow explains what has changed.

Dense inverse search (T. Kroeger and others, Fast Optical Flow using Dense Inverse Search, ECCV 2016), in OpenCV's
implementation. A pixel is evidence of motion when it differs from the other frame where it is, agrees with it where the
flow leads, the flow is longer than the tolerance, and leads back again. The ground that a moving thing uncovers differs
too, but no flow explains it: so the mask shows where things are, not where they were.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.masks.alignment import Plane
from waymark.masks.residual import noise_of

_RETURN_PX = 3.0  # flow and its way back may differ by this
_SMALLEST = 0.05  # of a moving thing's area that must be evidence
_DIFFERS, _EXPLAINED = 2.0, 0.3  # sigma: from the other frame, and by how much less where the flow leads
_CAP = 8.0  # sigma; a single dazzling pixel counts no more


def moving_things(
    now: Plane, warped: Plane, valid: NDArray[np.bool_], least_px: float, noise_levels: float, gap_px: int, area_px: int
) -> NDArray[np.bool_]:
    """Find what moves.

    Args:
        now: (H, W) grey levels.
        warped: (H, W) the frame before, laid onto it.
        valid: (H, W) where both saw something.
        least_px: Flow that counts as motion.
        noise_levels: Least noise sigma, grey levels.
        gap_px: Evidence this near together belongs to one thing; what it surrounds, too.
        area_px: Least evidence of one thing.

    Returns:
        (H, W) True on things that move, where they are in `now`.
    """
    same = np.where(valid, warped, now)
    evidence, length = _evidence(now, same, least_px, max(noise_of(now, same, valid), noise_levels))
    evidence &= valid
    # Between two things nothing moves, within one all does.
    going = np.asarray(cv2.dilate((length > least_px / 2).astype(np.uint8), np.ones((3, 3), np.uint8)), np.uint8)
    things = _joined(evidence.astype(np.uint8), going, gap_px)
    count, label, facts, _ = cv2.connectedComponentsWithStats(things, connectivity=4)
    found = np.bincount(label.ravel(), weights=evidence.ravel(), minlength=count)
    kept = (found >= area_px) & (found > _SMALLEST * facts[:, cv2.CC_STAT_AREA])
    kept[0] = False  # the background
    return np.asarray(kept[label] & valid, np.bool_)


def _evidence(now: Plane, warped: Plane, least_px: float, sigma: float) -> tuple[NDArray[np.bool_], Plane]:
    """(H, W) which pixels show motion, and how long the flow is, px."""
    flow, apart, target = _flow(now, warped)
    led = cv2.remap(warped, target, np.zeros(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    here, there = (
        np.asarray(cv2.blur(np.minimum(np.abs(now - other) / np.float32(sigma), _CAP), (3, 3)), np.float32)
        for other in (warped, led)
    )
    length = np.hypot(flow[..., 0], flow[..., 1])
    shows = (length > least_px) & (here > _DIFFERS) & (here - there > _EXPLAINED) & (apart < _RETURN_PX)
    return np.asarray(shows, np.bool_), length


def _flow(now: Plane, warped: Plane) -> tuple[Plane, Plane, Plane]:
    """(H, W, 2) flow, px; (H, W) how far from its start the way back ends; (H, W, 2) where the flow leads."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    pair = [np.clip(np.rint(p), 0, 255).astype(np.uint8) for p in (now, warped)]
    forth, back = (
        np.asarray(dis.calc(a, b, np.zeros((*a.shape, 2), np.float32)), np.float32) for a, b in (pair, pair[::-1])
    )
    rows, columns = np.ogrid[: now.shape[0], : now.shape[1]]
    target = forth.copy()
    target[..., 0] += columns
    target[..., 1] += rows
    both = forth + cv2.remap(back, target, np.zeros(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return forth, np.hypot(both[..., 0], both[..., 1]), target


def _joined(evidence: NDArray[np.uint8], going: NDArray[np.uint8], gap_px: int) -> NDArray[np.uint8]:
    """Close gaps and fill what is surrounded, where the flow goes; drop what is thinner than 5 px."""
    pad = gap_px + 1
    roomy = cv2.copyMakeBorder(evidence, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    # Closing by a disc, by distances: its time does not grow with the gap.
    grown = cv2.distanceTransform(1 - roomy, cv2.DIST_L2, 5) <= gap_px / 2
    kept = cv2.distanceTransform(grown.astype(np.uint8), cv2.DIST_L2, 5) > gap_px / 2
    closed = np.asarray(kept | (roomy > 0), np.uint8)
    outside = closed.copy()
    cv2.floodFill(outside, None, (0, 0), 1)
    filled = (closed | (1 - outside))[pad:-pad, pad:-pad] & going
    return np.asarray(cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)
