# SPDX-License-Identifier: Apache-2.0
"""What stands out of the ground, by plane parallax: it moves otherwise than the plane's homography says.

Irani, Anandan and Cohen, Direct Recovery of Planar-Parallax from Multiple Frames, PAMI 2002: after the plane is taken
out, what is left of a point's motion lies on the line to the epipole and grows with its height.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from waymark.ego_motion.config import EgoMotionConfig
from waymark.ego_motion.ground import Floats, Pose
from waymark.ego_motion.view import View, same_light
from waymark.image.geometry import transform_points
from waymark.image.plane import ground_homography

Floats32 = NDArray[np.float32]
_SHORTEST = 0.05  # baseline as a share of the altitude below which nothing stands out
_ROUNDS = 3
_TEXTURE = 2.0  # grey levels of contrast in a pixel's surroundings below which flow is made up
_LOWEST, _HIGHEST = -0.5, 0.8  # of the altitude: further off the flow is wrong


def height_image(
    reference: View, reference_pose: Pose, current: View, current_pose: Pose, config: EgoMotionConfig
) -> Floats32 | str:
    """Measure heights above the plane z = 0.

    Args:
        reference: Another view of the same ground, by a calibrated camera.
        reference_pose: Of its camera.
        current: The view whose heights are wanted.
        current_pose: Of its camera.
        config: Cell and noise of the flow.

    Returns:
        (H // cell, W // cell) m, the median of each cell's pixels, positive upwards; NaN where the reference shows
        nothing, the picture has no texture, the flow contradicts the camera's motion, or its noise would be more than a
        tenth of the altitude. Or the reason why there is no image at all.
    """
    if reference.camera is None or current.camera is None:
        return 'the camera is not calibrated'
    if reference.gray.shape != current.gray.shape:
        return 'the image size changed'
    altitude = float(current_pose.p[2])
    if np.linalg.norm(current_pose.p - reference_pose.p) < _SHORTEST * altitude:
        return 'the camera has not moved far enough from its anchor'
    K_ref, K_cur = reference.camera.K, current.camera.K
    H = ground_homography(reference_pose.R, reference_pose.p, current_pose.R, current_pose.p, K_ref, K_cur)
    flow, seen = _rest_flow(reference.gray, current.gray, H)
    height, width = current.gray.shape
    step = max(config.height_cell_px // 4, 1)
    ys, xs = np.mgrid[0:height:step, 0:width:step]
    pixels = np.column_stack([xs.ravel(), ys.ravel()]).astype(np.float64)
    moved = flow[ys, xs].reshape(-1, 2).astype(np.float64)

    def predicted(heights: Floats) -> Floats:
        return transform_points(H, _seen_by(reference_pose, K_ref, current_pose, K_cur, pixels, heights)) - pixels

    heights, known = _solved(predicted, moved, altitude, config.height_noise_px)
    good = (known & seen[ys, xs].ravel()).reshape(ys.shape)
    return _cells(heights.reshape(ys.shape), good, config.height_cell_px // step)


def _rest_flow(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], H: Floats
) -> tuple[Floats32, NDArray[np.bool_]]:
    """Flow (H, W, 2) from the current image to the reference seen through the plane, and where it means something."""
    size_wh = current.shape[1], current.shape[0]
    warped = np.asarray(cv2.warpPerspective(reference, H, size_wh, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    warped = same_light(warped, current, H)
    inside = cv2.warpPerspective(np.full(current.shape, 255, np.uint8), H, size_wh)
    inside = cv2.erode(inside, np.ones((17, 17), np.uint8))
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # type: ignore[attr-defined]
    there = np.asarray(dis.calc(current, warped, None), np.float32)
    back = np.asarray(dis.calc(warped, current, None), np.float32)
    ys, xs = np.mgrid[0 : size_wh[1], 0 : size_wh[0]].astype(np.float32)
    returned = cv2.remap(
        back, xs + there[..., 0], ys + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    consistent = np.abs(there + returned).max(axis=2) < 1.0
    plane = cv2.GaussianBlur(current.astype(np.float32), (0, 0), 1.0)
    contrast = np.sqrt(np.maximum(cv2.blur(plane * plane, (9, 9)) - cv2.blur(plane, (9, 9)) ** 2, 0))
    return there, (inside > 0) & consistent & (contrast > _TEXTURE)


def _seen_by(reference: Pose, K_ref: Floats, current: Pose, K_cur: Floats, pixels: Floats, heights: Floats) -> Floats:
    """Reference pixels (N, 2) of what current pixels (N, 2) show at heights (N,)."""
    rays = np.c_[pixels, np.ones(len(pixels))] @ np.linalg.inv(K_cur).T @ current.R.T
    with np.errstate(divide='ignore', invalid='ignore'):
        points = current.p + rays * ((heights - current.p[2]) / rays[:, 2])[:, None]
        seen = (points - reference.p) @ reference.R @ K_ref.T
        return np.asarray(seen[:, :2] / seen[:, 2:])


def _solved(predicted: object, moved: Floats, altitude: float, noise_px: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Heights (N,) whose flow is nearest to the measured one, and which of them are to be believed."""
    assert callable(predicted)
    heights = np.full(len(moved), 0.02 * altitude)
    flow = predicted(heights)
    with np.errstate(divide='ignore', invalid='ignore'):
        for _ in range(_ROUNDS):
            heights = np.clip(heights * (moved * flow).sum(axis=1) / (flow**2).sum(axis=1), -altitude, 0.9 * altitude)
            heights = np.where(np.abs(heights) < 1e-4 * altitude, 1e-4 * altitude, heights)
            flow = predicted(heights)
        sigma = noise_px * np.abs(heights) / np.linalg.norm(flow, axis=1)
        off = np.linalg.norm(moved - flow, axis=1)
    known = np.isfinite(heights) & (sigma < 0.1 * altitude) & (off < 3 * noise_px + 0.2 * np.linalg.norm(flow, axis=1))
    known &= (heights > _LOWEST * altitude) & (heights < _HIGHEST * altitude)
    return heights, known


def _cells(heights: Floats, known: NDArray[np.bool_], size: int) -> Floats32:
    """Median of each cell of `size` x `size` samples; NaN where fewer than half are known."""
    rows, columns = heights.shape[0] // size, heights.shape[1] // size
    cut = np.where(known, heights, np.nan)[: rows * size, : columns * size]
    blocks = cut.reshape(rows, size, columns, size).swapaxes(1, 2).reshape(rows, columns, -1)
    enough = np.isfinite(blocks).mean(axis=2) >= 0.5
    filled = np.where(enough[..., None], blocks, 0.0)
    return np.where(enough, np.nanmedian(filled, axis=2), np.nan).astype(np.float32)
