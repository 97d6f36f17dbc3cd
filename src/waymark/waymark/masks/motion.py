# SPDX-License-Identifier: Apache-2.0
"""What moved by itself between two frames, once the motion of the camera is taken out by a homography."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.config import Config, param
from waymark.masks.alignment import Plane, laid_onto, refined, smooth, valid_region
from waymark.masks.flow import moving_things
from waymark.masks.gray import gray_of
from waymark.masks.residual import residual_belief

CHANGED = 0.5  # of a mask: different from the frame before, but no flow says that it moves
_SURE = 0.8  # residual belief that counts as changed


@dataclass(frozen=True)
class MotionConfig(Config):
    """What counts as motion."""

    mask_method: str = param(
        'flow',
        'flow: what moves, where it is now (1), and what else differs (0.5). residual: belief that a pixel differs.',
        choices=('flow', 'residual'),
    )
    tolerance_px: int = param(
        2, 'Misalignment that is no motion: brightness found this near in the other frame is at home.', ge=0, le=16
    )
    blur_px: float = param(0.7, 'Sigma of the smoothing before frames are compared; 0: none.', ge=0, le=10, unit='px')
    noise_levels: float = param(2.0, 'Least noise to expect, in grey levels; more is measured.', gt=0)
    sensitivity: float = param(3.0, 'Residual, in multiples of the noise, at which motion is believed to 0.4.', gt=0)
    mask_refine: bool = param(True, 'flow: whether the homography is made exact on the two frames first.')
    mask_least_px: float = param(0.7, 'flow: displacement that counts as motion, at the working size.', gt=0, unit='px')
    mask_gap_px: int = param(
        31, 'flow: evidence this near together belongs to one thing, at the working size.', ge=1, le=255
    )
    mask_area_px: int = param(30, 'flow: least evidence of one thing, at the working size.', ge=1)
    mask_side_px: int = param(
        640, 'flow: longer side that larger frames are reduced to; 0: never.', ge=0, le=8192, unit='px'
    )


STANDARD = MotionConfig()


def motion_mask(
    previous: NDArray[np.uint8],
    current: NDArray[np.uint8],
    H_cur_prev: NDArray[np.floating],
    config: MotionConfig = STANDARD,
) -> Plane:
    """What moves in the current frame beside what the camera's own motion explains.

    The previous frame is warped onto the current one, and its brightness fitted to it (gain and offset, robustly).
    By `flow`, optical flow (DIS) between both then finds what moves: see waymark.masks.flow. By `residual`, a pixel's
    residual is how far it lies outside the range of values within `tolerance_px` in the other frame, the larger of both
    ways; with noise sigma (from the residuals' median, but at least `noise_levels`) the mask is
    1 - exp(-(residual / (sensitivity sigma))^2 / 2): it shows where things are and where they were.

    Args:
        previous: (H, W) or RGB (H, W, 3), uint8; may be of another size than `current`.
        current: (H, W) or RGB (H, W, 3), uint8.
        H_cur_prev: (3, 3), previous px to current px; the identity for a camera that stands still.
        config: Method and tolerances.

    Returns:
        (H, W) of `current`, 0 to 1; 0 where the previous frame saw nothing (see valid_region). By `flow` 1 on things
        that move, CHANGED (0.5) where the frames differ for another reason (ground that something uncovered, a thing
        too fast to be followed, a change of light in one place), 0 elsewhere.

    Raises:
        ValueError: Not such images, or H_cur_prev is not (3, 3), finite and invertible.
    """
    grays = [gray_of(name, image) for name, image in (('previous', previous), ('current', current))]
    shape_hw = grays[1].shape
    if config.mask_method == 'flow':
        grays, H_cur_prev = _reduced(grays, H_cur_prev, config.mask_side_px)
    before, now = (smooth(gray, config.blur_px) for gray in grays)
    valid = _valid(before, now, H_cur_prev, config)
    if not valid.any():
        return np.zeros(shape_hw, np.float32)
    if config.mask_method == 'flow' and config.mask_refine:
        H_cur_prev = refined(before, now, H_cur_prev, valid)
        valid = _valid(before, now, H_cur_prev, config)
    warped = laid_onto(before, now, H_cur_prev, valid)
    belief = residual_belief(now, warped, valid, config.tolerance_px, config.noise_levels, config.sensitivity)
    if config.mask_method == 'residual':
        return belief
    return _enlarged(_labelled(now, warped, valid, belief, config), shape_hw)


def motion_labels(mask: Plane) -> NDArray[np.uint8]:
    """A motion mask as the mono8 image that is published: 255 what moves, 128 what changed, 0 the rest.

    Args:
        mask: (H, W) 0 to 1, by `flow`.

    Returns:
        (H, W) uint8.
    """
    return np.asarray(np.rint(np.asarray(mask) * 255), np.uint8)


def still_weights(labels: NDArray[np.uint8]) -> Plane:
    """Weights for waymark.similarity: 1 where nothing moved, 0 where something did or the ground changed.

    Args:
        labels: (H, W) uint8 as motion_labels gives them.

    Returns:
        (H, W) float32.
    """
    return np.asarray(np.asarray(labels) == 0, np.float32)


def _labelled(now: Plane, warped: Plane, valid: NDArray[np.bool_], belief: Plane, config: MotionConfig) -> Plane:
    moving = moving_things(
        now, warped, valid, config.mask_least_px, config.noise_levels, config.mask_gap_px, config.mask_area_px
    )
    sure = (belief > _SURE).astype(np.uint8)
    changed = cv2.dilate(cv2.morphologyEx(sure, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.ones((5, 5), np.uint8))
    return np.where(moving, 1.0, np.where((changed > 0) & valid, CHANGED, 0.0)).astype(np.float32)


def _reduced(
    grays: list[NDArray[np.uint8]], H_cur_prev: NDArray[np.floating], side_px: int
) -> tuple[list[NDArray[np.uint8]], NDArray[np.floating]]:
    """Frames of at most `side_px`, and the homography between them."""
    longer = max(max(g.shape) for g in grays)
    if side_px == 0 or longer <= side_px:
        return grays, H_cur_prev
    small, to_small = [], []
    for gray in grays:
        size = tuple(max(round(s * side_px / longer), 1) for s in gray.shape[::-1])
        small.append(np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8))
        x, y = size[0] / gray.shape[1], size[1] / gray.shape[0]
        # Integers are pixel centres: rescaling goes through the pixel's edge.
        to_small.append(np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]]))
    return small, to_small[1] @ np.asarray(H_cur_prev, np.float64) @ np.linalg.inv(to_small[0])


def _enlarged(mask: Plane, shape_hw: tuple[int, ...]) -> Plane:
    if mask.shape == shape_hw:
        return mask
    return np.asarray(cv2.resize(mask, shape_hw[::-1], interpolation=cv2.INTER_NEAREST), np.float32)


def _valid(before: Plane, now: Plane, H_cur_prev: NDArray[np.floating], config: MotionConfig) -> NDArray[np.bool_]:
    """Where both saw something: not at a frame's edge, where smoothing and tolerance want to know what lies beyond."""
    margin = config.tolerance_px + int(np.ceil(3 * config.blur_px))
    return valid_region(H_cur_prev, (before.shape[1], before.shape[0]), (now.shape[1], now.shape[0]), margin)
